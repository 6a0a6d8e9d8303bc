using System.Runtime.CompilerServices;

namespace SimdConv.Core;

/// <summary>
/// Elements that live as long as somebody refers to them, in memory that begins with a cache line: so that no register that a tile loads
/// lies across two. <c>fixed</c> gives the first of them, or null if there are none.
/// </summary>
internal readonly unsafe struct AlignedArray<T>
    where T : unmanaged
{
    private const int Alignment = 64;

    private readonly T[] elements;
    private readonly int first;

    public AlignedArray(long count)
    {
        // Pinned, so that what is aligned once stays so.
        elements = count == 0 ? [] : GC.AllocateUninitializedArray<T>(checked((int)count + (Alignment / sizeof(T))), pinned: true);
        fixed (T* start = elements)
            first = (int)((Alignment - ((nuint)start % Alignment)) % Alignment) / sizeof(T);
    }

    public ref T GetPinnableReference() => ref elements.Length == 0 ? ref Unsafe.NullRef<T>() : ref elements[first];
}
