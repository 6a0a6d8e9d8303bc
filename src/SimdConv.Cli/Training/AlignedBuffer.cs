using System.Runtime.CompilerServices;

namespace SimdConv.Cli.Training;

/// <summary>Zeros that stay where they are and begin at a cache line.</summary>
internal sealed unsafe class AlignedBuffer<T>
    where T : unmanaged
{
    private const int Line = 64;

    private readonly T[] array;

    public AlignedBuffer(long count)
    {
        array = GC.AllocateArray<T>(checked((int)count) + (Line / sizeof(T)), pinned: true);
        nint address = (nint)Unsafe.AsPointer(ref array[0]);
        First = (T*)((address + Line - 1) / Line * Line);
        Count = (int)count;
    }

    public T* First { get; }

    public int Count { get; }

    public T* At(nint index) => First + index;

    public void Clear() => new Span<T>(First, Count).Clear();
}
