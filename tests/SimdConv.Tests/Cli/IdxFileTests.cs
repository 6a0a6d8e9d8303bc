using System.IO.Compression;
using SimdConv.Cli;
using SimdConv.Cli.Data;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Cli;

public sealed class IdxFileTests
{
    private static readonly byte[] Images =
        [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

    private static readonly byte[] Labels = [0, 0, 8, 1, 0, 0, 0, 3, 7, 0, 9];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ReadsImagesAndLabels(bool zipped)
    {
        IdxArray images = IdxFile.ReadImages(Open(Images, zipped), "images"),
            labels = IdxFile.ReadLabels(Open(Labels, zipped), "labels");
        Assert.Equal([2, 2, 3], images.Dimensions);
        Assert.Equal(Images[16..], images.Values);
        Assert.Equal([3], labels.Dimensions);
        Assert.Equal([7, 0, 9], labels.Values);
    }

    /// <summary>Ranges of images are those of the whole file, however many are passed over, in a file and in a stream.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ReadsRangesOfImages(bool zipped)
    {
        const int count = 300, size = 35;
        byte[] file = [0, 0, 8, 3, 0, 0, count >> 8, count & 255, 0, 0, 0, 5, 0, 0, 0, 7, .. new byte[count * size]];
        for (int i = 16; i < file.Length; i++)
            file[i] = (byte)Data.Mix(1, i);
        foreach ((int First, int End)[] parts in ((int, int)[][])
            [
                [(0, count)], [(0, 0)], [(count, count)], [(299, 300)], [(0, 1), (1, 2), (299, 300)],
                [(17, 150), (150, 150), (201, 260)],
            ])
        {
            IdxArray images = IdxFile.ReadImages(Open(file, zipped), "images", null, parts);
            byte[] expected = [.. parts.SelectMany(part => file[(16 + (part.First * size))..(16 + (part.End * size))])];
            Assert.Equal(expected, images.Values);
            Assert.Equal(expected.Length / size, images.Count);
            foreach (byte[] wrong in (byte[][])[file[..^1], [.. file, 0]])
            {
                string message = Assert.Throws<InputException>(
                    () => IdxFile.ReadImages(Open(wrong, zipped), "images", null, parts)).Message;
                Assert.Contains(wrong.Length < file.Length ? $"it holds {(count * size) - 1} bytes of images"
                    : $"more than the {count * size} bytes", message, StringComparison.Ordinal);
            }
        }
    }

    [Theory]
    [InlineData(3, 1, "magic number is 0x00000801; expected 0x00000803")]
    [InlineData(2, 9, "magic number is 0x00000903")]
    [InlineData(0, 1, "magic number is 0x01000803")]
    [InlineData(7, 3, "it holds 12 bytes of images; its header claims 18")]
    [InlineData(7, 1, "more than the 6 bytes of images that its header claims")]
    [InlineData(4, 255, "its header claims 4278190082 images; expected at most")]
    [InlineData(8, 128, "its header claims 2147483650 rows; expected at most")]
    public void HeadersThatLieAreRefused(int position, byte value, string message)
    {
        byte[] bytes = (byte[])Images.Clone();
        bytes[position] = value;
        InputException e = Assert.Throws<InputException>(() => IdxFile.ReadImages(Open(bytes, false), "the file"));
        Assert.StartsWith("the file: ", e.Message, StringComparison.Ordinal);
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void EveryTruncationIsRefused(bool zipped)
    {
        byte[] whole = Open(Images, zipped).ToArray();
        for (int length = 0; length < whole.Length; length++)
        {
            byte[] part = whole[..length];
            Exception? e = Record.Exception(() => IdxFile.ReadImages(new MemoryStream(part), "part"));
            Assert.True(e is InputException, $"{length} of {whole.Length} bytes: {e}");
        }
    }

    /// <summary>Flipped bits give numbers or a refusal, and no more memory than the file deserves.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void FlippedBitsAreReadOrRefused(bool zipped)
    {
        byte[] whole = Open(Images, zipped).ToArray();
        for (int bit = 0; bit < 8 * whole.Length; bit++)
        {
            byte[] bytes = (byte[])whole.Clone();
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            bytes[Data.Mix(bit, 1) % (ulong)bytes.Length] ^= (byte)(bit % 3 == 0 ? 1 << (bit % 7) : 0);
            long before = GC.GetAllocatedBytesForCurrentThread();
            Exception? e = Record.Exception(() => IdxFile.ReadImages(new MemoryStream(bytes), "flipped"));
            Assert.True(e is null or InputException, $"bit {bit}: {e}");
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
        }
    }

    private static MemoryStream Open(byte[] content, bool zipped)
    {
        if (!zipped)
            return new(content);
        MemoryStream file = new();
        using (GZipStream zip = new(file, CompressionLevel.Optimal, leaveOpen: true))
            zip.Write(content);
        return new(file.ToArray());
    }
}
