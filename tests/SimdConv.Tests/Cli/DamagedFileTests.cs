using System.Buffers.Binary;
using System.IO.Compression;
using SimdConv.Cli;
using SimdConv.Cli.Data;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Cli;

/// <summary>
/// Files with seeded damage: 20,000 a reader in the short run, 1,000,000 in the long one. Each is read, and then rightly, or
/// refused with the tool's own exception; and memory follows the size of the file.
/// </summary>
public sealed class DamagedFileTests
{
    private const int Damages = 20_000;

    private static readonly byte[] Images =
        [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

    private static readonly float[] Matrix = [1, 2, 3, 4, 5, 6], Scalar = [7];

    private enum Damage { Flip, Extreme, Length, Truncate, Extend, Repeat, Remove }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Idx(bool zipped)
    {
        byte[] whole = zipped ? Zip(Images) : Images;
        Run(whole, Effort.Cases(Damages / 2), 1 << 18, bytes =>
        {
            IdxArray read = IdxFile.ReadImages(new MemoryStream(bytes), "damaged");
            Assert.Equal(3, read.Dimensions.Length);
            Assert.Equal(read.Dimensions.Aggregate(1L, (product, size) => product * size), read.Values.Length);
            Assert.Equal(zipped ? Images.AsSpan(16) : bytes.AsSpan(16), read.Values.AsSpan());
        });
    }

    [Theory]
    [InlineData(CompressionLevel.NoCompression)]
    [InlineData(CompressionLevel.Optimal)]
    public void Npz(CompressionLevel level) =>
        Run(Archive(level, ("A.npy", Array("(2, 3)", Matrix)), ("B.npy", Array("()", Scalar))), Effort.Cases(Damages / 2),
            1 << 20, bytes =>
        {
            float[] matrix = new float[6], scalar = new float[1];
            using NpzFile file = new(new MemoryStream(bytes), "damaged");
            file.Read("A", matrix, [2, 3]);
            file.Read("B", scalar, [], [1]);
            Assert.Equal(Matrix, matrix);
            Assert.Equal(Scalar, scalar);
        });

    /// <summary>64 MB of zeros in 64 KB: whether the header tells of them or not, and in either format.</summary>
    [Theory]
    [InlineData(64)]
    [InlineData(1)]
    public void ABombIsRefusedInBoundedMemory(int claimed)
    {
        byte[] images = new byte[16 + (64 << 20)];
        byte[] header = [0, 0, 8, 3, 0, 0, 0, (byte)claimed, 0, 0, 4, 0, 0, 0, 4, 0];
        header.CopyTo(images, 0);
        byte[] bomb = Zip(images);
        Assert.InRange(bomb.Length, 1, 1 << 17);
        Assert.Contains(claimed == 1 ? "more than the 1048576 bytes of images" : "it unzips to more than 16777216 bytes",
            Refusal(bomb, 96 << 20, bytes => IdxFile.ReadImages(new MemoryStream(bytes), "bomb")), StringComparison.Ordinal);

        byte[] entry = Array($"({claimed}, 6)", new float[16 << 20]);
        Assert.Contains(claimed == 1 ? "it holds more than the 24 bytes of data" : "its shape is (64, 6); expected (1, 6)",
            Refusal(Archive(CompressionLevel.Optimal, ("A.npy", entry)), 1 << 20, bytes =>
            {
                using NpzFile file = new(new MemoryStream(bytes), "bomb");
                file.Read("A", new float[6], [1, 6]);
            }), StringComparison.Ordinal);
    }

    [Fact]
    public void AHeaderThatClaimsTwoToTheFortiethIsRefused()
    {
        // 2^10 images of 2^15 x 2^15 pixels, 2^40 bytes in all; then 2^32 - 1 images, the most that the format can say.
        Assert.Contains("its header claims 1099511627776 bytes of images",
            Refusal([0, 0, 8, 3, 0, 0, 4, 0, 0, 0, 128, 0, 0, 0, 128, 0, 1, 2], 1 << 16, Read), StringComparison.Ordinal);
        Assert.Contains("its header claims 4294967295 images",
            Refusal([0, 0, 8, 3, 255, 255, 255, 255, 0, 0, 0, 28, 0, 0, 0, 28, 1, 2], 1 << 16, Read), StringComparison.Ordinal);
        foreach (string shape in (string[])["(1099511627776, 28, 28)", "(1048576, 1048576)"])
        {
            string message = Refusal(Archive(CompressionLevel.NoCompression, ("A.npy", Array(shape, Matrix))), 1 << 20, bytes =>
            {
                using NpzFile file = new(new MemoryStream(bytes), "claim");
                file.Read("A", new float[6], [2, 3]);
            });
            Assert.Contains(shape == "(1048576, 1048576)" ? "its shape is (1048576, 1048576)" : "where a size should be", message,
                StringComparison.Ordinal);
        }

        static void Read(byte[] bytes) => IdxFile.ReadImages(new MemoryStream(bytes), "claim");
    }

    private static void Run(byte[] whole, int count, long memory, Action<byte[]> read)
    {
        read(whole);
        int refused = 0;
        for (int i = 0; i < count; i++)
        {
            byte[] bytes = whole;
            for (int harm = (int)(Data.Mix(i, 0) % 3); harm >= 0; harm--)
                bytes = Harm(bytes, (int)Properties.Seed + i, harm);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                read(bytes);
            }
            catch (InputException e)
            {
                Assert.StartsWith("damaged", e.Message, StringComparison.Ordinal);
                refused++;
            }
            catch (Exception e)
            {
                throw new Xunit.Sdk.XunitException(
                    $"Damage {i} with SIMDCONV_TEST_SEED={Properties.Seed}: {e}\n{Convert.ToHexString(bytes)}");
            }

            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, memory);
        }

