using System.Runtime.InteropServices;

namespace SimdConv.Perf.Peers;

/// <summary>Memory outside the managed heap, on a cache line's boundary, so that every participant reads the same, well-aligned data.</summary>
internal sealed unsafe class NativeArray<T> : IDisposable
    where T : unmanaged
{
    private T* pointer;

    public NativeArray(long length)
    {
        Length = checked((int)length);
        pointer = (T*)NativeMemory.AlignedAlloc((nuint)Math.Max(1, length) * (nuint)sizeof(T), 64);
        Span.Clear();
    }

    public NativeArray(ReadOnlySpan<T> values)
        : this(values.Length) => values.CopyTo(Span);

    ~NativeArray() => Free();

    public int Length { get; }

    public T* Pointer => pointer;

    public Span<T> Span => new(pointer, Length);

    public static implicit operator ReadOnlySpan<T>(NativeArray<T> array) => array.Span;

    public static implicit operator Span<T>(NativeArray<T> array) => array.Span;

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.AlignedFree(pointer);
        pointer = null;
    }
}
