using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace SimdConv.Simd;

/// <summary>A zmm register: 16 floats or 8 doubles, 32 of them.</summary>
internal unsafe struct Avx512Lanes<T>(Vector512<T> value) : ILanes<Avx512Lanes<T>, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private Vector512<T> v = value;

    public static int Count
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector512<T>.Count;
    }

    public static int Registers => 32;

    public static bool HasElements => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes<T> Broadcast(T value) => new(Vector512.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes<T> Load(T* source) => new(Vector512.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(T* target, Avx512Lanes<T> value) => value.v.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreStreaming(T* target, Avx512Lanes<T> value) => value.v.StoreAlignedNonTemporal(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes<T> LoadPartial(T* source, int count)
    {
        return typeof(T) == typeof(float)
            ? new(Avx512F.MaskLoad((float*)source, FirstSingles(count), Vector512<float>.Zero).As<float, T>())
            : new(Avx512F.MaskLoad((double*)source, FirstDoubles(count), Vector512<double>.Zero).As<double, T>());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes<T> LoadMasked(T* source, Avx512Lanes<T> mask)
    {
        return typeof(T) == typeof(float)
            ? new(Avx512F.MaskLoad((float*)source, mask.v.AsSingle(), Vector512<float>.Zero).As<float, T>())
            : new(Avx512F.MaskLoad((double*)source, mask.v.AsDouble(), Vector512<double>.Zero).As<double, T>());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePartial(T* target, Avx512Lanes<T> value, int count)
    {
        if (typeof(T) == typeof(float))
            Avx512F.MaskStore((float*)target, FirstSingles(count), value.v.AsSingle());
        else
            Avx512F.MaskStore((double*)target, FirstDoubles(count), value.v.AsDouble());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Accumulate(ref Avx512Lanes<T> sum, Avx512Lanes<T> a, Avx512Lanes<T> b)
    {
        if (typeof(T) == typeof(float))
            sum.v = Avx512F.FusedMultiplyAdd(a.v.AsSingle(), b.v.AsSingle(), sum.v.AsSingle()).As<float, T>();
        else
            sum.v = Avx512F.FusedMultiplyAdd(a.v.AsDouble(), b.v.AsDouble(), sum.v.AsDouble()).As<double, T>();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Accumulate(ref Avx512Lanes<T> sum, Avx512Lanes<T> a, T* b)
    {
        if (typeof(T) == typeof(float))
            sum.v = Avx512F.FusedMultiplyAdd(a.v.AsSingle(), Vector512.Create(*(float*)b), sum.v.AsSingle()).As<float, T>();
        else
            sum.v = Avx512F.FusedMultiplyAdd(a.v.AsDouble(), Vector512.Create(*(double*)b), sum.v.AsDouble()).As<double, T>();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Elements<Avx512Lanes<T>> LoadElement(Elements<Avx512Lanes<T>> held, T* elements, int index, int count) =>
        new(new(Vector512.Create(elements[index])));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Accumulate(ref Avx512Lanes<T> sum, Elements<Avx512Lanes<T>> x, int index, Avx512Lanes<T> b) =>
        Accumulate(ref sum, x.Register, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes<T> MulAdd(Avx512Lanes<T> a, Avx512Lanes<T> b, Avx512Lanes<T> c)
    {
        return typeof(T) == typeof(float)
            ? new(Avx512F.FusedMultiplyAdd(a.v.AsSingle(), b.v.AsSingle(), c.v.AsSingle()).As<float, T>())
            : new(Avx512F.FusedMultiplyAdd(a.v.AsDouble(), b.v.AsDouble(), c.v.AsDouble()).As<double, T>());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes<T> Add(Avx512Lanes<T> a, Avx512Lanes<T> b) => new(a.v + b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes<T> Subtract(Avx512Lanes<T> a, Avx512Lanes<T> b) => new(a.v - b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes<T> Multiply(Avx512Lanes<T> a, Avx512Lanes<T> b) => new(a.v * b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes<T> Divide(Avx512Lanes<T> a, Avx512Lanes<T> b) => new(a.v / b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes<T> Min(Avx512Lanes<T> a, Avx512Lanes<T> b)
    {
        return typeof(T) == typeof(float)
            ? new(Avx512F.Min(a.v.AsSingle(), b.v.AsSingle()).As<float, T>())
            : new(Avx512F.Min(a.v.AsDouble(), b.v.AsDouble()).As<double, T>());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes<T> Max(Avx512Lanes<T> a, Avx512Lanes<T> b)
    {
        return typeof(T) == typeof(float)
            ? new(Avx512F.Max(a.v.AsSingle(), b.v.AsSingle()).As<float, T>())
            : new(Avx512F.Max(a.v.AsDouble(), b.v.AsDouble()).As<double, T>());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes<T> GreaterThan(Avx512Lanes<T> a, Avx512Lanes<T> b) => new(Vector512.GreaterThan(a.v, b.v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes<T> Equal(Avx512Lanes<T> a, Avx512Lanes<T> b) => new(Vector512.Equals(a.v, b.v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes<T> And(Avx512Lanes<T> a, Avx512Lanes<T> b) => new(a.v & b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes<T> Or(Avx512Lanes<T> a, Avx512Lanes<T> b) => new(a.v | b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes<T> Select(Avx512Lanes<T> mask, Avx512Lanes<T> a, Avx512Lanes<T> b) =>
        new(Vector512.ConditionalSelect(mask.v, a.v, b.v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes<T> PowerOfTwo(Avx512Lanes<T> shifted)
    {
        return typeof(T) == typeof(float)
            ? new(((shifted.v.AsInt32() << 23) + Vector512.Create(1f).AsInt32()).As<int, T>())
            : new(((shifted.v.AsInt64() << 52) + Vector512.Create(1d).AsInt64()).As<long, T>());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes<T> FromBytes(byte* source)
    {
        return typeof(T) == typeof(float)
            ? new(Vector512.ConvertToSingle(Avx512F.ConvertToVector512Int32(Vector128.Load(source))).As<float, T>())
            : new(Avx512F.ConvertToVector512Double(Avx2.ConvertToVector256Int32(source)).As<double, T>());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToBytes(byte* target, Avx512Lanes<T> value)
    {
        if (typeof(T) == typeof(float))
        {
            Avx512F.ConvertToVector128Byte(Avx512F.ConvertToVector512Int32WithTruncation(value.v.AsSingle())).Store(target);
        }
        else
        {
            Vector256<int> n = Avx512F.ConvertToVector256Int32WithTruncation(value.v.AsDouble());
            *(ulong*)target = Avx512F.VL.ConvertToVector128Byte(n).AsUInt64().ToScalar();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Avx512Lanes<T> Even, Avx512Lanes<T> Odd) Deinterleave(Avx512Lanes<T> low, Avx512Lanes<T> high)
    {
        if (typeof(T) == typeof(float))
        {
            Vector512<int> even = Vector512<int>.Indices << 1, odd = even + Vector512<int>.One;
            return (new(Avx512F.PermuteVar16x32x2(low.v.AsSingle(), even, high.v.AsSingle()).As<float, T>()),
                new(Avx512F.PermuteVar16x32x2(low.v.AsSingle(), odd, high.v.AsSingle()).As<float, T>()));
        }
        else
        {
            Vector512<long> even = Vector512<long>.Indices << 1, odd = even + Vector512<long>.One;
            return (new(Avx512F.PermuteVar8x64x2(low.v.AsDouble(), even, high.v.AsDouble()).As<double, T>()),
                new(Avx512F.PermuteVar8x64x2(low.v.AsDouble(), odd, high.v.AsDouble()).As<double, T>()));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Avx512Lanes<T> Low, Avx512Lanes<T> High) Interleave(Avx512Lanes<T> even, Avx512Lanes<T> odd)
    {
        if (typeof(T) == typeof(float))
        {
            Vector512<int> low = (Vector512<int>.Indices >>> 1) + ((Vector512<int>.Indices & Vector512<int>.One) << 4);
            return (new(Avx512F.PermuteVar16x32x2(even.v.AsSingle(), low, odd.v.AsSingle()).As<float, T>()),
                new(Avx512F.PermuteVar16x32x2(even.v.AsSingle(), low + Vector512.Create(8), odd.v.AsSingle()).As<float, T>()));
        }
        else
        {
            Vector512<long> low = (Vector512<long>.Indices >>> 1) + ((Vector512<long>.Indices & Vector512<long>.One) << 3);
            return (new(Avx512F.PermuteVar8x64x2(even.v.AsDouble(), low, odd.v.AsDouble()).As<double, T>()),
                new(Avx512F.PermuteVar8x64x2(even.v.AsDouble(), low + Vector512.Create(4L), odd.v.AsDouble()).As<double, T>()));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Avx512Lanes<T> Low, Avx512Lanes<T> High) Exchange(Avx512Lanes<T> a, Avx512Lanes<T> b, int bit)
    {
        // Within 128 bits, then quarters: 0, 2 and 1, 3 of both.
        if (bit * sizeof(T) >= 16)
        {
            return (new(Avx512F.Shuffle4x128(a.v.AsSingle(), b.v.AsSingle(), 0b10_00_10_00).As<float, T>()),
                new(Avx512F.Shuffle4x128(a.v.AsSingle(), b.v.AsSingle(), 0b11_01_11_01).As<float, T>()));
        }

        return typeof(T) == typeof(float)
            ? (new(Avx512F.UnpackLow(a.v.AsSingle(), b.v.AsSingle()).As<float, T>()),
                new(Avx512F.UnpackHigh(a.v.AsSingle(), b.v.AsSingle()).As<float, T>()))
            : (new(Avx512F.UnpackLow(a.v.AsDouble(), b.v.AsDouble()).As<double, T>()),
                new(Avx512F.UnpackHigh(a.v.AsDouble(), b.v.AsDouble()).As<double, T>()));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> FirstSingles(int count) =>
        Vector512.LessThan(Vector512<int>.Indices, Vector512.Create(count)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<double> FirstDoubles(int count) =>
        Vector512.LessThan(Vector512<long>.Indices, Vector512.Create((long)count)).AsDouble();
}
