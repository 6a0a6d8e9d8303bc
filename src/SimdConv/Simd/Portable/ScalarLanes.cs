namespace SimdConv.Simd;

/// <summary>One element as a register of one lane: the tier that runs everywhere.</summary>
internal unsafe struct ScalarLanes<T>(T value) : ILanes<ScalarLanes<T>, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private T v = value;

    public static int Count => 1;

    public static int Registers => 16;

    public static bool HasElements => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLanes<T> Broadcast(T value) => new(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLanes<T> Load(T* source) => new(*source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(T* target, ScalarLanes<T> value) => *target = value.v;

    // There is no part of one lane: 1 <= count < Count never holds.
    public static void StoreStreaming(T* target, ScalarLanes<T> value) => Store(target, value);

    public static ScalarLanes<T> LoadPartial(T* source, int count) => new(*source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLanes<T> LoadMasked(T* source, ScalarLanes<T> mask) => mask.Bits != 0 ? new(*source) : default;

    public static void StorePartial(T* target, ScalarLanes<T> value, int count) => *target = value.v;

    // Fuses where the hardware does; FusedMultiplyAdd would call software elsewhere.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Accumulate(ref ScalarLanes<T> sum, ScalarLanes<T> a, ScalarLanes<T> b) =>
        sum.v = T.MultiplyAddEstimate(a.v, b.v, sum.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Accumulate(ref ScalarLanes<T> sum, ScalarLanes<T> a, T* b) => Accumulate(ref sum, a, Broadcast(*b));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Elements<ScalarLanes<T>> LoadElement(Elements<ScalarLanes<T>> held, T* elements, int index, int count) =>
        new(new(elements[index]));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Accumulate(ref ScalarLanes<T> sum, Elements<ScalarLanes<T>> x, int index, ScalarLanes<T> b) =>
        sum.v = T.MultiplyAddEstimate(x.Register.v, b.v, sum.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLanes<T> MulAdd(ScalarLanes<T> a, ScalarLanes<T> b, ScalarLanes<T> c) =>
        new(T.MultiplyAddEstimate(a.v, b.v, c.v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLanes<T> Add(ScalarLanes<T> a, ScalarLanes<T> b) => new(a.v + b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLanes<T> Subtract(ScalarLanes<T> a, ScalarLanes<T> b) => new(a.v - b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLanes<T> Multiply(ScalarLanes<T> a, ScalarLanes<T> b) => new(a.v * b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLanes<T> Divide(ScalarLanes<T> a, ScalarLanes<T> b) => new(a.v / b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLanes<T> Min(ScalarLanes<T> a, ScalarLanes<T> b) => a.v < b.v ? a : b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLanes<T> Max(ScalarLanes<T> a, ScalarLanes<T> b) => a.v > b.v ? a : b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLanes<T> GreaterThan(ScalarLanes<T> a, ScalarLanes<T> b) => Mask(a.v > b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLanes<T> Equal(ScalarLanes<T> a, ScalarLanes<T> b) => Mask(a.v == b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLanes<T> And(ScalarLanes<T> a, ScalarLanes<T> b) => FromBits(a.Bits & b.Bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLanes<T> Or(ScalarLanes<T> a, ScalarLanes<T> b) => FromBits(a.Bits | b.Bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLanes<T> Select(ScalarLanes<T> mask, ScalarLanes<T> a, ScalarLanes<T> b) => mask.Bits != 0 ? a : b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLanes<T> PowerOfTwo(ScalarLanes<T> shifted) => typeof(T) == typeof(float)
        ? FromBits(unchecked((int)((uint)shifted.Bits << 23) + BitConverter.SingleToInt32Bits(1f)))
        : FromBits(unchecked((shifted.Bits << 52) + BitConverter.DoubleToInt64Bits(1d)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ScalarLanes<T> FromBytes(byte* source) => new(T.CreateTruncating(*source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToBytes(byte* target, ScalarLanes<T> value) => *target = byte.CreateTruncating(value.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (ScalarLanes<T> Even, ScalarLanes<T> Odd) Deinterleave(ScalarLanes<T> low, ScalarLanes<T> high) => (low, high);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (ScalarLanes<T> Low, ScalarLanes<T> High) Interleave(ScalarLanes<T> even, ScalarLanes<T> odd) => (even, odd);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (ScalarLanes<T> Low, ScalarLanes<T> High) Exchange(ScalarLanes<T> a, ScalarLanes<T> b, int bit) => (a, b);

    private readonly long Bits
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => typeof(T) == typeof(float) ? Unsafe.BitCast<T, int>(v) : Unsafe.BitCast<T, long>(v);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ScalarLanes<T> FromBits(long bits) =>
        new(typeof(T) == typeof(float) ? Unsafe.BitCast<int, T>((int)bits) : Unsafe.BitCast<long, T>(bits));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ScalarLanes<T> Mask(bool set) => FromBits(set ? -1 : 0);
}
