namespace SimdConv.Simd;

/// <summary>A Vector&lt;T&gt;, whatever width the runtime gives it.</summary>
internal unsafe struct VectorLanes<T>(Vector<T> value) : ILanes<VectorLanes<T>, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private Vector<T> v = value;

    public static int Count
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector<T>.Count;
    }

    public static int Registers => 16;

    public static bool HasElements => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLanes<T> Broadcast(T value) => new(Vector.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLanes<T> Load(T* source) => new(Vector.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(T* target, VectorLanes<T> value) => value.v.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreStreaming(T* target, VectorLanes<T> value) => value.v.StoreAlignedNonTemporal(target);

    public static VectorLanes<T> LoadPartial(T* source, int count) => InMemory<VectorLanes<T>, T>.LoadPartial(source, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLanes<T> LoadMasked(T* source, VectorLanes<T> mask) =>
        Vector.EqualsAll(Vector.As<T, int>(mask.v), Vector<int>.Zero)
            ? default
            : InMemory<VectorLanes<T>, T>.LoadMasked(source, mask);

    public static void StorePartial(T* target, VectorLanes<T> value, int count) =>
        InMemory<VectorLanes<T>, T>.StorePartial(target, value, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Accumulate(ref VectorLanes<T> sum, VectorLanes<T> a, VectorLanes<T> b)
    {
        // Fuses where the hardware does; Vector.FusedMultiplyAdd would call software elsewhere.
        if (typeof(T) == typeof(float))
        {
            sum.v = Vector.As<float, T>(Vector.MultiplyAddEstimate(
                Vector.As<T, float>(a.v), Vector.As<T, float>(b.v), Vector.As<T, float>(sum.v)));
        }
        else
        {
            sum.v = Vector.As<double, T>(Vector.MultiplyAddEstimate(
                Vector.As<T, double>(a.v), Vector.As<T, double>(b.v), Vector.As<T, double>(sum.v)));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Accumulate(ref VectorLanes<T> sum, VectorLanes<T> a, T* b) => Accumulate(ref sum, a, Broadcast(*b));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Elements<VectorLanes<T>> LoadElement(Elements<VectorLanes<T>> held, T* elements, int index, int count) =>
        new(new(new Vector<T>(elements[index])));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Accumulate(ref VectorLanes<T> sum, Elements<VectorLanes<T>> x, int index, VectorLanes<T> b) =>
        Accumulate(ref sum, x.Register, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLanes<T> MulAdd(VectorLanes<T> a, VectorLanes<T> b, VectorLanes<T> c)
    {
        Accumulate(ref c, a, b);
        return c;
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
    public static VectorLanes<T> Max(VectorLanes<T> a, VectorLanes<T> b) => Select(GreaterThan(a, b), a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLanes<T> GreaterThan(VectorLanes<T> a, VectorLanes<T> b) => new(Vector.GreaterThan(a.v, b.v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLanes<T> Equal(VectorLanes<T> a, VectorLanes<T> b) => new(Vector.Equals(a.v, b.v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLanes<T> And(VectorLanes<T> a, VectorLanes<T> b) => new(a.v & b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLanes<T> Or(VectorLanes<T> a, VectorLanes<T> b) => new(a.v | b.v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLanes<T> Select(VectorLanes<T> mask, VectorLanes<T> a, VectorLanes<T> b) =>
        new(Vector.ConditionalSelect(mask.v, a.v, b.v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorLanes<T> PowerOfTwo(VectorLanes<T> shifted)
    {
        return typeof(T) == typeof(float)
            ? new(Vector.As<int, T>((Vector.As<T, int>(shifted.v) << 23) + Vector.As<float, int>(Vector<float>.One)))
            : new(Vector.As<long, T>((Vector.As<T, long>(shifted.v) << 52) + Vector.As<double, long>(Vector<double>.One)));
    }

    public static VectorLanes<T> FromBytes(byte* source) => InMemory<VectorLanes<T>, T>.FromBytes(source);

    public static void ToBytes(byte* target, VectorLanes<T> value) => InMemory<VectorLanes<T>, T>.ToBytes(target, value);

    public static (VectorLanes<T> Even, VectorLanes<T> Odd) Deinterleave(VectorLanes<T> low, VectorLanes<T> high) =>
        InMemory<VectorLanes<T>, T>.Deinterleave(low, high);

    public static (VectorLanes<T> Low, VectorLanes<T> High) Interleave(VectorLanes<T> even, VectorLanes<T> odd) =>
        InMemory<VectorLanes<T>, T>.Interleave(even, odd);

    public static (VectorLanes<T> Low, VectorLanes<T> High) Exchange(VectorLanes<T> a, VectorLanes<T> b, int bit) =>
        InMemory<VectorLanes<T>, T>.Exchange(a, b, bit);
}
