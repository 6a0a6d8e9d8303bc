using System.Numerics;
using System.Runtime.CompilerServices;

namespace SimdConv.Simd;

/// <summary>A Vector&lt;T&gt;, whatever width the runtime gives it.</summary>
internal readonly unsafe struct VectorLanes<T>(Vector<T> value) : ILanes<VectorLanes<T>, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Vector<T> v = value;

    public static int Count
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector<T>.Count;
    }

    public static int Registers => 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLanes<T> Broadcast(T value) => new(Vector.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLanes<T> Load(T* source) => new(Vector.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(T* target, VectorLanes<T> value) => value.v.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreStreaming(T* target, VectorLanes<T> value) => value.v.StoreAlignedNonTemporal(target);

    public static VectorLanes<T> LoadPartial(T* source, int count)
    {
        Vector<T> value = Vector<T>.Zero;
        Unsafe.CopyBlockUnaligned(&value, source, (uint)(count * sizeof(T)));
        return new(value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLanes<T> LoadMasked(T* source, VectorLanes<T> mask)
    {
        // Vectors know no masked loads. Where one element may be read, so may its page, which no system makes smaller than 4 KB.
        const int Page = 4096;
        if (Vector.EqualsAll(Vector.As<T, int>(mask.v), Vector<int>.Zero))
            return default;
        return ((nuint)source & (Page - 1)) <= (nuint)(Page - sizeof(Vector<T>)) ? And(Load(source), mask) : LoadEach(source, mask);
    }

    private static VectorLanes<T> LoadEach(T* source, VectorLanes<T> mask)
    {
        Vector<T> value = Vector<T>.Zero;
        for (int i = 0; i < Count; i++)
        {
            // Set bits are NaN.
            if (T.IsNaN(mask.v[i]))
                ((T*)&value)[i] = source[i];
        }

        return new(value);
    }

    public static void StorePartial(T* target, VectorLanes<T> value, int count)
    {
        Vector<T> whole = value.v;
        Unsafe.CopyBlockUnaligned(target, &whole, (uint)(count * sizeof(T)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Accumulate(ref VectorLanes<T> sum, VectorLanes<T> a, VectorLanes<T> b) => sum = MulAdd(a, b, sum);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Accumulate(ref VectorLanes<T> sum, VectorLanes<T> a, T* b) => Accumulate(ref sum, a, Broadcast(*b));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLanes<T> MulAdd(VectorLanes<T> a, VectorLanes<T> b, VectorLanes<T> c)
    {
        // Fuses where the hardware does; Vector.FusedMultiplyAdd would call software elsewhere.
        return typeof(T) == typeof(float)
            ? new(Vector.As<float, T>(Vector.MultiplyAddEstimate(Vector.As<T, float>(a.v), Vector.As<T, float>(b.v), Vector.As<T, float>(c.v))))
            : new(Vector.As<double, T>(Vector.MultiplyAddEstimate(Vector.As<T, double>(a.v), Vector.As<T, double>(b.v), Vector.As<T, double>(c.v))));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLanes<T> Add(VectorLanes<T> a, VectorLanes<T> b) => new(a.v + b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLanes<T> Subtract(VectorLanes<T> a, VectorLanes<T> b) => new(a.v - b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLanes<T> Multiply(VectorLanes<T> a, VectorLanes<T> b) => new(a.v * b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLanes<T> Divide(VectorLanes<T> a, VectorLanes<T> b) => new(a.v / b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLanes<T> Min(VectorLanes<T> a, VectorLanes<T> b) => Select(GreaterThan(b, a), a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLanes<T> GreaterThan(VectorLanes<T> a, VectorLanes<T> b) => new(Vector.GreaterThan(a.v, b.v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLanes<T> Equal(VectorLanes<T> a, VectorLanes<T> b) => new(Vector.Equals(a.v, b.v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLanes<T> And(VectorLanes<T> a, VectorLanes<T> b) => new(a.v & b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLanes<T> Or(VectorLanes<T> a, VectorLanes<T> b) => new(a.v | b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLanes<T> Select(VectorLanes<T> mask, VectorLanes<T> a, VectorLanes<T> b) => new(Vector.ConditionalSelect(mask.v, a.v, b.v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLanes<T> PowerOfTwo(VectorLanes<T> shifted)
    {
        return typeof(T) == typeof(float)
            ? new(Vector.As<int, T>((Vector.As<T, int>(shifted.v) << 23) + Vector.As<float, int>(Vector<float>.One)))
            : new(Vector.As<long, T>((Vector.As<T, long>(shifted.v) << 52) + Vector.As<double, long>(Vector<double>.One)));
    }

    public static VectorLanes<T> FromBytes(byte* source)
    {
        Vector<T> value = default;
        for (int i = 0; i < Count; i++)
            ((T*)&value)[i] = T.CreateTruncating(source[i]);
        return new(value);
    }

    public static void ToBytes(byte* target, VectorLanes<T> value)
    {
        Vector<T> numbers = value.v;
        for (int i = 0; i < Count; i++)
            target[i] = byte.CreateTruncating(((T*)&numbers)[i]);
    }

    public static (VectorLanes<T> Even, VectorLanes<T> Odd) Deinterleave(VectorLanes<T> low, VectorLanes<T> high)
    {
        Vector<T>* source = stackalloc Vector<T>[2] { low.v, high.v };
        Vector<T>* target = stackalloc Vector<T>[2];
        for (int i = 0; i < Count; i++)
        {
            ((T*)target)[i] = ((T*)source)[2 * i];
            ((T*)target)[Count + i] = ((T*)source)[(2 * i) + 1];
        }

        return (new(target[0]), new(target[1]));
    }

    public static (VectorLanes<T> Low, VectorLanes<T> High) Interleave(VectorLanes<T> even, VectorLanes<T> odd)
    {
        Vector<T>* source = stackalloc Vector<T>[2] { even.v, odd.v };
        Vector<T>* target = stackalloc Vector<T>[2];
        for (int i = 0; i < Count; i++)
        {
            ((T*)target)[2 * i] = ((T*)source)[i];
            ((T*)target)[(2 * i) + 1] = ((T*)source)[Count + i];
        }

        return (new(target[0]), new(target[1]));
    }

    public static (VectorLanes<T> Low, VectorLanes<T> High) Exchange(VectorLanes<T> a, VectorLanes<T> b, int bit)
    {
        Vector<T>* low = stackalloc Vector<T>[1] { a.v }, high = stackalloc Vector<T>[1] { b.v };
        for (int i = 0; i < Count; i++)
        {
            if ((i & bit) != 0)
                (((T*)low)[i], ((T*)high)[i - bit]) = (((T*)high)[i - bit], ((T*)low)[i]);
        }

        return (new(*low), new(*high));
    }
}
