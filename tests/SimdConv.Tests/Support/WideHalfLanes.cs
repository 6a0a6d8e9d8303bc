using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using SimdConv.Simd;

namespace SimdConv.Tests.Support;

/// <summary>Half a register of <see cref="WideLanes{T}"/>; there are 32 as well.</summary>
internal readonly unsafe struct WideHalfLanes<T>(Vector256<T> value) : ILanes<WideHalfLanes<T>, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Vector256<T> v = value;

    public static int Count => Vector256<T>.Count;

    public static int Registers => 32;

    public static bool HasElements => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideHalfLanes<T> Broadcast(T value) => new(Vector256.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideHalfLanes<T> Load(T* source) => new(Vector256.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(T* target, WideHalfLanes<T> value) => value.v.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreStreaming(T* target, WideHalfLanes<T> value) => value.v.StoreAlignedNonTemporal(target);

    public static WideHalfLanes<T> LoadPartial(T* source, int count) => InMemory<WideHalfLanes<T>, T>.LoadPartial(source, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideHalfLanes<T> LoadMasked(T* source, WideHalfLanes<T> mask) =>
        mask.v.AsInt32() == Vector256<int>.Zero ? default : InMemory<WideHalfLanes<T>, T>.LoadMasked(source, mask);

    public static void StorePartial(T* target, WideHalfLanes<T> value, int count) =>
        InMemory<WideHalfLanes<T>, T>.StorePartial(target, value, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Accumulate(ref WideHalfLanes<T> sum, WideHalfLanes<T> a, WideHalfLanes<T> b) => sum = MulAdd(a, b, sum);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Accumulate(ref WideHalfLanes<T> sum, WideHalfLanes<T> a, T* b) => sum = MulAdd(a, Broadcast(*b), sum);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Elements<WideHalfLanes<T>> LoadElement(Elements<WideHalfLanes<T>> held, T* elements, int index, int count) =>
        new(Broadcast(elements[index]));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Accumulate(ref WideHalfLanes<T> sum, Elements<WideHalfLanes<T>> x, int index, WideHalfLanes<T> b) =>
        Accumulate(ref sum, x.Register, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideHalfLanes<T> MulAdd(WideHalfLanes<T> a, WideHalfLanes<T> b, WideHalfLanes<T> c) =>
        typeof(T) == typeof(float)
        ? new(Vector256.FusedMultiplyAdd(a.v.AsSingle(), b.v.AsSingle(), c.v.AsSingle()).As<float, T>())
        : new(Vector256.FusedMultiplyAdd(a.v.AsDouble(), b.v.AsDouble(), c.v.AsDouble()).As<double, T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideHalfLanes<T> Add(WideHalfLanes<T> a, WideHalfLanes<T> b) => new(a.v + b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideHalfLanes<T> Subtract(WideHalfLanes<T> a, WideHalfLanes<T> b) => new(a.v - b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideHalfLanes<T> Multiply(WideHalfLanes<T> a, WideHalfLanes<T> b) => new(a.v * b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideHalfLanes<T> Divide(WideHalfLanes<T> a, WideHalfLanes<T> b) => new(a.v / b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideHalfLanes<T> Min(WideHalfLanes<T> a, WideHalfLanes<T> b) => Select(GreaterThan(b, a), a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideHalfLanes<T> Max(WideHalfLanes<T> a, WideHalfLanes<T> b) => Select(GreaterThan(a, b), a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideHalfLanes<T> GreaterThan(WideHalfLanes<T> a, WideHalfLanes<T> b) => new(Vector256.GreaterThan(a.v, b.v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideHalfLanes<T> Equal(WideHalfLanes<T> a, WideHalfLanes<T> b) => new(Vector256.Equals(a.v, b.v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideHalfLanes<T> And(WideHalfLanes<T> a, WideHalfLanes<T> b) => new(a.v & b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideHalfLanes<T> Or(WideHalfLanes<T> a, WideHalfLanes<T> b) => new(a.v | b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideHalfLanes<T> Select(WideHalfLanes<T> mask, WideHalfLanes<T> a, WideHalfLanes<T> b) =>
        new(Vector256.ConditionalSelect(mask.v, a.v, b.v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideHalfLanes<T> PowerOfTwo(WideHalfLanes<T> shifted) => typeof(T) == typeof(float)
        ? new(((shifted.v.AsInt32() << 23) + Vector256.Create(1f).AsInt32()).As<int, T>())
        : new(((shifted.v.AsInt64() << 52) + Vector256.Create(1d).AsInt64()).As<long, T>());

    public static WideHalfLanes<T> FromBytes(byte* source) => InMemory<WideHalfLanes<T>, T>.FromBytes(source);

    public static void ToBytes(byte* target, WideHalfLanes<T> value) => InMemory<WideHalfLanes<T>, T>.ToBytes(target, value);

    public static (WideHalfLanes<T> Even, WideHalfLanes<T> Odd) Deinterleave(WideHalfLanes<T> low, WideHalfLanes<T> high) =>
        InMemory<WideHalfLanes<T>, T>.Deinterleave(low, high);

    public static (WideHalfLanes<T> Low, WideHalfLanes<T> High) Interleave(WideHalfLanes<T> even, WideHalfLanes<T> odd) =>
        InMemory<WideHalfLanes<T>, T>.Interleave(even, odd);

    public static (WideHalfLanes<T> Low, WideHalfLanes<T> High) Exchange(WideHalfLanes<T> a, WideHalfLanes<T> b, int bit) =>
        InMemory<WideHalfLanes<T>, T>.Exchange(a, b, bit);
}
