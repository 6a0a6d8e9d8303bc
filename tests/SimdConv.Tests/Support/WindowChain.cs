using System.Numerics;

namespace SimdConv.Tests.Support;

/// <summary>
/// The orders of operations that the numeric contract promises of pooling and col2im, over contiguous NCHW images.
/// </summary>
internal static class WindowChain
{
    /// <summary>
    /// Windows of up to 4096 taps: sums ascend (r, s); larger ones: such sums of blocks, added level by level. Then one division
    /// by <paramref name="divisors"/> (one an output pixel).
    /// </summary>
    public static T[] Average<T>(Pool2DShape s, int batch, T[] x, int[] divisors)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] y = new T[(long)batch * s.C * s.P * s.Q];
        for (int i = 0; i < y.Length; i++)
        {
            int window = i % (s.P * s.Q), plane = i / (s.P * s.Q) * s.H * s.W;
            List<T> sums = [];
            foreach (IEnumerable<int> taps in Blocks(s))
            {
                T sum = T.Zero;
                foreach (int tap in taps)
                    sum += Pixel(s, window, tap) is int pixel and >= 0 ? x[plane + pixel] : T.Zero;
                sums.Add(sum);
            }

            while (sums.Count > 1)
                sums = [.. sums.Chunk(2).Select(pair => pair.Length == 2 ? pair[0] + pair[1] : pair[0])];
            y[i] = sums[0] / T.CreateTruncating(divisors[window]);
        }

        return y;
    }

    /// <summary>
    /// The taps of a window in the blocks that are summed by themselves: one of them, or some rows by 512 columns.
    /// </summary>
    private static IEnumerable<IEnumerable<int>> Blocks(Pool2DShape s)
    {
        if (s.R * s.S <= 4096)
            return [Enumerable.Range(0, s.R * s.S)];
        int[][] rows = [.. Enumerable.Range(0, s.R).Chunk(s.S < 512 ? 512 / s.S : 1)],
            columns = [.. Enumerable.Range(0, s.S).Chunk(512)];
        return rows.SelectMany(each =>
            columns.Select(some => each.SelectMany(row => some.Select(column => (row * s.S) + column))));
    }

    /// <summary>
    /// Each window's gradient divided once, added to its pixels in ascending (r, s) of each pixel's taps, adaptive windows in
    /// ascending (p, q).
    /// </summary>
    public static T[] AverageBackward<T>(Pool2DShape s, int batch, T[] dy, int[] divisors)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] dx = new T[(long)batch * s.C * s.H * s.W];
        int windows = s.P * s.Q;
        for (int plane = 0; plane < batch * s.C; plane++)
        {
            for (int i = 0; i < s.R * s.S * windows; i++)
            {
                (int tap, int window) = s.AdaptiveSize is null ? (i / windows, i % windows) : (i % (s.R * s.S), i / (s.R * s.S));
                if (Pixel(s, window, tap) is int pixel and >= 0)
                    dx[(plane * s.H * s.W) + pixel] += dy[(plane * windows) + window] / T.CreateTruncating(divisors[window]);
            }
        }

        return dx;
    }

    /// <summary>
    /// Each winner gets its windows' gradients in ascending (r, s); a winner that is no tap in the image gets nothing.
    /// </summary>
    public static T[] MaxBackward<T>(Pool2DShape s, int batch, T[] dy, int[] winners)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] dx = new T[(long)batch * s.C * s.H * s.W];
        int windows = s.P * s.Q;
        for (int tap = 0; tap < s.R * s.S; tap++)
        {
            for (int i = 0; i < winners.Length; i++)
            {
                if (winners[i] == tap && Pixel(s, i % windows, tap) is int pixel and >= 0)
                    dx[(i / windows * s.H * s.W) + pixel] += dy[i];
            }
        }

        return dx;
    }

    /// <summary>Columns N x C R S x (P Q), added in ascending (r, s).</summary>
    public static T[] Fold<T>(Conv2DShape s, int batch, T[] columns) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Pool2DShape window = AsWindow(s);
        T[] x = new T[(long)batch * s.C * s.H * s.W];
        int windows = s.P * s.Q, taps = s.R * s.S;
        for (int i = 0; i < columns.Length; i++)
        {
            int plane = i / windows / taps;
            if (Pixel(window, i % windows, i / windows % taps) is int pixel and >= 0)
                x[(plane * s.H * s.W) + pixel] += columns[i];
        }

        return x;
    }

    /// <summary>What each window of a plane divides by.</summary>
    public static int[] Divisors(Pool2DShape s)
    {
        int[] divisors = new int[s.P * s.Q];
        for (int window = 0; window < divisors.Length; window++)
        {
            int inside = Pixels(s, window).Count();
            int top = (window / s.Q * s.StrideH) - s.PadTop, left = (window % s.Q * s.StrideW) - s.PadLeft;
            int padded = Enumerable.Range(0, s.R).Count(r => top + (r * s.DilationH) < s.H + s.PadBottom)
                * Enumerable.Range(0, s.S).Count(column => left + (column * s.DilationW) < s.W + s.PadRight);
            divisors[window] = s.DivisorOverride ?? (s.CountIncludePad && s.AdaptiveSize is null ? padded : inside);
        }

        return divisors;
    }

    private static Pool2DShape AsWindow(Conv2DShape s) => new(s.C, s.H, s.W, s.R, s.S)
    {
        StrideH = s.StrideH,
        StrideW = s.StrideW,
        PadTop = s.PadTop,
        PadLeft = s.PadLeft,
        PadBottom = s.PadBottom,
        PadRight = s.PadRight,
        DilationH = s.DilationH,
        DilationW = s.DilationW,
    };

    private static IEnumerable<int> Pixels(Pool2DShape s, int window) =>
        Enumerable.Range(0, s.R * s.S).Select(tap => Pixel(s, window, tap)).Where(pixel => pixel >= 0);

    /// <summary>The pixel h*W + w under a tap, -1 outside the image.</summary>
    private static int Pixel(Pool2DShape s, int window, int tap)
    {
        if (s.AdaptiveSize is not null)
        {
            int row = AdaptivePixel(window / s.Q, s.P, s.H, tap / s.S), column = AdaptivePixel(window % s.Q, s.Q, s.W, tap % s.S);
            return row >= 0 && column >= 0 ? (row * s.W) + column : -1;
        }

        int h = (window / s.Q * s.StrideH) - s.PadTop + (tap / s.S * s.DilationH);
        int w = (window % s.Q * s.StrideW) - s.PadLeft + (tap % s.S * s.DilationW);
        return h >= 0 && h < s.H && w >= 0 && w < s.W ? (h * s.W) + w : -1;
    }

    private static int AdaptivePixel(int i, int windows, int size, int tap)
    {
        int pixel = (i * size / windows) + tap;
        return pixel * windows < (i + 1) * size ? pixel : -1;
    }
}
