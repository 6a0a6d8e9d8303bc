namespace SimdConv.Kernels;

/// <summary>
/// One output channel of a convolution of one input channel a group, where images are innermost: y[i] = start + sum over taps of
/// x[offset of the tap + i] * weight of the tap, over segments of neighbouring images.
/// </summary>
/// <remarks>
/// Register map: s0..s3 hold the sums of four registers, weight one tap. The tile of the matrix product would have a single row
/// here, too few terms to pay for calling it. The last register of a segment begins early enough to end with it.
/// </remarks>
internal static unsafe class ImageRowTile<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(in ImageRowOperands<T> operands)
    {
        int w = TVec.Count, taps = operands.Taps, length = operands.Length;
        nint next = operands.NextWeight;
        int* pairs = operands.Pairs;
        T* weights = operands.Weights, x = operands.X, y = operands.Y;
        TVec start = TVec.Broadcast(operands.Start);
        for (int segment = operands.Segments; segment > 0; segment--, x += operands.NextX, y += operands.NextY)
        {
            int i = 0;
            for (; length - i >= 4 * w; i += 4 * w)
            {
                TVec s0 = start, s1 = start, s2 = start, s3 = start;
                for (int k = 0; k < taps; k++)
                {
                    T* row = x + i + pairs[2 * k];
                    Elements<TVec> weight = Weight(weights, pairs[(2 * k) + 1] * next);
                    TVec.Accumulate(ref s0, weight, 0, TVec.Load(row));
                    TVec.Accumulate(ref s1, weight, 0, TVec.Load(row + w));
                    TVec.Accumulate(ref s2, weight, 0, TVec.Load(row + (2 * w)));
                    TVec.Accumulate(ref s3, weight, 0, TVec.Load(row + (3 * w)));
                }

                TVec.Store(y + i, s0);
                TVec.Store(y + i + w, s1);
                TVec.Store(y + i + (2 * w), s2);
                TVec.Store(y + i + (3 * w), s3);
            }

            // Two registers, of which the second may overlap the first; where one is left, both are the same.
            for (; i < length; i += 2 * w)
            {
                int first = Math.Min(i, length - w), second = Math.Min(i + w, length - w);
                TVec s0 = start, s1 = start;
                for (int k = 0; k < taps; k++)
                {
                    T* row = x + pairs[2 * k];
                    Elements<TVec> weight = Weight(weights, pairs[(2 * k) + 1] * next);
                    TVec.Accumulate(ref s0, weight, 0, TVec.Load(row + first));
                    TVec.Accumulate(ref s1, weight, 0, TVec.Load(row + second));
                }

                TVec.Store(y + first, s0);
                TVec.Store(y + second, s1);
            }
        }
    }

    /// <summary>One weight. The tiers that broadcast fold the address into the load only where the element is named so.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Elements<TVec> Weight(T* weights, nint offset) =>
        TVec.HasElements ? TVec.LoadElement(default, weights + offset, 0, 1) : new(TVec.Broadcast(weights[offset]));
}
