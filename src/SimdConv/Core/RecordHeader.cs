using System.Runtime.InteropServices;

namespace SimdConv.Core;

/// <summary>
/// The beginning of a <see cref="PackedRecord"/> as it is in a file, little-endian. Behind it are the layouts of the panels, as
/// many numbers as it says, then zeros up to a multiple of 64 bytes, then the parts, each with zeros behind it likewise.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 8)]
internal struct RecordHeader
{
    /// <summary>The first eight bytes: "SimdPack".</summary>
    public const ulong Name = 0x6b63_6150_646d_6953;

    /// <summary>What this library writes. A change of this struct or of what follows it is a new version.</summary>
    public const int Written = 1;

    /// <summary>Where <see cref="Kind"/> is: all from there to the end of the header is what the checksum is taken of, with the
    /// three words before the checksum as its seed.</summary>
    public const int Summed = 32;

    public ulong Magic;

    public int Version;

    /// <summary>Bytes in front of the first part.</summary>
    public int HeaderBytes;

    /// <summary>Bytes up to the next record.</summary>
    public long RecordBytes;

    public ulong Checksum;

    public RecordKind Kind;

    public int ElementBytes;

    public SimdTier Tier;

    /// <summary>Of a filter, the passes as a <see cref="FilterUse"/>; of a matrix, its <see cref="GemmSide"/>.</summary>
    public int Use;

    public SizesOfRecord Sizes;

    public LayoutsOfRecord LayoutCounts;

    public PartsOfRecord Parts;

    /// <summary>Of a filter K, C/Groups, R, S and Groups; of a matrix its rows and columns.</summary>
    [InlineArray(5)]
    public struct SizesOfRecord
    {
        private int size;
    }

    /// <summary>The numbers of the layout of each array of panels.</summary>
    [InlineArray(PackedRecord.Layouts)]
    public struct LayoutsOfRecord
    {
        private int count;
    }

    [InlineArray(PackedRecord.PartCount)]
    public struct PartsOfRecord
    {
        private Part part;
    }

    public struct Part
    {
        public long Bytes;
        public ulong Checksum;
    }
}
