namespace SimdConv.Kernels;

/// <summary>Looks for infinities and NaN, the only values whose product with 0 isn't 0.</summary>
internal static unsafe class FiniteScan<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Whether all elements are finite.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool Run(T* data, nint count)
    {
        int w = TVec.Count;
        TVec zero = default, s0 = default, s1 = default, s2 = default, s3 = default;
        nint i = 0;
        for (; i + (4 * w) <= count; i += 4 * w)
        {
            s0 = TVec.MulAdd(TVec.Load(data + i), zero, s0);
            s1 = TVec.MulAdd(TVec.Load(data + i + w), zero, s1);
            s2 = TVec.MulAdd(TVec.Load(data + i + (2 * w)), zero, s2);
            s3 = TVec.MulAdd(TVec.Load(data + i + (3 * w)), zero, s3);
        }

        for (; i < count; i += w)
        {
            TVec last = i + w <= count ? TVec.Load(data + i) : TVec.LoadPartial(data + i, (int)(count - i));
            s0 = TVec.MulAdd(last, zero, s0);
        }

        T* lanes = stackalloc T[w];
        TVec.Store(lanes, TVec.Add(TVec.Add(s0, s1), TVec.Add(s2, s3)));
        T sum = T.Zero, other = T.Zero;
        for (int lane = 0; lane + 1 < w; lane += 2)
            (sum, other) = (sum + lanes[lane], other + lanes[lane + 1]);
        sum += other + lanes[w - 1];
        return sum == T.Zero;
    }
}
