using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <content>Backward: pixels of dx collect what windows contribute to them.</content>
internal readonly unsafe ref partial struct PoolPieces<TVec, T>
{
    /// <summary>
    /// Pixels of dx in a row: each adds what the windows that hold it contribute, taps ascending. Windows come in pieces, in the
    /// order in which pixels meet them.
    /// </summary>
    private void Collect(in PlaneBlock<T> planes, int h, int first, int count)
    {
        WindowAxis vertical = schedule.Rows, horizontal = schedule.Columns;
        (int window, int firstRow, int rows) = vertical.Meets[h];
        int low = int.MaxValue, high = -1;
        for (int w = first; w < first + count; w++)
        {
            TVec.Store(target + ((w - first) * TVec.Count), default);
            (int column, _, int columns) = horizontal.Meets[w];
            if (columns == 0)
                continue;
            int last = column - ((columns - 1) * horizontal.WindowStep);
            (low, high) = (Math.Min(low, Math.Min(column, last)), Math.Max(high, Math.Max(column, last)));
        }

        for (int r = 0; r < rows && high >= 0; r++)
        {
            int p = window - (r * vertical.WindowStep), pieces = ((high - low) / PiecePixels) + 1;
            long tapOfRow = (firstRow + ((long)r * vertical.TapStep)) * schedule.Shape.S;
            for (int i = 0; i < pieces; i++)
            {
                int from = low + (PiecePixels * (horizontal.WindowStep > 0 ? pieces - 1 - i : i)),
                    to = Math.Min(from + PiecePixels, high + 1);
                T* contributions = Contribute(planes, p, from, to - from);
                for (int w = first; w < first + count; w++)
                    Collect(contributions, from, to, horizontal.Meets[w], tapOfRow, target + ((w - first) * TVec.Count));
            }
        }
    }

    /// <summary>Adds to a pixel what those of its windows contribute that are in [from, to).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Collect(T* contributions, int from, int to, (int Window, int Tap, int Count) meets, long tapOfRow, T* pixel)
    {
        int step = schedule.Columns.WindowStep, tapStep = schedule.Columns.TapStep;
        TVec sum = TVec.Load(pixel);
        for (int s = FirstIn(meets.Window, step, from, to); s < meets.Count; s++)
        {
            int window = meets.Window - (s * step);
            if (window < from || window >= to)
                break;
            TVec dy = TVec.Load(contributions + ((nint)(window - from) * TVec.Count));
            if (problem.Winners != null)
            {
                TVec tap = TVec.Broadcast(T.CreateTruncating(tapOfRow + meets.Tap + ((long)s * tapStep)));
                dy = TVec.And(TVec.Equal(TVec.Load(taps + ((nint)(window - from) * TVec.Count)), tap), dy);
            }

            sum = TVec.Add(sum, dy);
        }

        TVec.Store(pixel, sum);
    }

    /// <summary>
    /// The number of the first window, counted from the given one by steps down (up if the step is -1), that lies in the range or
    /// behind it.
    /// </summary>
    private static int FirstIn(int window, int step, int from, int to) => step > 0
        ? window < to ? 0 : ((window - to) / step) + 1
        : Math.Max(0, from - window);

    /// <summary>What windows of a row contribute: dy, divided for an average, or with the winning taps of a maximum.</summary>
    private T* Contribute(in PlaneBlock<T> planes, int p, int q, int count)
    {
        ImageLayout image = problem.SourceLayout;
        LanePacking<TVec, T>.Gather(planes.From + (p * image.H) + (q * image.W), image, planes.Lanes, 1, count, source);
        for (int i = 0; i < count; i++)
        {
            T* at = source + ((nint)i * TVec.Count), tap = taps + ((nint)i * TVec.Count);
            if (planes.Winners == null)
            {
                (int row, int column) = schedule.Divisor(p, q + i);
                TVec.Store(at, TVec.Divide(TVec.Load(at), TVec.Broadcast(T.CreateTruncating((long)row * column))));
                continue;
            }

            for (int lane = 0; lane < TVec.Count; lane++)
            {
                tap[lane] = lane < planes.Lanes
                    ? WindowTile<TVec, T>.ReadOne(PoolPlanes<TVec, T>.WinnerAt(schedule, planes.Winners, lane, p, q + i),
                        schedule.WinnerSize)
                    : T.Zero;
            }
        }

        return source;
    }
}
