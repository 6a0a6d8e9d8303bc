namespace SimdConv.Packing;

/// <summary>
/// Copies planes of an image to strips whose padding is zero already and stays zero. A stride of 2 is split into its phases in
/// one pass over the source.
/// </summary>
internal static unsafe class PlanePacking<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>
    /// Fills grid rows [row, row + rows) of some planes, whose strips follow each other. Rows outside the image are cleared where
    /// the strips have held other rows.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Fill(
        PlaneLayout layout, T* source, ImageLayout image, int planes, nint nextSource, int row, int rows, T* strip, bool clear)
    {
        StripLayout strips = layout.Strip;
        int planeRows = rows + strips.Vertical.Span, top = row + strips.Vertical.First;
        nint step = strips.Grid.StrideW * image.W;
        (int First, int Count, nint Source)[] columns = layout.Columns;
        bool isSplit = step == 2 && columns.Length == 2 && columns[0].First == columns[1].First
            && columns[0].Source + 1 == columns[1].Source;
        Rows part = new()
        {
            Planes = planes,
            NextSource = nextSource,
            NextTarget = strips.ChannelSize,
            NextRow = strips.Grid.StrideH * image.H,
            Pitch = strips.Pitch,
        };
        for (int phase = 0; phase < layout.Heights.Length; phase++)
        {
            // Rows [first, last) of these planes lie in the image.
            int first = Math.Clamp(-top, 0, planeRows), last = Math.Clamp(layout.Heights[phase] - top, first, planeRows);
            T* from = source + (((((nint)top + first) * strips.Grid.StrideH) + strips.Vertical.Phases[phase]) * image.H);
            part.Count = last - first;
            for (int i = 0; i < columns.Length; i++, strip += strips.PlaneSize)
            {
                if (clear)
                {
                    for (int plane = 0; plane < planes; plane++)
                    {
                        T* at = strip + (plane * part.NextTarget);
                        new Span<T>(at, first * strips.Pitch).Clear();
                        new Span<T>(at + (last * strips.Pitch), (planeRows - last) * strips.Pitch).Clear();
                    }
                }

                part.Source = from + (columns[i].Source * image.W);
                part.Target = strip + (first * strips.Pitch) + columns[i].First;
                part.End = strip + strips.PlaneSize;
                if (isSplit && i == 0)
                    Split(in part, columns[0].Count, columns[1].Count, strips.PlaneSize);
                else if (step == 1)
                    Copy(in part, columns[i].Count);
                else if (!isSplit)
                    Gather(in part, step, columns[i].Count);
            }
        }
    }

    /// <summary>Neighbouring rows of some planes, and where they go.</summary>
    private struct Rows
    {
        public int Planes, Count;
        public T* Source, Target;

        /// <summary>Behind the first plane.</summary>
        public T* End;
        public nint NextSource, NextTarget, NextRow, Pitch;

        /// <summary>
        /// How many rows of a plane may be read <paramref name="excess"/> elements too far: those that other rows follow. Behind
        /// the last row of the last plane nothing may be read, nor behind a plane whose next one begins within the excess.
        /// </summary>
        public readonly int Readable(bool isLast, int excess) => !isLast && NextSource >= excess
            ? Count
            : NextRow == 0 ? 0 : (int)Math.Max(0, Count - Shapes.DivideUp(excess, NextRow));

        /// <summary>
        /// How many rows of a plane may be written as registers: zeros behind a row are padding, or are overwritten by later
        /// rows, up to the end of the plane.
        /// </summary>
        public readonly int Writable(int width) =>
            End - Target < width ? 0 : (int)Math.Min(Count, (((nint)(End - Target) - width) / Pitch) + 1);
    }

    private static void Copy(in Rows part, int count)
    {
        if (count >= TVec.Count)
            CopyWide(in part, count);
        else if (count > 0)
            CopyNarrow(in part, count);
    }

    /// <summary>Rows of a register or more: the last register of a row overlaps the one before it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CopyWide(in Rows part, int count)
    {
        int w = TVec.Count, last = count - w;
        nint next = part.NextRow, pitch = part.Pitch;
        for (nint plane = 0; plane < part.Planes; plane++)
        {
            T* from = part.Source + (plane * part.NextSource), to = part.Target + (plane * part.NextTarget);
            for (int rows = part.Count; rows > 0; rows--, from += next, to += pitch)
            {
                for (int j = 0; j < last; j += w)
                    TVec.Store(to + j, TVec.Load(from + j));
                TVec.Store(to + last, TVec.Load(from + last));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CopyNarrow(in Rows part, int count)
    {
        TVec mask = First(count);
        nint next = part.NextRow, pitch = part.Pitch;
        int writable = part.Writable(TVec.Count), inner = part.Readable(isLast: false, TVec.Count - count),
            outer = part.Readable(isLast: true, TVec.Count - count);
        for (nint plane = 0; plane < part.Planes; plane++)
        {
            T* from = part.Source + (plane * part.NextSource), to = part.Target + (plane * part.NextTarget);
            int readable = plane + 1 < part.Planes ? inner : outer;
            for (int i = 0; i < part.Count; i++, from += next, to += pitch)
            {
                TVec x = i < readable ? TVec.And(TVec.Load(from), mask) : TVec.LoadPartial(from, count);
                if (i < writable)
                    TVec.Store(to, x);
                else
                    TVec.StorePartial(to, x, count);
            }
        }
    }

    /// <summary>Even columns to one plane, odd ones to the next.</summary>
    private static void Split(in Rows part, int evens, int odds, nint nextPhase)
    {
        int whole = Math.Min(evens, odds);
        if (whole >= TVec.Count)
            SplitWide(in part, whole, nextPhase);
        else if (evens > 0)
            SplitNarrow(in part, evens, odds, nextPhase);

        // The last pixel of an odd width.
        for (nint plane = 0; whole >= TVec.Count && evens > odds && plane < part.Planes; plane++)
        {
            T* from = part.Source + (plane * part.NextSource) + (2 * odds), to = part.Target + (plane * part.NextTarget) + odds;
            for (int rows = part.Count; rows > 0; rows--, from += part.NextRow, to += part.Pitch)
                *to = *from;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SplitWide(in Rows part, int count, nint nextPhase)
    {
        int w = TVec.Count, last = count - w;
        nint next = part.NextRow, pitch = part.Pitch;
        for (nint plane = 0; plane < part.Planes; plane++)
        {
            T* from = part.Source + (plane * part.NextSource), to = part.Target + (plane * part.NextTarget);
            for (int rows = part.Count; rows > 0; rows--, from += next, to += pitch)
            {
                for (int j = 0; j < last; j += w)
                    SplitPair(from + (2 * j), to + j, nextPhase);
                SplitPair(from + (2 * last), to + last, nextPhase);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SplitNarrow(in Rows part, int evens, int odds, nint nextPhase)
    {
        int w = TVec.Count, pixels = Math.Max((2 * evens) - 1, 2 * odds);
        TVec lowMask = First(Math.Min(pixels, w)), highMask = First(pixels - w);
        nint next = part.NextRow, pitch = part.Pitch;
        int writable = part.Writable(w), inner = part.Readable(isLast: false, (2 * w) - pixels),
            outer = part.Readable(isLast: true, (2 * w) - pixels);
        for (nint plane = 0; plane < part.Planes; plane++)
        {
            T* from = part.Source + (plane * part.NextSource), to = part.Target + (plane * part.NextTarget);
            int readable = plane + 1 < part.Planes ? inner : outer;
            for (int i = 0; i < part.Count; i++, from += next, to += pitch)
            {
                (TVec even, TVec odd) = i < readable
                    ? TVec.Deinterleave(TVec.And(TVec.Load(from), lowMask), TVec.And(TVec.Load(from + w), highMask))
                    : TVec.Deinterleave(RowCopy<TVec, T>.LoadUpTo(from, pixels), RowCopy<TVec, T>.LoadUpTo(from + w, pixels - w));
                if (i < writable)
                {
                    TVec.Store(to, even);
                    TVec.Store(to + nextPhase, odd);
                }
                else
                {
                    RowCopy<TVec, T>.StoreUpTo(to, even, evens);
                    RowCopy<TVec, T>.StoreUpTo(to + nextPhase, odd, odds);
                }
            }
        }
    }

    /// <summary>All bits of the first <paramref name="count"/> lanes, none of them if it is 0 or less.</summary>
    private static TVec First(int count)
    {
        T* lanes = stackalloc T[TVec.Count];
        for (int i = 0; i < TVec.Count; i++)
            lanes[i] = i < count ? T.One : T.Zero;
        return TVec.GreaterThan(TVec.Load(lanes), default);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void SplitPair(T* from, T* to, nint nextPhase)
    {
        (TVec even, TVec odd) = TVec.Deinterleave(TVec.Load(from), TVec.Load(from + TVec.Count));
        TVec.Store(to, even);
        TVec.Store(to + nextPhase, odd);
    }

    private static void Gather(in Rows part, nint step, int count)
    {
        for (nint plane = 0; plane < part.Planes; plane++)
        {
            for (int i = 0; i < part.Count && count > 0; i++)
                RowCopy<TVec, T>.Gather(part.Source + (plane * part.NextSource) + (i * part.NextRow), step,
                    part.Target + (plane * part.NextTarget) + (i * part.Pitch), count);
        }
    }
}
