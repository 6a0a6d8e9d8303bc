using System.Buffers.Binary;
using System.IO.Compression;

namespace SimdConv.Cli.Data;

/// <summary>
/// What a file holds, unzipped if it is gzipped (RFC 1952), as gzip(1) reads it: any number of members one behind the other,
/// some of them empty (bgzip, <c>cat a.gz b.gz</c>), and zeros behind the last. Headers, checksums and lengths are checked, and
/// other bytes behind the last member are an error. Reads forwards only, so that the file may be a pipe.
/// </summary>
/// <remarks>
/// DeflateStream doesn't tell where in its input the compressed data end, and reads past them. So each member is decompressed
/// twice: first in chunks, which finds the last chunk, then again with the bytes of that chunk given one by one, until the end
/// is found.
/// </remarks>
internal sealed class Unzipped : ForwardStream
{
    private const int Chunk = 512, MaxHeader = 1 << 20;

    private const int Deflated = 8, HeaderSum = 2, Extra = 4, Name = 8, Comment = 16, Reserved = 0xE0;

    private readonly Stream file;
    private byte[] held = new byte[1 << 13];

    // held[from..to] has been read from the file and not yet passed on; where a member is at work, it begins with the
    // compressed data.
    private int from, to;
    private Feed? feed;
    private DeflateStream? member;
    private Crc32 sum;
    private uint length;
    private bool hasEnded;

    public Unzipped(Stream file)
    {
        this.file = file;
        IsGzipped = IsMember();
        if (IsGzipped)
            BeginMember();
    }

    public bool IsGzipped { get; }

    /// <summary>Bytes read from the file so far.</summary>
    public long FileBytes { get; private set; }

    /// <exception cref="InvalidDataException">The file is gzipped, and damaged or truncated.</exception>
    public override int Read(Span<byte> buffer)
    {
        if (buffer.IsEmpty)
            return 0;
        if (!IsGzipped)
            return ReadPlain(buffer);
        while (!hasEnded)
        {
            int read = member!.Read(buffer);
            if (read > 0)
            {
                sum.Append(buffer[..read]);
                length += (uint)read;
                return read;
            }

            EndMember();
            if (IsMember())
                BeginMember();
            else
                RequireZeros();
        }

        return 0;
    }

    /// <summary>
    /// Passes over some bytes of what the file holds, without reading them where the file can be sought and isn't gzipped;
    /// returns how many there were.
    /// </summary>
    public long Skip(long count)
    {
        long left = count;
        byte[] passed = new byte[Math.Min(left, 1 << 16)];
        while (left > 0)
        {
            if (!IsGzipped && from == to && file.CanSeek)
            {
                long sought = Math.Min(left, Math.Max(0, file.Length - file.Position));
                file.Seek(sought, SeekOrigin.Current);
                return count - left + sought;
            }

            int read = Read(passed.AsSpan(0, (int)Math.Min(left, passed.Length)));
            if (read == 0)
                break;
            left -= read;
        }

        return count - left;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            member?.Dispose();
        base.Dispose(disposing);
    }

    private int ReadPlain(Span<byte> buffer)
    {
        if (from == to && !Fill())
            return 0;
        int count = Math.Min(buffer.Length, to - from);
        held.AsSpan(from, count).CopyTo(buffer);
        from += count;
        if (from == to)
            from = to = 0;
        return count;
    }

    private bool IsMember() => Peek(0) == 0x1f && Peek(1) == 0x8b;

    private void BeginMember()
    {
        int flags = Header(3), at = 10;
        if (Header(2) != Deflated || (flags & Reserved) != 0)
        {
            throw new InvalidDataException(
                $"a gzip header has method {Header(2)} and flags 0x{flags:x2}; expected method {Deflated} and no unknown flags");
        }

        _ = Header(9);
        if ((flags & Extra) != 0)
            at += 2 + Header(at) + (Header(at + 1) << 8);
        if ((flags & Name) != 0)
            at = BehindText(at);
        if ((flags & Comment) != 0)
            at = BehindText(at);
        if ((flags & HeaderSum) != 0)
        {
            int stored = Header(at) + (Header(at + 1) << 8);
            Crc32 header = default;
            header.Append(held.AsSpan(from, at));
            if ((ushort)header.Sum != stored)
                throw new InvalidDataException($"the checksum of a gzip header is {(ushort)header.Sum:x4}; it says {stored:x4}");
            at += 2;
        }

        _ = Header(at - 1);
        from += at;
        (sum, length) = (default, 0);
        feed = new Feed(this, int.MaxValue);
        member = new DeflateStream(feed, CompressionMode.Decompress);
    }

