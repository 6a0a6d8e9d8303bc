using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <content>
/// Few tiles an image, as <see cref="WinogradSchedule.LanesAreOutputs"/> says: registers of tiles would be half empty, and the filter's 36
/// matrices be read once for little work. Output channels are the lanes instead, and half the filter is enough.
/// <code>
/// register of output channels
///   row r of U: tiles by 4                 six columns of M, from the filter as it lies, in L2
///   tiles                                  transformed back, then to the target
/// </code>
/// </content>
internal sealed unsafe partial class WinogradLoops<TVec, T, TTile>
{
    /// <summary>Tiles that <see cref="WinogradTile{TVec, T, TTiles}"/> takes: a divisor of the lanes of a block.</summary>
    private static int Together => TVec.Registers == 32 && TVec.Count >= 4 ? 4 : 1;

    private void RunLanes(in Item item, int share, int shares)
    {
        int w = TVec.Count, rows = TTile.Outputs + 2, kc = schedule.Channels, tiles = (int)(item.End - item.First), groups = (tiles + Together - 1) / Together;
        nint next = item.Sizes.NextM;
        Regroup(in item, groups);
        int last = schedule.Shareable * (share + 1) / shares;
        for (int i = schedule.Shareable * share / shares; i < last; i++)
        {
            T* filter = item.Problem.Filter + (item.Group * schedule.FilterSize) + ((nint)i * rows * kc * 3 * w);
            for (int r = 0; r < rows; r++, filter += (nint)kc * 3 * w)
            {
                for (int g = 0; g < groups; g++)
                {
                    T* v = item.Grouped + ((((nint)r * groups) + g) * kc * rows * Together), m = item.M + (r * rows * next) + (g * Together * w);
                    if (Together == 4)
                        WinogradTile<TVec, T, N4>.Run(kc, filter, v, m, next);
                    else
                        WinogradTile<TVec, T, N1>.Run(kc, filter, v, m, next);
                }
            }

            int start = i * w, outputs = Math.Min(w, schedule.Outputs - start);
            TVec bias = item.Problem.Bias == null ? default : RowCopy<TVec, T>.LoadUpTo(item.Problem.Bias + (item.Group * schedule.Outputs) + start, outputs);
            WinogradPacking<TVec, T, TTile>.Output(item.M, next, tiles * w, bias, interleave: false, item.Scratch, item.Turned);
            Turn(in item, tiles * Outputs);
            Move(in item, start, outputs);
        }
    }

    /// <summary>Registers of output channels, one for each pixel, to rows of pixels for each output channel.</summary>
    private static void Turn(in Item item, int positions)
    {
        int w = TVec.Count, row = Outputs * item.Lanes;
        T* end = item.Pixels + ((nint)w * Outputs * row);
        for (int i = 0; i < Outputs; i++)
        {
            for (int at = 0; at < positions; at += w)
            {
                T* source = item.Turned + ((((nint)i * positions) + at) * w);
                TransposeBlocks<TVec, T>.Run(source, w, Math.Min(w, positions - at), w, item.Pixels + ((nint)i * row) + at, Outputs * row, end, exact: true);
            }
        }
    }

    /// <summary>V as the micro-kernel reads it: for each row r, four tiles and channel, six scaled columns of four.</summary>
    private void Regroup(in Item item, int groups)
    {
        int n = TTile.Outputs + 2, together = Together;
        T* target = item.Grouped, scales = stackalloc T[n];
        for (int s = 0; s < n; s++)
            scales[s] = WinogradTile<TVec, T, N1>.Scale(s);
        for (int r = 0; r < n; r++)
        {
            for (int g = 0; g < groups; g++)
            {
                T* source = item.V + (r * n * item.Sizes.NextV) + (g * together);
                for (int c = 0; c < schedule.Channels; c++, source += item.Lanes)
                {
                    for (int s = 0; s < n; s++, target += together)
                    {
                        TVec column = TVec.Multiply(TVec.Broadcast(scales[s]), RowCopy<TVec, T>.LoadUpTo(source + (s * item.Sizes.NextV), together));
                        RowCopy<TVec, T>.StoreUpTo(target, column, together);
                    }
                }
            }
        }
    }

    private void PackHalves(double* columns, int k, int c, T* panels)
    {
        int w = TVec.Count;
        T* z = panels + ((((((nint)k / w * (Outputs + 2)) * schedule.Channels) + c) * 3) * w) + (k % w);
        for (int r = 0; r < Outputs + 2; r++, columns += 3, z += (nint)schedule.Channels * 3 * w)
        {
            for (int i = 0; i < 3; i++)
                z[i * w] = T.CreateTruncating(columns[i] / 6);
        }
    }
}
