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
                    (long origin, int first, int last) = layout.Inside(phaseW);
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
                        RowCopy<TVec, T>.Gather(from + (first * step), step, target + first, last - first);
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
    /// The inverse of <see cref="Fill"/> for one channel: sets every pixel of the plane to the strip's element, or to zero where no
    /// phase plane reaches. The strip holds all rows of the grid.
    /// </summary>
    public static void Drain(StripLayout layout, T* strip, T* target, ImageLayout image)
    {
        TapGrid grid = layout.Grid;
        StripLayout.Axis vertical = layout.Vertical, horizontal = layout.Horizontal;
        int planes = horizontal.Phases.Length;
        bool pairs = planes == 2 && grid.StrideW == 2 && image.W == 1;
        for (int h = 0; h < grid.SourceHeight; h++)
        {
            T* to = target + (h * image.H);
            if (image.W == 1)
            {
                new Span<T>(to, grid.SourceWidth).Clear();
            }
            else
            {
                for (int w = 0; w < grid.SourceWidth; w++)
                    to[w * image.W] = T.Zero;
            }

            int phase = Array.IndexOf(vertical.Phases, h % grid.StrideH), row = (h / grid.StrideH) - vertical.First;
            if (phase < 0 || row >= layout.PlaneRows)
                continue;
            T* from = strip + ((nint)phase * planes * layout.PlaneSize) + ((nint)row * layout.Pitch);
            if (pairs)
            {
                (long origin, int first0, int last0) = layout.Inside(0);
                (_, int first1, int last1) = layout.Inside(1);
                int first = Math.Max(first0, first1), last = Math.Max(first, Math.Min(last0, last1));
                RowCopy<TVec, T>.Interleave(from + first, from + layout.PlaneSize + first, to + origin + (2 * first), last - first);
                if (first0 < first)
                    to[origin + (2 * first0)] = from[first0];
                if (first1 < first)
                    to[origin + (2 * first1) + 1] = from[layout.PlaneSize + first1];
                if (last0 > last)
                    to[origin + (2 * last)] = from[last];
                if (last1 > last)
                    to[origin + (2 * last) + 1] = from[layout.PlaneSize + last];
                continue;
            }

            foreach (int phaseW in horizontal.Phases)
            {
                (long origin, int first, int last) = layout.Inside(phaseW);
                for (int v = first; v < last; v++)
                    to[(origin + ((long)v * grid.StrideW)) * image.W] = from[v];
                from += layout.PlaneSize;
            }
        }
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
}