    private void EndMember()
    {
        if (feed!.IsExhausted)
            throw new InvalidDataException("the file ends inside a gzip member");
        Feed again = new(this, feed.LastChunk);
        using (DeflateStream repeated = new(again, CompressionMode.Decompress))
        {
            Span<byte> unused = stackalloc byte[1 << 12];
            while (repeated.Read(unused) > 0)
            {
            }
        }

        from += again.Given;
        member!.Dispose();
        Span<byte> end = stackalloc byte[8];
        for (int i = 0; i < end.Length; i++)
            end[i] = (byte)Header(i);
        from += end.Length;
        uint storedSum = BinaryPrimitives.ReadUInt32LittleEndian(end),
            storedLength = BinaryPrimitives.ReadUInt32LittleEndian(end[4..]);
        if (storedSum != sum.Sum)
            throw new InvalidDataException($"the checksum of a gzip member is {sum.Sum:x8}; it says {storedSum:x8}");
        if (storedLength != length)
            throw new InvalidDataException($"a gzip member unzips to {length} bytes (modulo 2^32); it says {storedLength}");
    }

    /// <summary>What is behind the last member may be padding of zeros, as tapes have it, and nothing else.</summary>
    private void RequireZeros()
    {
        while (from < to || Fill())
        {
            if (held.AsSpan(from, to - from).ContainsAnyExcept((byte)0))
                throw new InvalidDataException("behind its last gzip member are bytes that are neither another member nor zeros");
            from = to = 0;
        }

        hasEnded = true;
    }

    private int BehindText(int at)
    {
        while (Header(at) != 0)
            at++;
        return at + 1;
    }

    private int Header(int at)
    {
        int value = at < MaxHeader ? Peek(at) : throw new InvalidDataException($"a gzip header is longer than {MaxHeader} bytes");
        return value >= 0 ? value : throw new InvalidDataException("the file ends inside a gzip member");
    }

    /// <summary>The byte so many places ahead; -1 behind the end of the file.</summary>
    private int Peek(int at)
    {
        while (at >= to - from)
        {
            if (!Fill())
                return -1;
        }

        return held[from + at];
    }

    /// <summary>Reads some more of the file; false at its end.</summary>
    private bool Fill()
    {
        if (from > 0)
        {
            held.AsSpan(from, to - from).CopyTo(held);
            (from, to) = (0, to - from);
        }

        if (to == held.Length)
            Array.Resize(ref held, (int)Math.Min(Array.MaxLength, 2L * held.Length));
        int read = file.Read(held, to, held.Length - to);
        to += read;
        FileBytes += read;
        return read > 0;
    }

    /// <summary>The compressed data of the member at work: in chunks, from <paramref name="single"/> on byte by byte.</summary>
    private sealed class Feed(Unzipped owner, int single) : ForwardStream
    {
        /// <summary>Where the chunk begins that was given last.</summary>
        public int LastChunk { get; private set; }

        /// <summary>Bytes given so far.</summary>
        public int Given { get; private set; }

        /// <summary>Whether more was asked for than the file has.</summary>
        public bool IsExhausted { get; private set; }

        public override int Read(Span<byte> buffer)
        {
            if (owner.Peek(Given) < 0)
            {
                IsExhausted = true;
                return 0;
            }

            int limit = Given >= single ? 1 : Math.Min(Chunk, single - Given);
            int count = Math.Min(Math.Min(limit, buffer.Length), owner.to - owner.from - Given);
            owner.held.AsSpan(owner.from + Given, count).CopyTo(buffer);
            LastChunk = Given;
            Given += count;
            return count;
        }
    }
}
