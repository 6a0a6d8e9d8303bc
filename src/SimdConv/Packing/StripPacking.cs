namespace SimdConv.Packing;

/// <summary>Copies strips of an image into workspace, and strips into panels: im2col fused into packing.</summary>
internal static unsafe class StripPacking<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>
    /// How many channels ahead rows are prefetched while one channel is copied: the CPU doesn't prefetch short rows that are far
    /// apart.
    /// </summary>
    private const int ChannelsAhead = 2;

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
    /// <param name="slack">Elements to clear behind the strip, a register at least.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Fill(
        StripLayout layout, T* source, ImageLayout image, int channels, int row, int rows, T* strip, int slack)
    {
        TapGrid grid = layout.Grid;
        StripLayout.Axis vertical = layout.Vertical, horizontal = layout.Horizontal;
        int planeRows = rows + vertical.Span, pitch = layout.Pitch;
        nint step = grid.StrideW * image.W, ahead = ChannelsAhead * image.C;

        // Channels that are neighbours in memory are read together and transposed in registers; others are copied one by one.
        int together = image.C == 1 && step >= channels ? channels : 1;
        bool areSplit = together == 1 && grid.StrideW == 2 && image.W == 1 && horizontal.Phases.Length == 2;
        bool areGathered = together == 1 && grid.StrideW > 2;
        for (int c = 0; c < channels; c += together)
        {
            T* plane = strip + ((nint)c * layout.ChannelSize);
            foreach (int phaseH in vertical.Phases)
            {
                if (areSplit)
                {
                    Split(layout, source + (c * image.C), image, row, planeRows, phaseH, plane, ahead);
                    plane += 2 * layout.PlaneSize;
                    continue;
                }

                if (areGathered)
                {
                    Gather(layout, source + (c * image.C), image, row, planeRows, phaseH, plane);
                    plane += horizontal.Phases.Length * layout.PlaneSize;
                    continue;
                }

                foreach (int phaseW in horizontal.Phases)
                {
                    (long origin, int first, int last) = layout.Inside(phaseW);
                    T* target = plane;
                    for (int u = 0; u < planeRows; u++, target += pitch)
                    {
                        long h = (((long)row + u + vertical.First) * grid.StrideH) + phaseH;
                        bool isPadding = h < 0 || h >= grid.SourceHeight || first == last;
                        T* from =
                            unchecked(source + (c * image.C) + ((nint)h * image.H) + ((nint)origin * image.W) + (first * step));
                        if (!isPadding && together == 1)
                        {
                            Row(from, step, target, first, last, pitch, ahead);
                            continue;
                        }

                        for (int i = 0; i < together; i++)
                        {
                            T* line = target + ((nint)i * layout.ChannelSize);
                            new Span<T>(line, isPadding ? pitch : first).Clear();
                            if (!isPadding)
                                new Span<T>(line + last, pitch - last).Clear();
                        }

                        if (!isPadding)
                            TransposePacking<TVec, T>.Transpose(from, step, last - first, channels, target + first,
                                layout.ChannelSize, padded: last - first);
                    }

                    plane += layout.PlaneSize;
                }
            }
        }

        new Span<T>(strip + ((nint)channels * layout.ChannelSize), slack).Clear();
    }

    /// <summary>
    /// The planes of all phases of the columns of a wide stride, element by element: a register of elements that are far apart
    /// takes as many loads.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Gather(
        StripLayout layout, T* source, ImageLayout image, int row, int planeRows, int phaseH, T* plane)
    {
        int pitch = layout.Pitch;
        nint step = layout.Grid.StrideW * image.W;
        foreach (int phaseW in layout.Horizontal.Phases)
        {
            (long origin, int first, int last) = layout.Inside(phaseW);
            for (int u = 0; u < planeRows; u++)
            {
                long h = (((long)row + u + layout.Vertical.First) * layout.Grid.StrideH) + phaseH;
                bool isPadding = h < 0 || h >= layout.Grid.SourceHeight || first == last;
                T* from = unchecked(source + ((nint)h * image.H) + ((nint)origin * image.W) + (first * step)),
                    line = plane + (u * pitch);
                int end = isPadding ? 0 : last, j = 0;
                for (; j < first; j++)
                    line[j] = T.Zero;
                for (; j + 4 <= end; j += 4, from += 4 * step)
                {
                    (line[j], line[j + 1]) = (from[0], from[step]);
                    (line[j + 2], line[j + 3]) = (from[2 * step], from[3 * step]);
                }

                for (; j < end; j++, from += step)
                    line[j] = *from;
                for (; j < pitch; j++)
                    line[j] = T.Zero;
            }

            plane += layout.PlaneSize;
        }
    }

    /// <summary>The planes of even and of odd columns side by side: each row of the image is read once for both.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Split(
        StripLayout layout, T* source, ImageLayout image, int row, int planeRows, int phaseH, T* plane, nint ahead)
    {
        int w = TVec.Count, pitch = layout.Pitch;
        (long origin, int first, _) = layout.Inside(0);
        T* even = plane, odd = plane + layout.PlaneSize;
        for (int u = 0; u < planeRows; u++, even += pitch, odd += pitch)
        {
            long h = (((long)row + u + layout.Vertical.First) * layout.Grid.StrideH) + phaseH, column = origin + (2 * first);
            T* from = unchecked(source + ((nint)h * image.H) + (nint)column);
            int left = h < 0 || h >= layout.Grid.SourceHeight ? 0 : (int)Math.Max(0, layout.Grid.SourceWidth - column);

            // What is written behind a row is overwritten by the next row. Behind the last row of the even plane the odd plane
            // begins, which holds its data already: nothing may be written there.
            int room = layout.PlaneSize - (u * pitch);
            for (int j = 0; j < first; j += w)
            {
                RowCopy<TVec, T>.StoreUpTo(even + j, default, room - j);
                TVec.Store(odd + j, default);
            }

            for (int j = first; j < pitch; j += w, from += 2 * w, left -= 2 * w)
            {
                Prefetch.LinesToL2(from + ahead, 2 * w);
                (TVec x, TVec y) =
                    TVec.Deinterleave(RowCopy<TVec, T>.LoadUpTo(from, left), RowCopy<TVec, T>.LoadUpTo(from + w, left - w));
                RowCopy<TVec, T>.StoreUpTo(even + j, x, room - j);
                TVec.Store(odd + j, y);
            }
        }
    }

    /// <summary>
    /// A row of a strip with zeros on both sides, in whole registers: what is written behind the row is overwritten by later
    /// rows.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Row(T* source, nint step, T* target, int first, int last, int pitch, nint ahead)
    {
        int w = TVec.Count, j = 0, count = last - first, fetched = step == 2 ? 2 * w : w;
        for (; j < first; j += w)
            TVec.Store(target + j, default);
        for (j = 0; j + w < count; j += w)
        {
            Prefetch.LinesToL2(source + (j * step) + ahead, fetched);
            TVec.Store(target + first + j, RowCopy<TVec, T>.Load(source + (j * step), step));
        }

        Prefetch.LinesToL2(source + (j * step) + ahead, fetched);
        TVec.Store(target + first + j, RowCopy<TVec, T>.LoadUpTo(source + (j * step), step, count - j));
        for (j += first + w; j < pitch; j += w)
            TVec.Store(target + j, default);
    }

    /// <summary>
    /// One panel of <paramref name="kc"/> rows, <paramref name="nr"/> wide: the positions [position, position + columns) of the
    /// strip, counted row by row, neighbours or zeros behind them.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Panel(StripLayout layout, T* strip, int* offsets, int kc, int position, int columns, int nr, T* panel)
    {
        int w = TVec.Count, width = layout.Grid.Width;
        TVec lanes = LaneNumbers();
        nint* sources = stackalloc nint[w + 2];
        TVec* masks = stackalloc TVec[w + 2];
        for (int lane = 0; lane < columns; lane += w)
        {
            // The runs of neighbours that this register holds, each with its lanes from the first one on: later ones win.
            int count = 0;
            for (int at = lane; at < Math.Min(lane + w, columns); count++)
            {
                int i = (position + at) / width, j = (position + at) % width;
                sources[count] = ((nint)i * layout.Pitch) + j - (at - lane);
                masks[count] = TVec.GreaterThan(lanes, TVec.Broadcast(T.CreateTruncating(at - lane - 1)));
                at += width - j;
            }

            Runs(strip, offsets, kc, sources, masks, count, nr, panel + lane);
        }

        for (int lane = Shapes.RoundUp(columns, w); lane < nr; lane += w)
        {
            for (int k = 0; k < kc; k++)
                TVec.Store(panel + lane + ((nint)k * nr), default);
        }
    }

    /// <summary>One register of each row of a panel, put together from runs of the strip.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Runs(T* strip, int* offsets, int kc, nint* sources, TVec* masks, int count, int nr, T* panel)
    {
        T* s0 = strip + sources[0], s1 = strip + sources[1], s2 = strip + sources[2];
        TVec m1 = masks[1], m2 = masks[2];
        if (count == 1)
        {
            for (int k = 0; k < kc; k++, panel += nr)
                TVec.Store(panel, TVec.Load(s0 + offsets[k]));
        }
        else if (count == 2)
        {
            for (int k = 0; k < kc; k++, panel += nr)
                TVec.Store(panel, TVec.Select(m1, TVec.Load(s1 + offsets[k]), TVec.Load(s0 + offsets[k])));
        }
        else if (count == 3)
        {
            for (int k = 0; k < kc; k++, panel += nr)
                TVec.Store(panel,
                    TVec.Select(m2, TVec.Load(s2 + offsets[k]),
                        TVec.Select(m1, TVec.Load(s1 + offsets[k]), TVec.Load(s0 + offsets[k]))));
        }
        else
        {
            for (int k = 0; k < kc; k++, panel += nr)
            {
                TVec x = TVec.Load(s0 + offsets[k]);
                for (int run = 1; run < count; run++)
                    x = TVec.Select(masks[run], TVec.Load(strip + sources[run] + offsets[k]), x);
                TVec.Store(panel, x);
            }
        }
    }

    private static TVec LaneNumbers()
    {
        TVec lanes = default;
        for (int i = 0; i < TVec.Count; i++)
            ((T*)&lanes)[i] = T.CreateTruncating(i);
        return lanes;
    }
}
