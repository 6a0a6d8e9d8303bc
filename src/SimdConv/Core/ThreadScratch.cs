using System.Runtime.InteropServices;

namespace SimdConv.Core;

/// <summary>
/// The blocks of scratch memory that one thread keeps for its calls, at most <see cref="Workspace.MostKeptBytes"/>. Those of a
/// thread that has ended are freed by the next thread that needs memory, or by the garbage collector, whichever comes first: the
/// collector alone would let them pile up, since it doesn't see native memory.
/// </summary>
internal sealed unsafe class ThreadScratch
{
    /// <summary>The scratch memory of all threads that have any; also the lock of the list.</summary>
    private static readonly List<(Thread Thread, WeakReference<ThreadScratch> Scratch)> All = [];

    /// <summary>No other thread has it until this one has ended.</summary>
    [ThreadStatic]
    private static ThreadScratch? own;

    private readonly Block first;

    /// <summary>The next scratch memory in a list of those whose threads have ended.</summary>
    private ThreadScratch? next;

    private ThreadScratch() => first = new(this);

    ~ThreadScratch() => FreeAll();

    /// <summary>Bytes of all blocks.</summary>
    public long Bytes { get; private set; }

    /// <summary>The scratch memory of the calling thread.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ThreadScratch Own() => own ?? Make();

    /// <summary>The first block that no call of this thread has in use, with at least so many bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Block Take(long bytes)
    {
        Block block = first;
        while (block.IsInUse)
            block = block.Deeper ??= new(this);
        block.IsInUse = true;
        if (bytes > block.Size)
            Grow(block, bytes);
        return block;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ThreadScratch Make()
    {
        FreeThoseOfEndedThreads();
        ThreadScratch made = new();
        lock (All)
            All.Add((Thread.CurrentThread, new(made)));
        return own = made;
    }

    /// <summary>Frees the blocks of threads that have ended: such a thread runs no call, so nobody uses them.</summary>
    private static void FreeThoseOfEndedThreads()
    {
        ThreadScratch? ended = null;
        lock (All)
        {
            for (int i = All.Count - 1; i >= 0; i--)
            {
                bool isThere = All[i].Scratch.TryGetTarget(out ThreadScratch? scratch);
                if (isThere && All[i].Thread.IsAlive)
                    continue;
                All[i] = All[^1];
                All.RemoveAt(All.Count - 1);
                if (scratch is not null)
                    (scratch.next, ended) = (ended, scratch);
            }
        }

        // What such a thread wrote last is read behind the news of its end.
        Interlocked.MemoryBarrier();

        // Outside the lock, since a host that listens is told of the memory and runs code of its own.
        for (; ended is not null; ended = ended.next)
        {
            ended.FreeAll();
            GC.SuppressFinalize(ended);
        }
    }

    /// <summary>The block is marked as in use before it grows: a host that listens is told, and may call the library.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Grow(Block block, long bytes)
    {
        try
        {
            FreeThoseOfEndedThreads();
            Resize(block, 0);

            // Blocks of calls nested in this one are freed first: nested calls may need less the next time, and take new memory
            // otherwise.
            for (Block? each = block.Deeper; each is not null && Bytes + bytes > Workspace.MostKeptBytes; each = each.Deeper)
                Resize(each, 0);
            Resize(block, bytes);
            block.IsSurplus = Bytes > Workspace.MostKeptBytes;
        }
        catch
        {
            block.IsInUse = false;
            throw;
        }
    }

    private void FreeAll()
    {
        for (Block? each = first; each is not null; each = each.Deeper)
            Resize(each, 0);
    }

    /// <summary>Gives the block memory of so many bytes in place of what it has, whose contents are lost.</summary>
    private void Resize(Block block, long bytes)
    {
        long before = block.Size;
        NativeMemory.AlignedFree(block.Address);
        block.Address = null;
        block.Size = 0;
        Bytes -= before;
        Telemetry.WorkspaceChanged(-before);
        if (bytes == 0)
            return;
        block.Address = (byte*)NativeMemory.AlignedAlloc(checked((nuint)bytes), Workspace.Alignment);
        block.Size = bytes;
        Bytes += bytes;
        Telemetry.WorkspaceChanged(bytes);
    }

    /// <summary>The memory of one depth of nesting: a call inside a part of another call has the next one.</summary>
    internal sealed class Block(ThreadScratch owner)
    {
        public byte* Address { get; set; }

        public long Size { get; set; }

        public bool IsInUse { get; set; }

        /// <summary>The bytes that the call which has the block asked for, where <see cref="CallTrace"/> is on.</summary>
        public long Traced { get; set; }

        /// <summary>
        /// Whether the thread would keep too much memory with this block, so that it is freed when its call ends.
        /// </summary>
        public bool IsSurplus { get; set; }

        public Block? Deeper { get; set; }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void GiveBack()
        {
            if (IsSurplus)
                Free();
            IsInUse = false;
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private void Free()
        {
            IsSurplus = false;
            owner.Resize(this, 0);
        }
    }
}
