using SimdConv.Packing;

namespace SimdConv.Loops;

/// <content>Adds the virtual lanes of a sum.</content>
internal sealed unsafe partial class DepthwiseWeightGradientLoops<TVec, T>
{
    /// <summary>
    /// Adds lanes l and l + Lanes/2, and so on, until 16 are left; what stands behind the last column counts as zero.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Fold(DepthwiseWeightGradientSchedule schedule, T* sums, int rows, T* to)
    {
        int w = TVec.Count, lanes = schedule.Lanes, width = schedule.Shape.Q, left = WeightGradientSchedule.MostLanes;
        for (; rows > 0; rows--, sums += lanes, to += left)
        {
            for (int j = width / w * w; j < lanes; j += w)
                TVec.Store(sums + j, RowCopy<TVec, T>.LoadUpTo(sums + j, width - j));
            for (int half = lanes / 2; half >= left; half /= 2)
            {
                T* sum = half == left ? to : sums;
                for (int j = 0; j < half; j += w)
                    TVec.Store(sum + j, TVec.Add(TVec.Load(sums + j), TVec.Load(sums + half + j)));
            }
        }
    }

    /// <summary>
    /// Adds the lanes of each row: l and l + 8, then l and l + 4, and so on; those from <paramref name="count"/> on count as
    /// zero.
    /// </summary>
    private static void AddLanes(T* lanes, int rows, int count, T* sums)
    {
        int all = WeightGradientSchedule.MostLanes;
        TransposePacking<TVec, T>.Transpose(lanes, all, rows, all, sums, rows, rows);
        new Span<T>(sums + (count * rows), (all - count) * rows).Clear();
        for (int half = all / 2; half > 0; half /= 2)
            RowCopy<TVec, T>.Add(sums + ((nint)half * rows), sums, half * rows);
    }
}
