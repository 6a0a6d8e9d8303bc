using System.Numerics;

namespace SimdConv.Tests.Support;

/// <summary>
/// The orders of operations that the numeric contract promises of convolutions, over contiguous NCHW images. Padding is zeros
/// that are multiplied like data.
/// </summary>
internal static class ConvChain
{
    /// <summary>From the bias, ascending (c, r, s).</summary>
    public static T[] Forward<T>(Conv2DShape s, int batch, T[] x, T[] w, T[] bias)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int groupC = s.C / s.Groups, groupK = s.K / s.Groups;
        T[] y = new T[(long)batch * s.K * s.P * s.Q];
        for (int i = 0; i < y.Length; i++)
        {
            (int n, int k, int p, int q) = Split(i, s.K, s.P, s.Q);
            T sum = bias.Length == 0 ? T.Zero : bias[k];
            for (int tap = 0; tap < groupC * s.R * s.S; tap++)
            {
                (int _, int c, int r, int column) = Split(tap, groupC, s.R, s.S);
                int h = (p * s.StrideH) - s.PadTop + (r * s.DilationH), v = (q * s.StrideW) - s.PadLeft + (column * s.DilationW);
                T pixel = IsInside(s, h, v) ? x[Join(n, (k / groupK * groupC) + c, h, v, s.C, s.H, s.W)] : T.Zero;
                sum = T.FusedMultiplyAdd(pixel, w[(k * groupC * s.R * s.S) + tap], sum);
            }

            y[i] = sum;
        }

