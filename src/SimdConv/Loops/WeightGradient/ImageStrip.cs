using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>
/// Copies a part of images that are innermost to a strip like that of <see cref="StripLayout"/>, padded and with a plane for each
/// phase of the stride, in which each pixel is a run of all images of the batch.
/// </summary>
internal static unsafe class ImageStrip<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <param name="schedule">The layout of the copy.</param>
    /// <param name="image">The first channel of x.</param>
    /// <param name="x">The strides of x.</param>
    /// <param name="channels">Channels.</param>
    /// <param name="rows">The first row of output pixels, and how many.</param>
    /// <param name="columns">The first column of output pixels, and how many.</param>
    /// <param name="strip">The copy.</param>
    public static void Fill(in ImageGradientSchedule schedule, T* image, ImageLayout x, int channels, (int First, int Count) rows,
        (int First, int Count) columns, T* strip)
    {
        TapGrid grid = schedule.Grid;
        StripLayout.Axis vertical = schedule.Vertical, horizontal = schedule.Horizontal;
        int batch = schedule.Batch;
        nint pitch = (nint)schedule.Pitch * batch;
        for (int c = 0; c < channels; c++)
        {
            for (int plane = 0; plane < vertical.Phases.Length * horizontal.Phases.Length; plane++)
            {
                (int phaseRow, int phaseColumn) = Math.DivRem(plane, horizontal.Phases.Length);
                T* to = strip + ((((nint)c * schedule.ChannelSize) + ((nint)plane * schedule.PlaneSize)) * batch);
                for (int i = 0; i < rows.Count + vertical.Span; i++, to += pitch)
                {
                    long row = ((rows.First + (long)vertical.First + i) * grid.StrideH) + vertical.Phases[phaseRow],
                        column = ((columns.First + (long)horizontal.First) * grid.StrideW) + horizontal.Phases[phaseColumn];
                    int count = row >= 0 && row < grid.SourceHeight ? columns.Count + horizontal.Span : 0;
                    FillRow(image + (c * x.C) + ((nint)Math.Clamp(row, 0, grid.SourceHeight - 1) * x.H), x.W, column, count,
                        grid, batch, to);
                    new Span<T>(to + ((nint)count * batch), (columns.Count + horizontal.Span - count) * batch).Clear();
                }
            }
        }
    }

    /// <summary>Copies some pixels of a row; zeros where they lie outside the image.</summary>
    private static void FillRow(T* row, nint nextPixel, long column, int count, TapGrid grid, int batch, T* to)
    {
        int stride = grid.StrideW;
        int first = (int)Math.Clamp(Shapes.DivideUp(-column, stride), 0, count),
            last = (int)Math.Clamp(Shapes.DivideUp(grid.SourceWidth - column, stride), first, count);
        new Span<T>(to, first * batch).Clear();
        if (first < last)
        {
            T* from = row + ((nint)(column + ((long)first * stride)) * nextPixel);
            if (nextPixel * stride == batch)
                RowCopy<TVec, T>.Gather(from, 1, to + ((nint)first * batch), (last - first) * batch);
            else
            {
                for (int i = first; i < last; i++, from += stride * nextPixel)
                    RowCopy<TVec, T>.Gather(from, 1, to + ((nint)i * batch), batch);
            }
        }

        new Span<T>(to + ((nint)last * batch), (count - last) * batch).Clear();
    }
}
