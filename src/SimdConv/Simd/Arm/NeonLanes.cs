using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace SimdConv.Simd;

/// <summary>
/// A register of 64-bit Arm's AdvSIMD: 4 floats or 2 doubles, 32 of them. Multiply-adds take one lane of a register as a factor
/// (fmla by element), so that a load of four elements serves four rows of a tile and nothing is copied to all lanes.
/// </summary>
internal unsafe struct NeonLanes<T>(Vector128<T> value) : ILanes<NeonLanes<T>, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private Vector128<T> v = value;

    public static int Count => Vector128<T>.Count;

    public static int Registers => 32;

    public static bool HasElements => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static NeonLanes<T> Broadcast(T value) => new(Vector128.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static NeonLanes<T> Load(T* source) => new(Vector128.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(T* target, NeonLanes<T> value) => value.v.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreStreaming(T* target, NeonLanes<T> value) => value.v.StoreAlignedNonTemporal(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static NeonLanes<T> LoadPartial(T* source, int count)
    {
        if (typeof(T) == typeof(double) || count == 1)
            return new(Vector128.CreateScalar(*source));
        return WithThird(Vector128.CreateScalar(*(double*)source), source, count == 3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static NeonLanes<T> LoadMasked(T* source, NeonLanes<T> mask) => mask.v.AsUInt64() == Vector128<ulong>.Zero
        ? default
        : InMemory<NeonLanes<T>, T>.LoadMasked(source, mask);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePartial(T* target, NeonLanes<T> value, int count)
    {
        if (typeof(T) == typeof(double) || count == 1)
        {
            *target = value.v.ToScalar();
            return;
        }

        *(double*)target = value.v.AsDouble().ToScalar();
        if (count == 3)
            AdvSimd.StoreSelectedScalar((float*)target + 2, value.v.AsSingle(), 2);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Accumulate(ref NeonLanes<T> sum, NeonLanes<T> a, NeonLanes<T> b)
    {
        if (typeof(T) == typeof(float))
            sum.v = AdvSimd.FusedMultiplyAdd(sum.v.AsSingle(), a.v.AsSingle(), b.v.AsSingle()).As<float, T>();
        else
            sum.v = AdvSimd.Arm64.FusedMultiplyAdd(sum.v.AsDouble(), a.v.AsDouble(), b.v.AsDouble()).As<double, T>();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Accumulate(ref NeonLanes<T> sum, NeonLanes<T> a, T* b) =>
        Accumulate(ref sum, LoadElement(default, b, 0, 1), 0, a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Elements<NeonLanes<T>> LoadElement(Elements<NeonLanes<T>> held, T* elements, int index, int count)
    {
        // Conditions are of constants alone, so that the JIT drops the other branches as it reads them.
        if (index % Vector128<T>.Count != 0)
            return held;
        if (count - index >= Vector128<T>.Count)
            return new(new(Vector128.Load(elements + index)));
        if (count - index == 1)
            return new(new(Vector128.CreateScalarUnsafe(elements[index])));
        Vector128<double> pair = Vector128.CreateScalarUnsafe(*(double*)(elements + index));
        return new(WithThird(pair, elements + index, count - index == 3));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Accumulate(ref NeonLanes<T> sum, Elements<NeonLanes<T>> x, int index, NeonLanes<T> b)
    {
        // A statement for each lane: the instruction holds the lane's number, so that a number from a variable would make it a
        // call; and an address that is kept over a branch would keep the sum in memory.
        if (typeof(T) == typeof(float) && index % 4 == 0)
            sum.v = AdvSimd.Arm64.FusedMultiplyAddBySelectedScalar(sum.v.AsSingle(), b.v.AsSingle(),
                x.Register.v.AsSingle(), 0).As<float, T>();
        else if (typeof(T) == typeof(float) && index % 4 == 1)
            sum.v = AdvSimd.Arm64.FusedMultiplyAddBySelectedScalar(sum.v.AsSingle(), b.v.AsSingle(),
                x.Register.v.AsSingle(), 1).As<float, T>();
        else if (typeof(T) == typeof(float) && index % 4 == 2)
            sum.v = AdvSimd.Arm64.FusedMultiplyAddBySelectedScalar(sum.v.AsSingle(), b.v.AsSingle(),
                x.Register.v.AsSingle(), 2).As<float, T>();
        else if (typeof(T) == typeof(float) && index % 4 == 3)
            sum.v = AdvSimd.Arm64.FusedMultiplyAddBySelectedScalar(sum.v.AsSingle(), b.v.AsSingle(),
                x.Register.v.AsSingle(), 3).As<float, T>();
        else if (index % 2 == 0)
            sum.v = AdvSimd.Arm64.FusedMultiplyAddBySelectedScalar(sum.v.AsDouble(), b.v.AsDouble(),
                x.Register.v.AsDouble(), 0).As<double, T>();
        else
            sum.v = AdvSimd.Arm64.FusedMultiplyAddBySelectedScalar(sum.v.AsDouble(), b.v.AsDouble(),
                x.Register.v.AsDouble(), 1).As<double, T>();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static NeonLanes<T> MulAdd(NeonLanes<T> a, NeonLanes<T> b, NeonLanes<T> c)
    {
        Accumulate(ref c, a, b);
        return c;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static NeonLanes<T> Add(NeonLanes<T> a, NeonLanes<T> b) => new(a.v + b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static NeonLanes<T> Subtract(NeonLanes<T> a, NeonLanes<T> b) => new(a.v - b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static NeonLanes<T> Multiply(NeonLanes<T> a, NeonLanes<T> b) => new(a.v * b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static NeonLanes<T> Divide(NeonLanes<T> a, NeonLanes<T> b) => new(a.v / b.v);

    // Not by FMIN and FMAX, which give NaN where either operand is NaN, and order two zeros by their sign.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static NeonLanes<T> Min(NeonLanes<T> a, NeonLanes<T> b) => Select(GreaterThan(b, a), a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static NeonLanes<T> Max(NeonLanes<T> a, NeonLanes<T> b) => Select(GreaterThan(a, b), a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static NeonLanes<T> GreaterThan(NeonLanes<T> a, NeonLanes<T> b) => new(Vector128.GreaterThan(a.v, b.v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static NeonLanes<T> Equal(NeonLanes<T> a, NeonLanes<T> b) => new(Vector128.Equals(a.v, b.v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static NeonLanes<T> And(NeonLanes<T> a, NeonLanes<T> b) => new(a.v & b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static NeonLanes<T> Or(NeonLanes<T> a, NeonLanes<T> b) => new(a.v | b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static NeonLanes<T> Select(NeonLanes<T> mask, NeonLanes<T> a, NeonLanes<T> b) =>
        new(Vector128.ConditionalSelect(mask.v, a.v, b.v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static NeonLanes<T> PowerOfTwo(NeonLanes<T> shifted) => typeof(T) == typeof(float)
        ? new(((shifted.v.AsInt32() << 23) + Vector128.Create(1f).AsInt32()).As<int, T>())
        : new(((shifted.v.AsInt64() << 52) + Vector128.Create(1d).AsInt64()).As<long, T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static NeonLanes<T> FromBytes(byte* source)
    {
        if (typeof(T) == typeof(double))
            return new(Vector128.Create((double)source[0], source[1]).As<double, T>());
        Vector64<byte> four = Vector64.CreateScalar(*(uint*)source).AsByte();
        Vector128<uint> wide = AdvSimd.ZeroExtendWideningLower(AdvSimd.ZeroExtendWideningLower(four).GetLower());
        return new(AdvSimd.ConvertToSingle(wide).As<float, T>());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToBytes(byte* target, NeonLanes<T> value)
    {
        if (typeof(T) == typeof(double))
        {
            target[0] = (byte)(int)value.v.AsDouble().GetElement(0);
            target[1] = (byte)(int)value.v.AsDouble().GetElement(1);
            return;
        }

        Vector64<ushort> words = AdvSimd.ExtractNarrowingLower(AdvSimd.ConvertToUInt32RoundToZero(value.v.AsSingle()));
        *(uint*)target = AdvSimd.ExtractNarrowingLower(Vector128.Create(words, words)).AsUInt32().ToScalar();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (NeonLanes<T> Even, NeonLanes<T> Odd) Deinterleave(NeonLanes<T> low, NeonLanes<T> high) =>
        typeof(T) == typeof(float)
        ? (new(AdvSimd.Arm64.UnzipEven(low.v.AsSingle(), high.v.AsSingle()).As<float, T>()),
            new(AdvSimd.Arm64.UnzipOdd(low.v.AsSingle(), high.v.AsSingle()).As<float, T>()))
        : (new(AdvSimd.Arm64.UnzipEven(low.v.AsDouble(), high.v.AsDouble()).As<double, T>()),
            new(AdvSimd.Arm64.UnzipOdd(low.v.AsDouble(), high.v.AsDouble()).As<double, T>()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (NeonLanes<T> Low, NeonLanes<T> High) Interleave(NeonLanes<T> even, NeonLanes<T> odd) =>
        typeof(T) == typeof(float)
        ? (new(AdvSimd.Arm64.ZipLow(even.v.AsSingle(), odd.v.AsSingle()).As<float, T>()),
            new(AdvSimd.Arm64.ZipHigh(even.v.AsSingle(), odd.v.AsSingle()).As<float, T>()))
        : (new(AdvSimd.Arm64.ZipLow(even.v.AsDouble(), odd.v.AsDouble()).As<double, T>()),
            new(AdvSimd.Arm64.ZipHigh(even.v.AsDouble(), odd.v.AsDouble()).As<double, T>()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (NeonLanes<T> Low, NeonLanes<T> High) Exchange(NeonLanes<T> a, NeonLanes<T> b, int bit) =>
        bit * sizeof(T) == sizeof(float)
        ? (new(AdvSimd.Arm64.TransposeEven(a.v.AsSingle(), b.v.AsSingle()).As<float, T>()),
            new(AdvSimd.Arm64.TransposeOdd(a.v.AsSingle(), b.v.AsSingle()).As<float, T>()))
        : (new(AdvSimd.Arm64.TransposeEven(a.v.AsDouble(), b.v.AsDouble()).As<double, T>()),
            new(AdvSimd.Arm64.TransposeOdd(a.v.AsDouble(), b.v.AsDouble()).As<double, T>()));

    /// <summary>Two floats, and the one behind them where there are three.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static NeonLanes<T> WithThird(Vector128<double> pair, T* source, bool three) =>
        new((three ? AdvSimd.LoadAndInsertScalar(pair.AsSingle(), 2, (float*)source + 2) : pair.AsSingle()).As<float, T>());
}
