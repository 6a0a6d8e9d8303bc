using SimdConv.Core;

namespace SimdConv.Cli.Training;

/// <summary>Zeros that stay where they are and begin at a cache line, with a pointer to them.</summary>
internal sealed unsafe class AlignedBuffer<T>
    where T : unmanaged
{
    private readonly AlignedArray<T> elements;

    public AlignedBuffer(long count)
    {
        elements = new AlignedArray<T>(count);
        Count = (int)count;

        // The array is pinned for as long as it lives.
        fixed (T* first = elements)
            First = first;
        Clear();
    }

    public T* First { get; }

    public int Count { get; }

    public T* At(nint index) => First + index;

    public void Clear() => new Span<T>(First, Count).Clear();
}
