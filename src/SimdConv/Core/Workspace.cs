using System.Runtime.InteropServices;

namespace SimdConv.Core;

/// <summary>
/// Scratch memory of one call on one thread: 64-byte aligned, never zeroed. Each thread keeps its largest block, so that a call
/// that is repeated allocates nothing; a nested call on the same thread gets a block of its own. A kept block is freed
/// when its thread has ended.
/// </summary>
internal unsafe ref struct Workspace
{
    [ThreadStatic]
    private static Block? kept;

    private readonly Block? block;
    private readonly byte* owned;
    private byte* next;

    /// <param name="bytes">What all calls of <see cref="Take{T}"/> together will need: the sum of <see cref="SizeOf{T}"/>.</param>
    public Workspace(long bytes)
    {
        Block mine = kept ??= new Block();
        if (mine.InUse)
        {
            owned = next = (byte*)NativeMemory.AlignedAlloc(checked((nuint)Math.Max(bytes, 64)), 64);
            return;
        }

        mine.Grow(bytes);
        mine.InUse = true;
        block = mine;
        next = mine.Address;
    }

    /// <summary>The bytes that <see cref="Take{T}"/> uses up for that many elements.</summary>
    public static long SizeOf<T>(long count)
        where T : unmanaged => (checked(count * sizeof(T)) + 63) & ~63L;

    public T* Take<T>(long count)
        where T : unmanaged
    {
        T* taken = (T*)next;
        next += SizeOf<T>(count);
        return taken;
    }

    public readonly void Dispose()
    {
        if (block is not null)
            block.InUse = false;
        else
            NativeMemory.AlignedFree(owned);
    }

    private sealed class Block
    {
        private long size;

        public byte* Address { get; private set; }

        public bool InUse { get; set; }

        ~Block() => NativeMemory.AlignedFree(Address);

        public void Grow(long bytes)
        {
            if (bytes <= size)
                return;
            NativeMemory.AlignedFree(Address);
            Address = null;
            size = 0;
            Address = (byte*)NativeMemory.AlignedAlloc(checked((nuint)bytes), 64);
            size = bytes;
        }
    }
}
