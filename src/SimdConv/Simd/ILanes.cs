namespace SimdConv.Simd;

/// <summary>
/// A vector register of one tier and the few operations that kernels are written over. The JIT compiles each
/// instantiation to the plain instructions: a kernel over lanes costs nothing over one written for its tier.
/// </summary>
/// <typeparam name="TSelf">The register type itself.</typeparam>
/// <typeparam name="T">The element type, float or double.</typeparam>
internal unsafe interface ILanes<TSelf, T>
    where TSelf : unmanaged, ILanes<TSelf, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Elements in a register.</summary>
    static abstract int Count { get; }

    /// <summary>Registers that a tile may count on.</summary>
    static abstract int Registers { get; }

    /// <summary>Whether tiles are those for 32 registers; else they are those for 16.</summary>
    static virtual bool HasManyRegisters => TSelf.Registers >= 32;

    /// <summary>
    /// Whether a multiply-add takes one lane of a register for all lanes of its factor, so that one load serves several elements.
    /// </summary>
    static abstract bool HasElements { get; }

    static abstract TSelf Broadcast(T value);

    static abstract TSelf Load(T* source);

    static abstract void Store(T* target, TSelf value);

    /// <summary>Past the caches where the tier can; the target is aligned to the register.</summary>
    static abstract void StoreStreaming(T* target, TSelf value);

    /// <summary>The first <paramref name="count"/> elements (1 to Count - 1), zeros behind them; reads no others.</summary>
    static abstract TSelf LoadPartial(T* source, int count);

    /// <summary>The elements whose bits of the mask are set, zeros elsewhere; the others need not be readable.</summary>
    static abstract TSelf LoadMasked(T* source, TSelf mask);

    /// <summary>Writes the first <paramref name="count"/> elements (1 to Count - 1) and no others.</summary>
    static abstract void StorePartial(T* target, TSelf value, int count);

    /// <summary>a * b + c, rounded once wherever the tier fuses.</summary>
    static abstract TSelf MulAdd(TSelf a, TSelf b, TSelf c);

    /// <summary>
    /// sum = a * b + sum, the same as <see cref="MulAdd"/>: in place, which spares a tile the JIT's copies between registers.
    /// </summary>
    static abstract void Accumulate(ref TSelf sum, TSelf a, TSelf b);

    /// <summary>
    /// The same with one element in all lanes of b, for one use: an instruction of its own would cost as much as half a
    /// multiply-add.
    /// </summary>
    static abstract void Accumulate(ref TSelf sum, TSelf a, T* b);

    /// <summary>
    /// Element <paramref name="index"/> of <paramref name="count"/> neighbours, to multiply whole registers. Tiles ask for
    /// ascending indices, which are constants to the JIT. No element behind <paramref name="count"/> is read.
    /// </summary>
    /// <param name="held">What the call for the index before has returned.</param>
    /// <param name="elements">Element 0.</param>
    /// <param name="index">Which element.</param>
    /// <param name="count">How many there are.</param>
    static abstract Elements<TSelf> LoadElement(Elements<TSelf> held, T* elements, int index, int count);

    /// <summary>sum = x * b + sum, x being the element that <see cref="LoadElement"/> has returned for the same index.</summary>
    static abstract void Accumulate(ref TSelf sum, Elements<TSelf> x, int index, TSelf b);

    static abstract TSelf Add(TSelf a, TSelf b);

    static abstract TSelf Subtract(TSelf a, TSelf b);

    static abstract TSelf Multiply(TSelf a, TSelf b);

    static abstract TSelf Divide(TSelf a, TSelf b);

    /// <summary>The smaller; <paramref name="b"/> where either is NaN.</summary>
    static abstract TSelf Min(TSelf a, TSelf b);

    /// <summary>The larger; <paramref name="b"/> where they are equal or either is NaN.</summary>
    static abstract TSelf Max(TSelf a, TSelf b);

    /// <summary>All bits set where a &gt; b; clear elsewhere, NaN included.</summary>
    static abstract TSelf GreaterThan(TSelf a, TSelf b);

    /// <summary>All bits set where a == b; clear elsewhere, NaN included.</summary>
    static abstract TSelf Equal(TSelf a, TSelf b);

    static abstract TSelf And(TSelf a, TSelf b);

    static abstract TSelf Or(TSelf a, TSelf b);

    /// <summary><paramref name="a"/> where the mask's bits are set, else <paramref name="b"/>.</summary>
    static abstract TSelf Select(TSelf mask, TSelf a, TSelf b);

    /// <summary>
    /// 2^n, where <paramref name="shifted"/> is n + 1.5 * 2^(mantissa bits), the addition that rounds to an integer.
    /// </summary>
    static abstract TSelf PowerOfTwo(TSelf shifted);

    /// <summary>Count bytes as numbers.</summary>
    static abstract TSelf FromBytes(byte* source);

    /// <summary>Stores integers of 0 to 255 as Count bytes.</summary>
    static abstract void ToBytes(byte* target, TSelf value);

    /// <summary>Elements 0, 2, 4 ... and 1, 3, 5 ... of <paramref name="low"/> followed by <paramref name="high"/>.</summary>
    static abstract (TSelf Even, TSelf Odd) Deinterleave(TSelf low, TSelf high);

    /// <summary>The inverse of <see cref="Deinterleave"/>.</summary>
    static abstract (TSelf Low, TSelf High) Interleave(TSelf even, TSelf odd);

    /// <summary>
    /// A round of a transpose of Count registers, for two whose numbers differ by <paramref name="bit"/>. After rounds of 2, 1,
    /// 4, 8, as far as they are below Count, element j of register i is what element i of register j was; what is where in
    /// between is up to the lanes.
    /// </summary>
    static abstract (TSelf Low, TSelf High) Exchange(TSelf a, TSelf b, int bit);
}