        Assert.InRange(refused, count / 4, count);
    }

    private static byte[] Harm(byte[] bytes, int seed, int salt)
    {
        if (bytes.Length == 0)
            return bytes;
        ulong random = Data.Mix(seed, salt + 1);
        int at = (int)(random % (ulong)bytes.Length),
            length = (int)Math.Min((uint)(bytes.Length - at), 1 + (uint)(random >> 32) % 8);
        byte[] harmed = (byte[])bytes.Clone();
        switch ((Damage)((random >> 40) % 7))
        {
            case Damage.Flip:
                harmed[at] ^= (byte)(1 << (int)(random >> 60) % 8);
                return harmed;
            case Damage.Extreme:
                harmed[at] = (byte)(random >> 60) switch { < 4 => 0, < 8 => 255, < 12 => 127, _ => 128 };
                return harmed;
            case Damage.Length:
                // A length or an offset of either byte order, anywhere.
                uint value = (uint)(random >> 60) switch
                {
                    < 4 => uint.MaxValue,
                    < 8 => int.MaxValue,
                    < 12 => 1u << 31,
                    var small => small,
                };
                Span<byte> four = harmed.AsSpan(Math.Min(at, Math.Max(0, bytes.Length - 4)));
                if (four.Length >= 4 && (random >> 59 & 1) == 0)
                    BinaryPrimitives.WriteUInt32BigEndian(four, value);
                else if (four.Length >= 4)
                    BinaryPrimitives.WriteUInt32LittleEndian(four, value);
                return harmed;
            case Damage.Truncate:
                return harmed[..at];
            case Damage.Extend:
                return [.. harmed, .. bytes.AsSpan(at, length)];
            case Damage.Repeat:
                return [.. harmed[..at], .. harmed.AsSpan(at, length), .. harmed[at..]];
            default:
                return [.. harmed[..at], .. harmed[(at + length)..]];
        }
    }

    /// <summary>What the refusal says; it must come without taking much memory.</summary>
    private static string Refusal(byte[] file, long memory, Action<byte[]> read)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        string message = Assert.Throws<InputException>(() => read(file)).Message;
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, memory);
        return message;
    }

    private static byte[] Zip(byte[] content)
    {
        using MemoryStream file = new();
        using (GZipStream zip = new(file, CompressionLevel.Optimal))
            zip.Write(content);
        return file.ToArray();
    }

    private static byte[] Archive(CompressionLevel level, params (string Name, byte[] Content)[] entries)
    {
        using MemoryStream file = new();
        using (ZipArchive archive = new(file, ZipArchiveMode.Create))
        {
            foreach ((string name, byte[] content) in entries)
            {
                using Stream entry = archive.CreateEntry(name, level).Open();
                entry.Write(content);
            }
        }

        return file.ToArray();
    }

    /// <summary>A .npy array with a shape of any text.</summary>
    private static byte[] Array(string shape, float[] values)
    {
        string header = $"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n";
        byte[] bytes = new byte[10 + header.Length + (4 * values.Length)];
        byte[] start = [0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, 0];
        start.CopyTo(bytes, 0);
        System.Text.Encoding.ASCII.GetBytes(header, bytes.AsSpan(10));
        Buffer.BlockCopy(values, 0, bytes, 10 + header.Length, 4 * values.Length);
        return bytes;
    }
}
