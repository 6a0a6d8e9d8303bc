namespace SimdConv.Core;

/// <summary>
/// An array of the garbage collector's whose first element is at the beginning of a cache line, so that no register that a tile
/// loads crosses two lines. <c>fixed</c> gives the address of the first element, or null of an empty array.
/// </summary>
internal readonly unsafe struct AlignedArray<T>
    where T : unmanaged
{
    private const int Alignment = 64;

    private readonly T[] elements;
    private readonly int first;

    public AlignedArray(long count)
    {
        // Pinned: an array that the collector moved would lose its alignment.
        elements = count == 0
            ? []
            : GC.AllocateUninitializedArray<T>(checked((int)count + (Alignment / sizeof(T))), pinned: true);
        fixed (T* start = elements)
            first = (int)((Alignment - ((nuint)start % Alignment)) % Alignment) / sizeof(T);
    }

    public ref T GetPinnableReference() => ref elements.Length == 0 ? ref Unsafe.NullRef<T>() : ref elements[first];
}
