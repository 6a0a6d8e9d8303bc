using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;

namespace SimdConv;

/// <summary>
/// Packed weights in a file: those of <see cref="PackedFilter{T}.Save"/> and <see cref="PackedMatrix{T}.Save"/>, any number of
/// them behind each other. What <see cref="Conv2DPlan{T}.Load"/>, <see cref="ConvTranspose2DPlan{T}.Load"/> and
/// <see cref="Gemm.Load{T}"/> take from it is read in place: nothing is packed or copied, and all processes that map a file share
/// its pages. Any number of threads may load from it and use what they have loaded.
/// </summary>
/// <remarks>
/// After <see cref="Dispose"/> filters and matrices of the file are refused by every call; the memory is given back when the last
/// call that was using one of them has ended. Nobody may change or shorten a file while it is mapped: write a new one beside it
/// and rename that. The format is described in docs/packed-files.md.
/// </remarks>
public sealed unsafe class PackedFile : IDisposable
{
    private readonly List<PackedRecord> records = [];
    private readonly SafeHandle memory;

    private PackedFile(SafeHandle memory, byte* data, long offset, long length, bool verify)
    {
        this.memory = memory;
        try
        {
            if (!BitConverter.IsLittleEndian)
                throw new NotSupportedException("This machine is big-endian; expected a little-endian one, as the file is.");
            if (length == 0)
                throw new InvalidDataException("The file of packed weights is empty; expected at least one packed array.");
            for (long at = offset, end = offset + length; at < end; at += records[^1].RecordBytes)
                records.Add(PackedRecord.Read(data + at, end - at, at, verify));
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    /// <summary>How many packed filters and matrices the file has.</summary>
    public int Count => records.Count;

    /// <summary>Whether <see cref="Dispose"/> has been called.</summary>
    internal bool IsDisposed => memory.IsClosed;

    /// <summary>Maps a file, or a part of it, read-only.</summary>
    /// <param name="path">The file.</param>
    /// <param name="offset">Where the first packed array begins in the file, a multiple of 64.</param>
    /// <param name="length">Bytes of all packed arrays; null where they end with the file.</param>
    /// <param name="verify">Whether the data is compared with its checksums, for which all of it is read once. Headers always
    /// are.</param>
    /// <exception cref="InvalidDataException">This is no file of packed weights, or it is damaged, or it is too short or too
    /// long.</exception>
    /// <exception cref="NotSupportedException">The file is of another version of the format.</exception>
    /// <exception cref="ArgumentException">The path is empty.</exception>
    /// <exception cref="ArgumentNullException">There is no path.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The offset is no multiple of 64, or offset or length are
    /// negative.</exception>
    /// <exception cref="IOException">The file doesn't exist or can't be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static PackedFile Map(string path, long offset = 0, long? length = null, bool verify = true)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (path.Length == 0)
            throw new ArgumentException("path is empty; expected the name of a file.", nameof(path));
        if (offset < 0 || offset % PackedRecord.Alignment != 0)
            throw ArgumentErrors.OutOfRange(nameof(offset), offset, $"0 or a multiple of {PackedRecord.Alignment}");
        if (length < 0)
            throw ArgumentErrors.OutOfRange(nameof(length), length, "0 or more, or null");
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
        long all = stream.Length;
        if (offset >= all || length > all - offset)
            throw new InvalidDataException(
                $"The file of packed weights has {all} bytes; expected {length ?? 1} or more from byte {offset} on.");
        using MemoryMappedFile file = MemoryMappedFile.CreateFromFile(
            stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);

        // Its handle is all that there is to dispose of.
        SafeHandle view = file.CreateViewAccessor(0, all, MemoryMappedFileAccess.Read).SafeMemoryMappedViewHandle;
        return new(view, (byte*)view.DangerousGetHandle(), offset, length ?? (all - offset), verify);
    }

    /// <summary>Reads what is left of a stream to memory, for files that can't be mapped.</summary>
    /// <param name="source">The stream, at the first packed array.</param>
    /// <exception cref="InvalidDataException">This is no file of packed weights, or it is damaged, or it is too short or too
    /// long.</exception>
    /// <exception cref="NotSupportedException">The file is of another version of the format, or the stream can't be
    /// read.</exception>
    /// <exception cref="ArgumentNullException">There is no stream.</exception>
    public static PackedFile Read(Stream source)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (!source.CanRead)
            throw new NotSupportedException("source can't be read; expected a stream that can.");
        NativeBlock block = NativeBlock.Read(source, out long length);
        return new(block, (byte*)block.DangerousGetHandle(), 0, length, verify: true);
    }

    /// <summary>Gives the memory back, at once or with the end of the last call that is using it.</summary>
    public void Dispose() => memory.Dispose();

    /// <summary>Keeps the memory until <see cref="Let"/>.</summary>
    /// <exception cref="ObjectDisposedException">The file has been disposed of.</exception>
    internal void Hold()
    {
        bool isHeld = false;
        try
        {
            memory.DangerousAddRef(ref isHeld);
        }
        catch (ObjectDisposedException)
        {
            throw new ObjectDisposedException(nameof(PackedFile),
                "The file that the packed weights are read from has been disposed of; expected one that is open.");
        }
    }

    internal void Let() => memory.DangerousRelease();

    /// <summary>A packed array of the file, while it is held.</summary>
    internal PackedRecord Record(int index, RecordKind kind, int elementBytes)
    {
        if (unchecked((uint)index) >= (uint)records.Count)
            throw ArgumentErrors.OutOfRange(nameof(index), index, $"a number from 0 to {records.Count - 1}");
        PackedRecord record = records[index];
        if (record.Kind != kind)
            throw new ArgumentException($"file has a {record.Kind} at {index}; expected a {kind}.", "file");
        if (record.ElementBytes != elementBytes)
            throw new ArgumentException(
                $"file has elements of {record.ElementBytes} bytes at {index}; expected {elementBytes}.", "file");
        return record;
    }
}
