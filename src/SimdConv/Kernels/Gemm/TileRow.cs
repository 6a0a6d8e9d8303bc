namespace SimdConv.Kernels;

/// <summary>One row of a tile: one element of A with all registers of a row of B.</summary>
internal static unsafe class TileRow<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>
    /// Multiplies the first register, and returns the element of A for the other registers. Where the tier broadcasts, a row of
    /// one register takes the element as a broadcast memory operand: 14 multiply-adds then take 14 cycles on Zen 4, with
    /// broadcasts as instructions of their own 20.
    /// </summary>
    /// <param name="vectors">Registers of the row, a constant to the JIT.</param>
    /// <param name="held">What the row above has returned.</param>
    /// <param name="a">Neighbouring elements of A.</param>
    /// <param name="index">Which of them is that of this row, a constant to the JIT.</param>
    /// <param name="count">How many there are, a constant to the JIT.</param>
    /// <param name="c">The first register of the row of C.</param>
    /// <param name="b">The first register of the row of B.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Elements<TVec> Start(int vectors, Elements<TVec> held, T* a, int index, int count, ref TVec c, TVec b)
    {
        bool isLoaded = vectors > 1 || TVec.HasElements;
        Elements<TVec> x = isLoaded ? TVec.LoadElement(held, a, index, count) : default;
        if (isLoaded)
            TVec.Accumulate(ref c, x, index, b);
        else
            TVec.Accumulate(ref c, b, a + index);
        return x;
    }

    /// <summary>The same where elements of A are apart, so that each row loads its own.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Elements<TVec> Start(int vectors, T* a, ref TVec c, TVec b)
    {
        Elements<TVec> x = vectors > 1 ? TVec.LoadElement(default, a, 0, 1) : default;
        if (vectors > 1)
            TVec.Accumulate(ref c, x, 0, b);
        else
            TVec.Accumulate(ref c, b, a);
        return x;
    }
}
