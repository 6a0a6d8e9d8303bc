using System.Buffers.Binary;
using System.IO.Compression;
using SimdConv.Cli;
using SimdConv.Cli.Data;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Cli;

/// <summary>gzip files as gzip(1) reads them: of one member or many, from files and from pipes.</summary>
public sealed class UnzippedTests
{
    private static readonly CompressionLevel[] Levels =
        [CompressionLevel.NoCompression, CompressionLevel.Fastest, CompressionLevel.Optimal, CompressionLevel.SmallestSize];

    /// <summary>
    /// Members of any sizes, contents and levels, empty ones among them, zeros behind; read in pieces of any size, from what
    /// can't seek.
    /// </summary>
    [Fact]
    public void MembersAreReadAsOne()
    {
        for (int seed = 0; seed < 150; seed++)
        {
            List<byte> content = [], file = [];
            for (int member = (int)(Random(0) % 5); member >= 0; member--)
            {
                byte[] part = new byte[Random(10 + member) % 4 == 0 ? 0 : Random(20 + member) % 20_000];
                // From all alike to all different: runs, matches and literals.
                for (int i = 0; i < part.Length; i++)
                    part[i] = (byte)(Data.Mix(seed, i) % (1 + (Random(30 + member) % 256)));
                content.AddRange(part);
                file.AddRange(Zip(part, Levels[Random(40 + member) % 4]));
            }

            file.AddRange(new byte[Random(1) % 3 * 700]);
            using Unzipped unzipped = new(new Pipe([.. file], 1 + (int)(Random(2) % 2000)));
            byte[] buffer = new byte[1 + (Random(3) % 5000)];
            List<byte> read = [];
            for (int count; (count = unzipped.Read(buffer)) > 0;)
                read.AddRange(buffer.AsSpan(0, count));
            Assert.True(content.SequenceEqual(read), $"seed {seed}: {read.Count} of {content.Count} bytes");
            Assert.Equal(file.Count, unzipped.FileBytes);

            ulong Random(int salt) => Data.Mix(seed, -1 - salt);
        }
    }

    /// <summary>A file cut anywhere is refused, but between two members and in zeros, where it is a shorter file.</summary>
    [Fact]
    public void TruncationsAreRefused()
    {
        byte[] first = Zip([1, 2, 3, 4, 5], CompressionLevel.Optimal), second = Zip([6, 7], CompressionLevel.NoCompression),
            whole = [.. first, .. second, 0, 0];
        for (int length = 3; length < whole.Length; length++)
        {
            byte[] part = whole[..length];
            if (length == first.Length)
                Assert.Equal(5, ReadAll(part).Length);
            else if (length >= first.Length + second.Length)
                Assert.Equal(7, ReadAll(part).Length);
            else
                Assert.Throws<InvalidDataException>(() => ReadAll(part));
        }
    }

    /// <summary>A byte changed anywhere in a member is refused, or is one of a header's that mean nothing.</summary>
    [Fact]
    public void EveryChangedByteOfAMemberIsFound()
    {
        byte[] member = Zip([1, 2, 3, 4, 5, 6, 7, 8], CompressionLevel.Optimal);
        for (int i = 0; i < member.Length; i++)
        {
            byte[] damaged = [.. member, .. member];
            damaged[member.Length + i] ^= 0x55;
            bool isMeaningless = i is >= 4 and <= 9;
            Assert.True(isMeaningless == Record.Exception(() => ReadAll(damaged)) is not InvalidDataException, $"byte {i}");
        }
    }

    [Theory]
    [InlineData(new byte[] { 1 })]
    [InlineData(new byte[] { 0, 0, 1 })]
    [InlineData(new byte[] { 0x1f })]
    [InlineData(new byte[] { 0x1f, 0x8b })]
    [InlineData(new byte[] { 0x1f, 0x8b, 8, 0xE0, 0, 0, 0, 0, 0, 3 })]
    public void OtherBytesBehindTheLastMemberAreRefused(byte[] garbage) =>
        Assert.Throws<InvalidDataException>(() => ReadAll([.. Zip([1, 2, 3], CompressionLevel.Optimal), .. garbage]));

