using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>The transformed weights of Winograd's algorithm, and their products with transformed tiles.</summary>
internal static unsafe class WinogradFilters<TVec, T, TTile>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TTile : struct, IWinograd
{
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
        nint rowStride = isForward ? count * schedule.Channels : count,
            channelStride = isForward ? count : count * schedule.Outputs;
        Span<double> taps = stackalloc double[count];
        for (int group = 0; group < shape.Groups; group++, weights += (nint)count * schedule.Outputs * schedule.Channels,
            panels += schedule.FilterSize)
        {
            if (schedule.LanesAreOutputs)
                new Span<T>(panels, (int)schedule.FilterSize).Clear();
            for (int k = 0, panel = 0; k < schedule.Outputs; k++)
            {
                panel += k == schedule.Panels.Start(panel) + schedule.Panels.Rows(panel) ? 1 : 0;
                for (int c = 0; c < schedule.Channels; c++)
                {
                    T* g = weights + (k * rowStride) + (c * channelStride);
                    for (int i = 0; i < count; i++)
                        taps[i] = double.CreateTruncating(g[(grid.Rows[i / size].Kernel * size) + grid.Columns[i % size].Kernel]);
                    if (schedule.LanesAreOutputs)
                        PackTaps(schedule, taps, k, c, panels);
                    else
                        PackPanels(schedule, taps, panel, k, c, panels);
                }
            }
        }
    }

    private static void PackPanels(WinogradSchedule schedule, ReadOnlySpan<double> taps, int panel, int k, int c, T* panels)
    {
        int size = TTile.Taps, n = TTile.Points, start = schedule.Panels.Start(panel);
        T* u = panels + ((nint)start * schedule.Channels) + ((nint)c * schedule.Panels.Rows(panel)) + (k - start);
        Span<double> columns = stackalloc double[n * size], points = stackalloc double[n];
        for (int s = 0; s < size; s++)
            TTile.Filter(taps[s..], size, columns[(s * n)..]);
        for (int r = 0; r < n; r++)
        {
            TTile.Filter(columns[r..], n, points);
            for (int s = 0; s < n; s++, u += (nint)schedule.Outputs * schedule.Channels)
                *u = T.CreateTruncating(points[s]);
        }
    }

    private static void PackTaps(WinogradSchedule schedule, ReadOnlySpan<double> taps, int k, int c, T* panels)
    {
        int w = TVec.Count;
        T* z = panels + ((((nint)k / w * schedule.Channels) + c) * WinogradTile<TVec, T, N1>.Taps * w) + (k % w);
        for (int i = 0; i < WinogradTile<TVec, T, N1>.Taps; i++)
            z[i * w] = WinogradTile<TVec, T, N1>.FilterScale(T.CreateTruncating(taps[i]));
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
