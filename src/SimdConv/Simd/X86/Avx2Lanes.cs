using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace SimdConv.Simd;

/// <summary>
/// A ymm register: 8 floats or 4 doubles. As many of them as the encoding names: 16 in AVX2's tier, 32 as halves in AVX-512's.
/// </summary>
internal unsafe partial struct Avx2Lanes<T, TCode>(Vector256<T> value) : ILanes<Avx2Lanes<T, TCode>, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TCode : struct, IEncoding
{
    private Vector256<T> v = value;

    public static int Count => Vector256<T>.Count;

    public static int Registers => TCode.Registers;

    public static bool HasElements => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes<T, TCode> Broadcast(T value) => new(Vector256.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes<T, TCode> Load(T* source) => new(Vector256.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(T* target, Avx2Lanes<T, TCode> value) => value.v.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreStreaming(T* target, Avx2Lanes<T, TCode> value) => value.v.StoreAlignedNonTemporal(target);

    // Not by way of LoadMasked: with one call more in each of its rows the direct tile is beyond what the JIT inlines.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes<T, TCode> LoadPartial(T* source, int count)
    {
        if (Avx512F.VL.IsSupported)
        {
            return typeof(T) == typeof(float)
                ? new(Avx512F.VL.MaskLoad((float*)source, FirstSingles(count).AsSingle(), Vector256<float>.Zero).As<float, T>())
                : new(Avx512F.VL.MaskLoad((double*)source, FirstDoubles(count), Vector256<double>.Zero).As<double, T>());
        }

        return typeof(T) == typeof(float)
            ? new(Avx.MaskLoad((float*)source, FirstSingles(count).AsSingle()).As<float, T>())
            : new(Avx.MaskLoad((double*)source, FirstDoubles(count).AsDouble()).As<double, T>());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes<T, TCode> LoadMasked(T* source, Avx2Lanes<T, TCode> mask)
    {
        if (Avx512F.VL.IsSupported)
        {
            return typeof(T) == typeof(float)
                ? new(Avx512F.VL.MaskLoad((float*)source, mask.v.AsSingle(), Vector256<float>.Zero).As<float, T>())
                : new(Avx512F.VL.MaskLoad((double*)source, mask.v.AsDouble(), Vector256<double>.Zero).As<double, T>());
        }

        return typeof(T) == typeof(float)
            ? new(Avx.MaskLoad((float*)source, mask.v.AsSingle()).As<float, T>())
            : new(Avx.MaskLoad((double*)source, mask.v.AsDouble()).As<double, T>());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePartial(T* target, Avx2Lanes<T, TCode> value, int count)
    {
        // AVX's masked stores take a dozen cycles on AMD's processors, those of AVX-512 two.
        if (Avx512F.VL.IsSupported && typeof(T) == typeof(float))
            Avx512F.VL.MaskStore((float*)target, FirstSingles(count).AsSingle(), value.v.AsSingle());
        else if (Avx512F.VL.IsSupported)
            Avx512F.VL.MaskStore((double*)target, FirstDoubles(count).AsDouble(), value.v.AsDouble());
        else
            StoreParts(target, value.v, count);
    }

    /// <summary>Halves, quarters and a last element: a masked store takes Zen 4 twenty times as long as a store.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreParts(T* target, Vector256<T> value, int count)
    {
        Vector128<T> rest = value.GetLower();
        if (count >= Vector128<T>.Count)
        {
            rest.Store(target);
            rest = value.GetUpper();
            target += Vector128<T>.Count;
        }

        if (typeof(T) == typeof(float) && (count & 2) != 0)
        {
            *(double*)target = rest.AsDouble().ToScalar();
            rest = Sse.MoveHighToLow(rest.AsSingle(), rest.AsSingle()).As<float, T>();
            target += 2;
        }

        if ((count & 1) != 0)
            *target = rest.ToScalar();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Accumulate(ref Avx2Lanes<T, TCode> sum, Avx2Lanes<T, TCode> a, Avx2Lanes<T, TCode> b)
    {
        if (typeof(T) == typeof(float))
            sum.v = Fma.MultiplyAdd(a.v.AsSingle(), b.v.AsSingle(), sum.v.AsSingle()).As<float, T>();
        else
            sum.v = Fma.MultiplyAdd(a.v.AsDouble(), b.v.AsDouble(), sum.v.AsDouble()).As<double, T>();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Accumulate(ref Avx2Lanes<T, TCode> sum, Avx2Lanes<T, TCode> a, T* b) =>
        Accumulate(ref sum, a, Broadcast(*b));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Elements<Avx2Lanes<T, TCode>> LoadElement(
        Elements<Avx2Lanes<T, TCode>> held, T* elements, int index, int count) => new(new(Vector256.Create(elements[index])));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Accumulate(
        ref Avx2Lanes<T, TCode> sum, Elements<Avx2Lanes<T, TCode>> x, int index, Avx2Lanes<T, TCode> b)
    {
        if (typeof(T) == typeof(float))
            sum.v = Fma.MultiplyAdd(x.Register.v.AsSingle(), b.v.AsSingle(), sum.v.AsSingle()).As<float, T>();
        else
            sum.v = Fma.MultiplyAdd(x.Register.v.AsDouble(), b.v.AsDouble(), sum.v.AsDouble()).As<double, T>();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes<T, TCode> MulAdd(Avx2Lanes<T, TCode> a, Avx2Lanes<T, TCode> b, Avx2Lanes<T, TCode> c) =>
        typeof(T) == typeof(float)
        ? new(Fma.MultiplyAdd(a.v.AsSingle(), b.v.AsSingle(), c.v.AsSingle()).As<float, T>())
        : new(Fma.MultiplyAdd(a.v.AsDouble(), b.v.AsDouble(), c.v.AsDouble()).As<double, T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes<T, TCode> Add(Avx2Lanes<T, TCode> a, Avx2Lanes<T, TCode> b) => new(a.v + b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes<T, TCode> Subtract(Avx2Lanes<T, TCode> a, Avx2Lanes<T, TCode> b) => new(a.v - b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes<T, TCode> Multiply(Avx2Lanes<T, TCode> a, Avx2Lanes<T, TCode> b) => new(a.v * b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes<T, TCode> Divide(Avx2Lanes<T, TCode> a, Avx2Lanes<T, TCode> b) => new(a.v / b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes<T, TCode> Min(Avx2Lanes<T, TCode> a, Avx2Lanes<T, TCode> b) => typeof(T) == typeof(float)
        ? new(Avx.Min(a.v.AsSingle(), b.v.AsSingle()).As<float, T>())
        : new(Avx.Min(a.v.AsDouble(), b.v.AsDouble()).As<double, T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes<T, TCode> Max(Avx2Lanes<T, TCode> a, Avx2Lanes<T, TCode> b) => typeof(T) == typeof(float)
        ? new(Avx.Max(a.v.AsSingle(), b.v.AsSingle()).As<float, T>())
        : new(Avx.Max(a.v.AsDouble(), b.v.AsDouble()).As<double, T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes<T, TCode> GreaterThan(Avx2Lanes<T, TCode> a, Avx2Lanes<T, TCode> b) =>
        new(Vector256.GreaterThan(a.v, b.v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes<T, TCode> Equal(Avx2Lanes<T, TCode> a, Avx2Lanes<T, TCode> b) =>
        new(Vector256.Equals(a.v, b.v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes<T, TCode> And(Avx2Lanes<T, TCode> a, Avx2Lanes<T, TCode> b) => new(a.v & b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes<T, TCode> Or(Avx2Lanes<T, TCode> a, Avx2Lanes<T, TCode> b) => new(a.v | b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes<T, TCode> Select(Avx2Lanes<T, TCode> mask, Avx2Lanes<T, TCode> a, Avx2Lanes<T, TCode> b) =>
        new(Vector256.ConditionalSelect(mask.v, a.v, b.v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes<T, TCode> PowerOfTwo(Avx2Lanes<T, TCode> shifted) => typeof(T) == typeof(float)
        ? new(((shifted.v.AsInt32() << 23) + Vector256.Create(1f).AsInt32()).As<int, T>())
        : new(((shifted.v.AsInt64() << 52) + Vector256.Create(1d).AsInt64()).As<long, T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes<T, TCode> FromBytes(byte* source) => typeof(T) == typeof(float)
        ? new(Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32(source)).As<float, T>())
        : new(Avx.ConvertToVector256Double(Sse41.ConvertToVector128Int32(source)).As<double, T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToBytes(byte* target, Avx2Lanes<T, TCode> value)
    {
        if (typeof(T) == typeof(float))
        {
            Vector256<int> n = Avx.ConvertToVector256Int32WithTruncation(value.v.AsSingle());
            Vector128<short> words = Sse2.PackSignedSaturate(n.GetLower(), n.GetUpper());
            *(ulong*)target = Sse2.PackUnsignedSaturate(words, words).AsUInt64().ToScalar();
        }
        else
        {
            Vector128<int> n = Avx.ConvertToVector128Int32WithTruncation(value.v.AsDouble());
            Vector128<short> words = Sse2.PackSignedSaturate(n, Vector128<int>.Zero);
            *(uint*)target = Sse2.PackUnsignedSaturate(words, words).AsUInt32().ToScalar();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> FirstSingles(int count) =>
        Vector256.LessThan(Vector256<int>.Indices, Vector256.Create(count)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> FirstDoubles(int count) =>
        Vector256.LessThan(Vector256<long>.Indices, Vector256.Create((long)count)).AsDouble();
}
