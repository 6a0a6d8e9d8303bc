namespace SimdConv.Kernels;

/// <summary>One row of a tile: one element of A with all registers of a row of B.</summary>
internal static unsafe class TileRow<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>
    /// Multiplies the first register, and returns the element of A in all lanes for the other registers. A row of one register
    /// takes the element as a broadcast memory operand: 14 multiply-adds then take 14 cycles on Zen 4, with broadcasts as
    /// instructions of their own 20.
    /// </summary>
    /// <param name="vectors">Registers of the row, a constant to the JIT.</param>
    /// <param name="a">The element.</param>
    /// <param name="c">The first register of the row of C.</param>
    /// <param name="b">The first register of the row of B.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Start(int vectors, T* a, ref TVec c, TVec b)
    {
        TVec x = vectors > 1 ? TVec.Broadcast(*a) : default;
        if (vectors > 1)
            TVec.Accumulate(ref c, x, b);
        else
            TVec.Accumulate(ref c, b, a);
        return x;
    }
}
