using System.Runtime.InteropServices;

namespace SimdConv.Core;

/// <summary>Native memory that begins at a cache line and lives until it is disposed of and nobody holds it.</summary>
internal sealed unsafe class NativeBlock : SafeHandle
{
    private NativeBlock()
        : base(0, ownsHandle: true)
    {
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>
    /// What is left of a stream. The block grows with what has been read, whatever the stream says of its length.
    /// </summary>
    public static NativeBlock Read(Stream source, out long length)
    {
        NativeBlock block = new();
        long capacity = 1 << 16;
        length = 0;
        try
        {
            block.Resize(capacity);
            for (int count; ; length += count)
            {
                if (length == capacity)
                    block.Resize(capacity *= 2);
                count = source.Read(new Span<byte>((byte*)block.handle + length, (int)Math.Min(capacity - length, int.MaxValue)));
                if (count == 0)
                    return block;
            }
        }
        catch
        {
            block.Dispose();
            throw;
        }
    }

    protected override bool ReleaseHandle()
    {
        NativeMemory.AlignedFree((void*)handle);
        return true;
    }

    private void Resize(long bytes) =>
        handle = (nint)NativeMemory.AlignedRealloc((void*)handle, checked((nuint)bytes), AlignedArray<byte>.Alignment);
}
