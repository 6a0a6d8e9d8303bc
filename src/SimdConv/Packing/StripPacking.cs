using SimdConv.Kernels;
using System.Numerics;

namespace SimdConv.Packing;

/// <summary>Copies strips of an image into workspace, and strips into panels: im2col fused into packing.</summary>
internal static unsafe class StripPacking<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>
    /// Fills <paramref name="strip"/> with <paramref name="channels"/> channels of grid rows [row, row + rows), and
    /// <paramref name="slack"/> elements behind it, which a tile may load but whose lanes it drops.
    /// </summary>
    /// <param name="layout">Where everything goes.</param>
    /// <param name="source">The first channel of the image.</param>
    /// <param name="image">The image's strides.</param>
    /// <param name="channels">Channels to copy.</param>
    /// <param name="row">First row of the grid.</param>
    /// <param name="rows">Rows of the grid, at most the layout's.</param>
    /// <param name="strip">Where to.</param>
    /// <param name="slack">Elements to set behind the strip.</param>
    /// <param name="padding">What stands for pixels outside the image.</param>
    public static void Fill(StripLayout layout, T* source, ImageLayout image, int channels, int row, int rows, T* strip, int slack, T padding)
    {
        TapGrid grid = layout.Grid;
        StripLayout.Axis vertical = layout.Vertical, horizontal = layout.Horizontal;
        int planeRows = rows + vertical.Span, pitch = layout.Pitch;
        for (int c = 0; c < channels; c++)
        {
            T* plane = strip + ((nint)c * layout.ChannelSize);
            foreach (int phaseH in vertical.Phases)
            {
                foreach (int phaseW in horizontal.Phases)
                {
                    // Columns [first, last) of this plane lie inside the image; column v is source column v*StrideW + origin.
                    long origin = ((long)horizontal.First * grid.StrideW) + phaseW;
                    int first = (int)Math.Clamp((-origin + grid.StrideW - 1) / grid.StrideW, 0, pitch);
                    int last = (int)Math.Clamp((grid.SourceWidth - origin + grid.StrideW - 1) / grid.StrideW, first, pitch);
                    nint step = grid.StrideW * image.W;
                    T* target = plane;
                    for (int u = 0; u < planeRows; u++, target += pitch)
                    {
                        long h = (((long)row + u + vertical.First) * grid.StrideH) + phaseH;
                        if (h < 0 || h >= grid.SourceHeight || first == last)
                        {
                            new Span<T>(target, pitch).Fill(padding);
                            continue;
                        }

                        T* from = source + (c * image.C) + ((nint)h * image.H) + ((nint)origin * image.W);
                        if (first > 0)
                            new Span<T>(target, first).Fill(padding);
                        CopyStrided(from + (first * step), step, target + first, last - first);
                        if (last < pitch)
                            new Span<T>(target + last, pitch - last).Fill(padding);
                    }

                    plane += layout.PlaneSize;
                }
            }
        }

        new Span<T>(strip + ((nint)channels * layout.ChannelSize), slack).Fill(padding);
    }

    /// <summary>
    /// One panel of <paramref name="kc"/> rows, <paramref name="nr"/> wide: the positions [position, position + columns) of the
    /// strip, counted row by row, zeros or neighbours behind them. Writes up to a register beyond the panel.
    /// </summary>
    public static void Panel(StripLayout layout, T* strip, int* offsets, int kc, int position, int columns, int nr, T* panel)
    {
        int w = TVec.Count, width = layout.Grid.Width;
        Segment* segments = stackalloc Segment[columns];
        int count = 0;
        for (int lane = 0; lane < columns;)
        {
            int i = (position + lane) / width, j = (position + lane) % width, length = Math.Min(width - j, columns - lane);
            segments[count++] = new() { Lane = lane, Length = length, Source = ((nint)i * layout.Pitch) + j };
            lane += length;
        }

        // Whole registers, each segment overwriting what the one before it wrote too far, each row the one before it.
        for (int k = 0; k < kc; k++, panel += nr)
        {
            T* row = strip + offsets[k];
            for (int s = 0; s < count; s++)
            {
                T* from = row + segments[s].Source;
                T* to = panel + segments[s].Lane;
                for (int j = 0; j < segments[s].Length; j += w)
                    TVec.Store(to + j, TVec.Load(from + j));
            }
        }
    }

    private struct Segment
    {
        public int Lane, Length;
        public nint Source;
    }

    /// <summary>Every <paramref name="step"/>th element, contiguous.</summary>
    private static void CopyStrided(T* source, nint step, T* target, int count)
    {
        int w = TVec.Count, j = 0;
        if (step == 1)
        {
            for (; j + w <= count; j += w)
                TVec.Store(target + j, TVec.Load(source + j));

            // What a whole register writes too far is written again: by the padding, the next row, or the slack.
            if (j < count)
                TVec.Store(target + j, TVec.LoadPartial(source + j, count - j));
            return;
        }

        if (step == 2)
        {
            // One element less than two registers may belong to the image.
            for (; j + w < count; j += w)
                TVec.Store(target + j, TVec.Deinterleave(TVec.Load(source + (2 * j)), TVec.Load(source + (2 * j) + w)).Even);
        }

        for (; j < count; j++)
            target[j] = source[j * step];
    }
}
