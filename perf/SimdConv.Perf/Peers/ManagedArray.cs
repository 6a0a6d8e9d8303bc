using System.Numerics;

namespace SimdConv.Perf.Peers;

/// <summary>An array of the managed heap, in which some peers have their results.</summary>
internal sealed class ManagedArray<T> : NativeArray
    where T : unmanaged, INumberBase<T>
{
    private readonly T[] elements;

    public ManagedArray(T[] elements)
    {
        this.elements = elements;
        Length = elements.Length;
    }

    public override void Widen(int start, Span<double> values)
    {
        for (int i = 0; i < values.Length; i++)
            values[i] = double.CreateChecked(elements[start + i]);
    }
}
