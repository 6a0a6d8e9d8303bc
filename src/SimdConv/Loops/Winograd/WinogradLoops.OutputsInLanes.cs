using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <content>
/// Where <see cref="WinogradSchedule.LanesAreOutputs"/>, an image has few tiles: registers of tiles would be half empty, and
/// all 36 matrices of the filter be read for little work. There output channels are the lanes, and the filter isn't transformed
/// ahead.
/// <code>
/// register of output channels
///   block of channels                        filter and M in L1, V regrouped; the next block of the filter is fetched into L2
///     row r of U: tiles by 4                 six columns of M
///   tiles                                    transformed back, then to the target
/// </code>
/// </content>
internal sealed unsafe partial class WinogradLoops<TVec, T, TTile>
{
    /// <summary>Tiles that <see cref="WinogradTile{TVec, T, TTiles}"/> takes: a divisor of the lanes of a block.</summary>
    private static int Together => TVec.HasManyRegisters && TVec.Count >= 4 ? 4 : 1;

    private static int Taps => WinogradTile<TVec, T, N1>.Taps;

    private void RunLanes(in Item item, int share, int shares)
    {
        int w = TVec.Count, rows = TTile.Points, kc = schedule.Channels, tiles = (int)(item.End - item.First),
            groups = Shapes.DivideUp(tiles, Together);
        nint next = item.NextM, size = (nint)kc * Taps * w;
        Regroup(in item, groups);
        int last = schedule.Shareable * (share + 1) / shares;
        for (int i = schedule.Shareable * share / shares; i < last; i++)
        {
            T* filter = item.Problem.Filter + (item.Group * schedule.FilterSize) + (i * size), v = item.Grouped;
            new Span<T>(item.M, checked((int)item.SizeM)).Clear();
            for (int c = 0, count; c < kc; c += count, filter += (nint)count * Taps * w)
            {
                count = Math.Min(schedule.BlockChannels, kc - c);
                T* fetch = filter + ((nint)count * Taps * w);
                for (int r = 0; r < rows; r++, fetch += (nint)count * 2 * w)
                {
                    T* m = item.M + (r * rows * next);
                    for (int g = 0; g < groups; g++, m += Together * w, v += (nint)count * rows * Together)
                    {
                        if (Together == 4)
                            WinogradTile<TVec, T, N4>.Run(r, count, filter, fetch, v, m, next);
                        else
                            WinogradTile<TVec, T, N1>.Run(r, count, filter, fetch, v, m, next);
                    }
                }
            }

            int start = i * w, outputs = Math.Min(w, schedule.Outputs - start);
            TVec bias = item.Problem.Bias == null ? default
                : RowCopy<TVec, T>.LoadUpTo(item.Problem.Bias + (item.Group * schedule.Outputs) + start, outputs);
            WinogradPacking<TVec, T, TTile>.Output(item.M, next, tiles * w, bias, TilePixels.Apart, item.Scratch,
                item.Transposed);
            Transpose(in item, tiles * Outputs);
            Move(in item, start, outputs);
        }
    }

    /// <summary>Transposes registers of output channels, one for each pixel, to rows of pixels, one for each channel.</summary>
    private static void Transpose(in Item item, int positions)
    {
        int w = TVec.Count, row = Outputs * item.Lanes;
        T* end = item.Pixels + ((nint)w * Outputs * row);
        for (int i = 0; i < Outputs; i++)
        {
            for (int at = 0; at < positions; at += w)
            {
                T* source = item.Transposed + ((((nint)i * positions) + at) * w);
                TransposeBlocks<TVec, T>.Run(source, w, Math.Min(w, positions - at), w, item.Pixels + ((nint)i * row) + at,
                    Outputs * row, end, exact: true);
            }
        }
    }

    /// <summary>
    /// V as the micro-kernel reads it: for each block of channels, row r, four tiles and channel, six scaled columns of four.
    /// </summary>
    private void Regroup(in Item item, int groups)
    {
        int n = TTile.Points, together = Together;
        T* target = item.Grouped, scales = stackalloc T[n];
        for (int s = 0; s < n; s++)
            scales[s] = WinogradTile<TVec, T, N1>.Scale(s);
        for (int first = 0, last; first < schedule.Channels; first = last)
        {
            last = Math.Min(first + schedule.BlockChannels, schedule.Channels);
            for (int r = 0; r < n; r++)
            {
                for (int g = 0; g < groups; g++)
                {
                    T* source = item.V + (r * n * item.NextV) + ((nint)first * item.Lanes) + (g * together);
                    for (int c = first; c < last; c++, source += item.Lanes)
                    {
                        for (int s = 0; s < n; s++, target += together)
                        {
                            TVec column = RowCopy<TVec, T>.LoadUpTo(source + (s * item.NextV), together);
                            RowCopy<TVec, T>.StoreUpTo(target, TVec.Multiply(TVec.Broadcast(scales[r] * scales[s]), column),
                                together);
                        }
                    }
                }
            }
        }
    }
}