        return y;
    }

    /// <summary>
    /// From beta * dx, ascending (k, p, q), where p and q run over all windows that have a tap on the pixel, were there windows
    /// beside those of dy.
    /// </summary>
    public static T[] InputGradient<T>(Conv2DShape s, int batch, T[] dy, T[] w, T[] before, T beta)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int groupC = s.C / s.Groups, groupK = s.K / s.Groups;
        T[] dx = new T[(long)batch * s.C * s.H * s.W];
        for (int i = 0; i < dx.Length; i++)
        {
            (int n, int c, int h, int v) = Split(i, s.C, s.H, s.W);
            T sum = beta == T.Zero ? T.Zero : beta * before[i];
            for (int k = c / groupC * groupK; k < ((c / groupC) + 1) * groupK; k++)
            {
                for (int r = s.R - 1; r >= 0; r--)
                {
                    for (int column = s.S - 1; column >= 0; column--)
                    {
                        (int p, int rowRest) = Math.DivRem(h + s.PadTop - (r * s.DilationH), s.StrideH);
                        (int q, int columnRest) = Math.DivRem(v + s.PadLeft - (column * s.DilationW), s.StrideW);
                        if (rowRest != 0 || columnRest != 0)
                            continue;
                        T gradient = p >= 0 && p < s.P && q >= 0 && q < s.Q ? dy[Join(n, k, p, q, s.K, s.P, s.Q)] : T.Zero;
                        sum = T.FusedMultiplyAdd(gradient, w[Join(k, c % groupC, r, column, groupC, s.R, s.S)], sum);
                    }
                }
            }

            dx[i] = sum;
        }

        return dx;
    }

    /// <summary>
    /// Ascending (n, p, q), or (p, q, n) where images are innermost, in the chunks and lanes of <paramref name="order"/>.
    /// Lane 0 of chunk 0 starts from beta * dw.
    /// </summary>
    public static T[] WeightGradient<T>(Conv2DShape s, int batch, T[] x, T[] dy, T[] before, T beta, ReductionOrder order)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int groupC = s.C / s.Groups, groupK = s.K / s.Groups;
        T[] dw = new T[s.K * groupC * s.R * s.S];
        for (int i = 0; i < dw.Length; i++)
        {
            (int k, int c, int r, int column) = Split(i, groupC, s.R, s.S);
            dw[i] = Reduce(s, batch, order, beta == T.Zero ? T.Zero : beta * before[i], (n, p, q, sum) =>
            {
                int h = (p * s.StrideH) - s.PadTop + (r * s.DilationH), v = (q * s.StrideW) - s.PadLeft + (column * s.DilationW);
                T pixel = IsInside(s, h, v) ? x[Join(n, (k / groupK * groupC) + c, h, v, s.C, s.H, s.W)] : T.Zero;
                return T.FusedMultiplyAdd(dy[Join(n, k, p, q, s.K, s.P, s.Q)], pixel, sum);
            });
        }

        return dw;
    }

    /// <summary>
    /// The same, but no chain of more than 4096 terms: a row has ceil(Q / lanes) steps, one term of each lane at a step, and each
    /// 4096 steps of a chunk are summed by themselves, then these sums in a balanced tree.
    /// </summary>
    public static T[] BiasGradient<T>(Conv2DShape s, int batch, T[] dy, T[] before, T beta, ReductionOrder order)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] db = new T[s.K];
        for (int i = 0; i < db.Length; i++)
        {
            int k = i;
            db[i] = Reduce(s, batch, order, beta == T.Zero ? T.Zero : beta * before[i],
                (n, p, q, sum) => sum + dy[Join(n, k, p, q, s.K, s.P, s.Q)], 4096);
        }

        return db;
    }

    private static T Reduce<T>(
        Conv2DShape s, int batch, ReductionOrder order, T start, Func<int, int, int, T, T> add, long blockSteps = long.MaxValue)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        // Where images are innermost, rows have the columns of all images.
        int width = order.HasImagesInnermost ? s.Q * batch : s.Q;
        long rows = order.HasImagesInnermost ? s.P : (long)batch * s.P;
        T[] chunks = new T[order.Chunks];
        for (int chunk = 0; chunk < order.Chunks; chunk++)
        {
            List<T> blocks = [];
            T[] lanes = new T[order.Lanes];
            long steps = 0;
            if (chunk == 0)
                lanes[0] = start;
            for (long row = chunk * rows / order.Chunks; row < (chunk + 1) * rows / order.Chunks; row++)
            {
                for (int q = 0; q < width; q++)
                {
                    if (q % order.Lanes == 0 && steps++ == blockSteps)
                    {
                        blocks.Add(AddLanes(lanes));
                        lanes = new T[order.Lanes];
                        steps = 1;
                    }

                    lanes[q % order.Lanes] = order.HasImagesInnermost
                        ? add(q % batch, (int)row, q / batch, lanes[q % order.Lanes])
                        : add((int)(row / s.P), (int)(row % s.P), q, lanes[q % order.Lanes]);
                }
            }

            chunks[chunk] = AddTree([.. blocks, AddLanes(lanes)]);
        }

        return AddTree(chunks);
    }

    private static T AddLanes<T>(T[] lanes)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int half = lanes.Length / 2; half > 0; half /= 2)
        {
            for (int lane = 0; lane < half; lane++)
                lanes[lane] += lanes[lane + half];
        }

        return lanes[0];
    }

    /// <summary>(0 + 1) + (2 + 3) and so on; one without a partner goes up a level as it is.</summary>
    private static T AddTree<T>(T[] sums)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        while (sums.Length > 1)
        {
            T[] pairs = new T[(sums.Length + 1) / 2];
            for (int i = 0; i < pairs.Length; i++)
                pairs[i] = (2 * i) + 1 < sums.Length ? sums[2 * i] + sums[(2 * i) + 1] : sums[2 * i];
            sums = pairs;
        }

        return sums[0];
    }

    private static bool IsInside(Conv2DShape s, int h, int w) => h >= 0 && h < s.H && w >= 0 && w < s.W;

    private static (int, int, int, int) Split(int index, int b, int c, int d) =>
        (index / d / c / b, index / d / c % b, index / d % c, index % d);

    private static int Join(int i, int j, int k, int l, int b, int c, int d) => (((((i * b) + j) * c) + k) * d) + l;
}
