namespace SimdConv.Kernels;

/// <summary>
/// The micro-kernel of depthwise convolution whose lanes are channels: neighbouring columns of two rows of outputs, each output
/// one chain over the taps, whose weights are a register each.
/// </summary>
/// <remarks>
/// Every register of the strip begins at a multiple of its size, so that no load straddles cache lines, whatever tap, stride and
/// width: that is what planes in lanes wait for with kernels of 5x5 and larger. Twelve or eight chains keep two multiply-add
/// units of four cycles busy.
/// </remarks>
internal static unsafe class ChannelTile<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>All columns of a pair of rows.</summary>
    /// <param name="operands">Weights, offsets and pitches.</param>
    /// <param name="x">The register of the first tap of the pair's first output.</param>
    /// <param name="y">A register for each output, row by row; what chains go on from where the operands say so.</param>
    /// <param name="rows">Rows that are stored, 1 or 2.</param>
    public static void Run(in ChannelOperands<T> operands, T* x, T* y, int rows)
    {
        int stride = operands.Stride * TVec.Count;
        for (int left = operands.Width; left > 0;)
        {
            int columns = ChannelColumns.OfTile(left), count = Math.Min(columns, left);
            if (columns == ChannelColumns.Wide)
                Run<N6>(in operands, x, y, rows, count);
            else
                Run<N4>(in operands, x, y, rows, count);
            x += (nint)count * stride;
            y += (nint)count * TVec.Count;
            left -= count;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run<TColumns>(in ChannelOperands<T> operands, T* x, T* y, int rows, int count)
        where TColumns : struct, IConstant
    {
        nint w = TVec.Count, step = operands.Stride * w, step3 = 3 * step, step5 = 5 * step;
        nint row = rows > 1 ? operands.NextRow : 0;
        T* y2 = y + (operands.Width * w), weights = operands.Weights;
        TVec start = TVec.Load(operands.Start), a0 = start, a1 = start, a2 = start, a3 = start, a4 = start, a5 = start,
            b0 = start, b1 = start, b2 = start, b3 = start, b4 = start, b5 = start;
        if (operands.GoOn)
        {
            a0 = TVec.Load(y);
            a1 = TVec.Load(y + w);
            a2 = TVec.Load(y + (2 * w));
            a3 = TVec.Load(y + (3 * w));
            if (TColumns.Value > 4) a4 = TVec.Load(y + (4 * w));
            if (TColumns.Value > 4) a5 = TVec.Load(y + (5 * w));
            b0 = TVec.Load(y2);
            b1 = TVec.Load(y2 + w);
            b2 = TVec.Load(y2 + (2 * w));
            b3 = TVec.Load(y2 + (3 * w));
            if (TColumns.Value > 4) b4 = TVec.Load(y2 + (4 * w));
            if (TColumns.Value > 4) b5 = TVec.Load(y2 + (5 * w));
        }

        int* offsets = operands.Offsets;
        for (int* end = offsets + operands.Taps; offsets < end; offsets++, weights += w)
        {
            T* at = x + *offsets, below = at + row;
            TVec tap = TVec.Load(weights);
            TVec.Accumulate(ref a0, tap, TVec.Load(at));
            TVec.Accumulate(ref b0, tap, TVec.Load(below));
            TVec.Accumulate(ref a1, tap, TVec.Load(at + step));
            TVec.Accumulate(ref b1, tap, TVec.Load(below + step));
            TVec.Accumulate(ref a2, tap, TVec.Load(at + (2 * step)));
            TVec.Accumulate(ref b2, tap, TVec.Load(below + (2 * step)));
            TVec.Accumulate(ref a3, tap, TVec.Load(at + step3));
            TVec.Accumulate(ref b3, tap, TVec.Load(below + step3));
            if (TColumns.Value > 4) TVec.Accumulate(ref a4, tap, TVec.Load(at + (4 * step)));
            if (TColumns.Value > 4) TVec.Accumulate(ref b4, tap, TVec.Load(below + (4 * step)));
            if (TColumns.Value > 4) TVec.Accumulate(ref a5, tap, TVec.Load(at + step5));
            if (TColumns.Value > 4) TVec.Accumulate(ref b5, tap, TVec.Load(below + step5));
        }

        Store<TColumns>(y, count, a0, a1, a2, a3, a4, a5);
        if (rows > 1)
            Store<TColumns>(y2, count, b0, b1, b2, b3, b4, b5);
    }

    /// <summary>Columns behind those that there are have been computed of whatever lies there, and are dropped.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TColumns>(T* y, int count, TVec y0, TVec y1, TVec y2, TVec y3, TVec y4, TVec y5)
        where TColumns : struct, IConstant
    {
        nint w = TVec.Count;
        TVec.Store(y, y0);
        if (count > 1) TVec.Store(y + w, y1);
        if (count > 2) TVec.Store(y + (2 * w), y2);
        if (count > 3) TVec.Store(y + (3 * w), y3);
        if (TColumns.Value > 4 && count > 4) TVec.Store(y + (4 * w), y4);
        if (TColumns.Value > 4 && count > 5) TVec.Store(y + (5 * w), y5);
    }
}
