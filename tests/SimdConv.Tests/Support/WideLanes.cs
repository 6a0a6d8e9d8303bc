using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using SimdConv.Simd;

namespace SimdConv.Tests.Support;

/// <summary>Registers of 512 bits in portable C#, 32 of them: the runtime makes them of what the CPU has.</summary>
internal readonly unsafe struct WideLanes<T>(Vector512<T> value) : ILanes<WideLanes<T>, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Vector512<T> v = value;

    public static int Count => Vector512<T>.Count;

    public static int Registers => 32;

    public static bool HasElements => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideLanes<T> Broadcast(T value) => new(Vector512.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideLanes<T> Load(T* source) => new(Vector512.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(T* target, WideLanes<T> value) => value.v.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreStreaming(T* target, WideLanes<T> value) => value.v.StoreAlignedNonTemporal(target);

    public static WideLanes<T> LoadPartial(T* source, int count) => InMemory<WideLanes<T>, T>.LoadPartial(source, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideLanes<T> LoadMasked(T* source, WideLanes<T> mask) =>
        mask.v.AsInt32() == Vector512<int>.Zero ? default : InMemory<WideLanes<T>, T>.LoadMasked(source, mask);

    public static void StorePartial(T* target, WideLanes<T> value, int count) =>
        InMemory<WideLanes<T>, T>.StorePartial(target, value, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Accumulate(ref WideLanes<T> sum, WideLanes<T> a, WideLanes<T> b) => sum = MulAdd(a, b, sum);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Accumulate(ref WideLanes<T> sum, WideLanes<T> a, T* b) => sum = MulAdd(a, Broadcast(*b), sum);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Elements<WideLanes<T>> LoadElement(Elements<WideLanes<T>> held, T* elements, int index, int count) =>
        new(Broadcast(elements[index]));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Accumulate(ref WideLanes<T> sum, Elements<WideLanes<T>> x, int index, WideLanes<T> b) =>
        Accumulate(ref sum, x.Register, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideLanes<T> MulAdd(WideLanes<T> a, WideLanes<T> b, WideLanes<T> c) => typeof(T) == typeof(float)
        ? new(Vector512.FusedMultiplyAdd(a.v.AsSingle(), b.v.AsSingle(), c.v.AsSingle()).As<float, T>())
        : new(Vector512.FusedMultiplyAdd(a.v.AsDouble(), b.v.AsDouble(), c.v.AsDouble()).As<double, T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideLanes<T> Add(WideLanes<T> a, WideLanes<T> b) => new(a.v + b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideLanes<T> Subtract(WideLanes<T> a, WideLanes<T> b) => new(a.v - b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideLanes<T> Multiply(WideLanes<T> a, WideLanes<T> b) => new(a.v * b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideLanes<T> Divide(WideLanes<T> a, WideLanes<T> b) => new(a.v / b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideLanes<T> Min(WideLanes<T> a, WideLanes<T> b) => Select(GreaterThan(b, a), a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideLanes<T> Max(WideLanes<T> a, WideLanes<T> b) => Select(GreaterThan(a, b), a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideLanes<T> GreaterThan(WideLanes<T> a, WideLanes<T> b) => new(Vector512.GreaterThan(a.v, b.v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideLanes<T> Equal(WideLanes<T> a, WideLanes<T> b) => new(Vector512.Equals(a.v, b.v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideLanes<T> And(WideLanes<T> a, WideLanes<T> b) => new(a.v & b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideLanes<T> Or(WideLanes<T> a, WideLanes<T> b) => new(a.v | b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideLanes<T> Select(WideLanes<T> mask, WideLanes<T> a, WideLanes<T> b) =>
        new(Vector512.ConditionalSelect(mask.v, a.v, b.v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideLanes<T> PowerOfTwo(WideLanes<T> shifted) => typeof(T) == typeof(float)
        ? new(((shifted.v.AsInt32() << 23) + Vector512.Create(1f).AsInt32()).As<int, T>())
        : new(((shifted.v.AsInt64() << 52) + Vector512.Create(1d).AsInt64()).As<long, T>());

    public static WideLanes<T> FromBytes(byte* source) => InMemory<WideLanes<T>, T>.FromBytes(source);

    public static void ToBytes(byte* target, WideLanes<T> value) => InMemory<WideLanes<T>, T>.ToBytes(target, value);

    public static (WideLanes<T> Even, WideLanes<T> Odd) Deinterleave(WideLanes<T> low, WideLanes<T> high) =>
        InMemory<WideLanes<T>, T>.Deinterleave(low, high);

    public static (WideLanes<T> Low, WideLanes<T> High) Interleave(WideLanes<T> even, WideLanes<T> odd) =>
        InMemory<WideLanes<T>, T>.Interleave(even, odd);

    public static (WideLanes<T> Low, WideLanes<T> High) Exchange(WideLanes<T> a, WideLanes<T> b, int bit) =>
        InMemory<WideLanes<T>, T>.Exchange(a, b, bit);
}
