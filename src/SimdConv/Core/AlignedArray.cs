namespace SimdConv.Core;

/// <summary>
/// Elements that begin at the beginning of a cache line, so that no register that a tile loads crosses two lines: an array of the
/// garbage collector's, or memory of a file that whoever uses them holds. <c>fixed</c> gives the address of the first element, or
/// null where there are none.
/// </summary>
internal readonly unsafe struct AlignedArray<T>
    where T : unmanaged
{
    public const int Alignment = 64;

    // Keeps the elements alive: they are in it, or it is null.
    private readonly T[]? elements;
    private readonly T* first;

    public AlignedArray(long count)
    {
        Count = count;
        if (count == 0)
            return;

        // Pinned: an array that the collector moved would lose its alignment.
        elements = GC.AllocateUninitializedArray<T>(checked((int)count + (Alignment / sizeof(T))), pinned: true);
        fixed (T* start = elements)
            first = (T*)(((nuint)start + Alignment - 1) & ~(nuint)(Alignment - 1));
    }

    public AlignedArray(T* first, long count)
    {
        this.first = count == 0 ? null : first;
        Count = count;
    }

    public long Count { get; }

    /// <summary>The first element, for a caller who keeps what holds this array alive.</summary>
    public T* First => first;

    public ref T GetPinnableReference() => ref *first;
}
