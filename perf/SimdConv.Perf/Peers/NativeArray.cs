using System.Numerics;
using System.Runtime.InteropServices;

namespace SimdConv.Perf.Peers;

/// <summary>Elements of some type that can be read as doubles.</summary>
internal abstract class NativeArray
{
    public int Length { get; protected init; }

    /// <summary>Elements from <paramref name="start"/> on, exactly.</summary>
    public abstract void Widen(int start, Span<double> values);
}

/// <summary>
/// Memory outside the managed heap, on a cache line's boundary, so that every participant reads the same, well-aligned data.
/// </summary>
internal sealed unsafe class NativeArray<T> : NativeArray, IDisposable
    where T : unmanaged, INumberBase<T>
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

    public T* Pointer => pointer;

    public Span<T> Span => new(pointer, Length);

    public static implicit operator ReadOnlySpan<T>(NativeArray<T> array) => array.Span;

    public static implicit operator Span<T>(NativeArray<T> array) => array.Span;

    public override void Widen(int start, Span<double> values)
    {
        for (int i = 0; i < values.Length; i++)
            values[i] = double.CreateChecked(pointer[start + i]);
    }

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
