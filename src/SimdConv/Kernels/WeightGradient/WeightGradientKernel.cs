namespace SimdConv.Kernels;

/// <summary>The family of weight-gradient tiles of one tier that are <typeparamref name="TVectors"/> registers wide.</summary>
internal static unsafe class WeightGradientKernel<TVec, T, TVectors>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TVectors : struct, IConstant
{
    /// <summary>
    /// The most rows: what one position of dY and a broadcast leave of the vector registers, and at most 8, as each row takes a
    /// general register for its address. Of eight the JIT spills some in the loop, which the 24 multiply-adds of an 8x3 tile
    /// hide; two registers wide, 7 rows take 9 % less time.
    /// </summary>
    public static int MR => Math.Min(TVectors.Value == 2 ? 7 : 8, (TVec.Registers - TVectors.Value - 1) / TVectors.Value);

    public static void Run(int rows, in WeightGradientOperands<T> operands)
    {
        switch (rows)
        {
            case 1: WeightGradientTile<TVec, T, N1, TVectors>.Run(operands); break;
            case 2: WeightGradientTile<TVec, T, N2, TVectors>.Run(operands); break;
            case 3: WeightGradientTile<TVec, T, N3, TVectors>.Run(operands); break;
            case 4: WeightGradientTile<TVec, T, N4, TVectors>.Run(operands); break;
            case 5: WeightGradientTile<TVec, T, N5, TVectors>.Run(operands); break;
            case 6: WeightGradientTile<TVec, T, N6, TVectors>.Run(operands); break;
            case 7: WeightGradientTile<TVec, T, N7, TVectors>.Run(operands); break;
            case 8: WeightGradientTile<TVec, T, N8, TVectors>.Run(operands); break;
        }
    }
}