    /// <summary>An extra field, a name, a comment and a checksum of the header, alone and together.</summary>
    [Fact]
    public void HeadersMayHaveFields()
    {
        byte[] content = [3, 1, 4, 1, 5], plain = Zip(content, CompressionLevel.Optimal);
        for (int fields = 0; fields < 16; fields++)
        {
            List<byte> header = [.. plain[..3], (byte)(fields << 1), .. plain[4..10]];
            if ((fields & 2) != 0)
                header.AddRange([4, 0, 66, 67, 2, 0]);
            if ((fields & 4) != 0)
                header.AddRange([.. "images"u8, 0]);
            if ((fields & 8) != 0)
                header.AddRange([.. "no comment"u8, 0]);
            if ((fields & 1) != 0)
            {
                Crc32 sum = default;
                sum.Append(header.ToArray());
                header.AddRange([(byte)sum.Sum, (byte)(sum.Sum >> 8)]);
            }

            byte[] file = [.. header, .. plain[10..]];
            Assert.Equal(content, ReadAll(file));
            Assert.Equal([.. content, .. content], ReadAll([.. file, .. file]));
            if ((fields & 1) == 0)
                continue;
            file[header.Count - 1] ^= 1;
            Assert.Throws<InvalidDataException>(() => ReadAll(file));
        }
    }

    [Fact]
    public void WhatIsNotZippedIsReadAsItIs()
    {
        foreach (byte[] content in (byte[][])[[], [0x1f], [0x1f, 0x8c, 5], [1, 2, 3], new byte[20_000]])
            Assert.Equal(content, ReadAll(content));
    }

    /// <summary>A bomb in many members is refused like one in a single member, and so is one from a pipe.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void ABombOfManyMembersIsRefused(bool isSeekable)
    {
        byte[] header = [0, 0, 8, 3, 0, 0, 0, 64, 0, 0, 4, 0, 0, 0, 4, 0],
            member = Zip(new byte[1 << 20], CompressionLevel.Optimal);
        byte[] bomb = [.. Zip(header, CompressionLevel.Optimal), .. Enumerable.Repeat(member, 64).SelectMany(bytes => bytes)];
        long before = GC.GetAllocatedBytesForCurrentThread();
        Stream file = isSeekable ? new MemoryStream(bomb) : new Pipe(bomb, 1000);
        string message = Assert.Throws<InputException>(() => IdxFile.ReadImages(file, "bomb")).Message;
        Assert.Contains("it unzips to more than 16777216 bytes", message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 96 << 20);
    }

    /// <summary>A header's lie is found wherever members end.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public void AHeaderThatLiesIsRefused(int more)
    {
        byte[] images = new byte[16 + 12 + more];
        byte[] header = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3];
        header.CopyTo(images, 0);
        for (int at = 0; at <= images.Length; at++)
        {
            byte[] file = [.. Zip(images[..at], CompressionLevel.Optimal), .. Zip(images[at..], CompressionLevel.Optimal)];
            Assert.Contains(more > 0 ? "more than the 12 bytes" : "it holds 11 bytes of images; its header claims 12",
                Assert.Throws<InputException>(() => IdxFile.ReadImages(new MemoryStream(file), "lie")).Message,
                    StringComparison.Ordinal);
        }
    }

    /// <summary>The length that a member states is checked beside its checksum.</summary>
    [Fact]
    public void AWrongLengthIsRefused()
    {
        byte[] file = Zip([1, 2, 3], CompressionLevel.Optimal);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(file.Length - 4), 4);
        Assert.Contains("unzips to 3 bytes", Assert.Throws<InvalidDataException>(() => ReadAll(file)).Message,
            StringComparison.Ordinal);
    }

    private static byte[] ReadAll(byte[] file)
    {
        using Unzipped unzipped = new(new MemoryStream(file));
        using MemoryStream content = new();
        unzipped.CopyTo(content);
        return content.ToArray();
    }

    private static byte[] Zip(byte[] content, CompressionLevel level)
    {
        using MemoryStream file = new();
        using (GZipStream zip = new(file, level))
            zip.Write(content);
        // Of nothing GZipStream makes an empty file.
        return content.Length > 0 ? file.ToArray() : [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    }

    /// <summary>Bytes that come in pieces and only once.</summary>
    private sealed class Pipe(byte[] content, int piece) : ForwardStream
    {
        private int at;

        public override int Read(Span<byte> buffer)
        {
            int count = Math.Min(Math.Min(piece, buffer.Length), content.Length - at);
            content.AsSpan(at, count).CopyTo(buffer);
            at += count;
            return count;
        }
    }
}
