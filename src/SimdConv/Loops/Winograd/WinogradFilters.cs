using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>The transformed weights of Winograd's algorithm, and their products with transformed tiles.</summary>
internal static unsafe class WinogradFilters<TVec, T, TTile>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TTile : struct, IWinograd
{
    /// <summary>Filters that are transformed at once: their taps and points stay in L1.</summary>
    private const int Together = 32;

    /// <summary>
    /// U = G g G^T of each filter and channel, computed in double and rounded once, as packed panels of A for each group and
    /// matrix. Where output channels are the lanes, the taps themselves: <see cref="WinogradTile{TVec, T, TTiles}"/> transforms.
    /// </summary>
    /// <param name="shape">The convolution.</param>
    /// <param name="schedule">How it is run, over the grid whose taps the weights are.</param>
    /// <param name="isForward">Whether output channels are those of the weights, not their input channels.</param>
    /// <param name="weights">K x C/Groups x R x R.</param>
    /// <param name="panels">Where to.</param>
    public static void Pack(Conv2DShape shape, WinogradSchedule schedule, bool isForward, T* weights, T* panels)
    {
        TapGrid grid = schedule.Grid;
        int size = TTile.Taps, count = size * size;
        Filters filters = new()
        {
            Output = isForward ? count * schedule.Channels : count,
            Channel = isForward ? count : count * schedule.Outputs,
        };
        int* places = stackalloc int[count];
        for (int i = 0; i < count; i++)
            places[i] = (grid.Rows[i / size].Kernel * size) + grid.Columns[i % size].Kernel;
        for (int group = 0; group < shape.Groups; group++, panels += schedule.FilterSize)
        {
            filters.First = weights + ((nint)group * count * schedule.Outputs * schedule.Channels);
            if (schedule.LanesAreOutputs)
                PackTaps(schedule, filters, places, panels);
            else
                PackPanels(schedule, filters, places, panels);
        }
    }

    /// <summary>The filters of a group, and the elements from one output channel, or channel summed over, to the next.</summary>
    private struct Filters
    {
        public T* First;
        public nint Output, Channel;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackPanels(WinogradSchedule schedule, Filters filters, int* places, T* panels)
    {
        int tapCount = TTile.Taps * TTile.Taps;
        double* taps = stackalloc double[tapCount * Together], points = stackalloc double[schedule.Matrices * Together];
        for (int panel = 0; panel < schedule.Panels.Count; panel++)
        {
            int start = schedule.Panels.Start(panel), rows = schedule.Panels.Rows(panel), row = 0;
            T* u = panels + ((nint)start * schedule.Channels), channel = filters.First + (start * filters.Output);

            // Filters in the order of the panel: rows of a channel, then the next channel.
            for (nint left = (nint)rows * schedule.Channels; left > 0; left -= Together, u += Together)
            {
                int count = (int)Math.Min(left, Together);
                for (int i = 0; i < count; i++)
                {
                    T* g = channel + (row * filters.Output);
                    for (int tap = 0; tap < tapCount; tap++)
                        taps[(tap * Together) + i] = double.CreateTruncating(g[places[tap]]);
                    if (++row < rows)
                        continue;
                    row = 0;
                    channel += filters.Channel;
                }

                schedule.TransformFilters(taps, points, Together, count);
                T* target = u;
                for (int e = 0; e < schedule.Matrices; e++, target += (nint)schedule.Outputs * schedule.Channels)
                    Round(points + (e * Together), target, count);
            }
        }
    }

    /// <summary>
    /// Four conversions side by side: x86's take the rest of their register from what it held before, and wait for it.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Round(double* source, T* target, int count)
    {
        int i = 0;
        for (; i + 4 <= count; i += 4)
        {
            T x0 = T.CreateTruncating(source[i]), x1 = T.CreateTruncating(source[i + 1]),
                x2 = T.CreateTruncating(source[i + 2]), x3 = T.CreateTruncating(source[i + 3]);
            (target[i], target[i + 1], target[i + 2], target[i + 3]) = (x0, x1, x2, x3);
        }

        for (; i < count; i++)
            target[i] = T.CreateTruncating(source[i]);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackTaps(WinogradSchedule schedule, Filters filters, int* places, T* panels)
    {
        int w = TVec.Count;
        new Span<T>(panels, (int)schedule.FilterSize).Clear();
        for (int k = 0; k < schedule.Outputs; k++)
        {
            for (int c = 0; c < schedule.Channels; c++)
            {
                T* g = filters.First + (k * filters.Output) + (c * filters.Channel);
                T* z = panels + ((((nint)k / w * schedule.Channels) + c) * WinogradTile<TVec, T, N1>.Taps * w) + (k % w);
                for (int i = 0; i < WinogradTile<TVec, T, N1>.Taps; i++)
                    z[i * w] = WinogradTile<TVec, T, N1>.FilterScale(g[places[i]]);
            }
        }
    }

    /// <summary>M = U * V of all matrices: some filter panels with all tiles of a block.</summary>
    /// <param name="schedule">How the pass is run.</param>
    /// <param name="filter">The group's transformed weights.</param>
    /// <param name="panel">The first panel.</param>
    /// <param name="panels">Panels.</param>
    /// <param name="v">The transformed tiles.</param>
    /// <param name="nextV">From one matrix of V to the next.</param>
    /// <param name="lanes">The lanes of the block.</param>
    /// <param name="zeros">Zeros, as many as columns of a tile.</param>
    /// <param name="m">Where to.</param>
    /// <param name="nextM">From one matrix of M to the next.</param>
    public static void Multiply(WinogradSchedule schedule, T* filter, int panel, int panels, T* v, nint nextV, int lanes,
        T* zeros, T* m, nint nextM)
    {
        int w = TVec.Count, kc = schedule.Channels;
        StridedB way = new(lanes);
        for (int e = 0; e < schedule.Matrices; e++, filter += (nint)schedule.Outputs * kc, v += nextV, m += nextM)
        {
            for (int i = panel; i < panel + panels; i++)
            {
                int start = schedule.Panels.Start(i), rows = schedule.Panels.Rows(i), j = 0;
                T* a = filter + ((nint)start * kc), c = m + ((nint)(start - schedule.Panels.Start(panel)) * lanes);
                for (; j + (2 * w) <= lanes; j += 2 * w)
                    GemmKernel<TVec, T, N2>.Run(rows, kc, a, v + j, zeros, 0, c + j, lanes, &way);
                if (j < lanes)
                    GemmKernel<TVec, T, N1>.Run(rows, kc, a, v + j, zeros, 0, c + j, lanes, &way);
            }
        }
    }
}
