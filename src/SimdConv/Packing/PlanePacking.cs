using System.Numerics;
using System.Runtime.CompilerServices;
using SimdConv.Kernels;

namespace SimdConv.Packing;

/// <summary>
/// Copies planes of an image to strips whose padding is zero already and stays so: what small planes can afford.
/// A stride of 2 is split in one pass over the source.
/// </summary>
internal static unsafe class PlanePacking<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>
    /// Fills grid rows [row, row + rows) of some planes, whose strips follow each other. Rows outside the image are cleared where the
    /// strips have held other rows.
    /// </summary>
    public static void Fill(PlaneLayout layout, T* source, ImageLayout image, int planes, nint nextSource, int row, int rows, T* strip, bool clear)
    {
        StripLayout strips = layout.Strip;
        int planeRows = rows + strips.Vertical.Span, top = row + strips.Vertical.First;
        nint step = strips.Grid.StrideW * image.W;
        (int First, int Count, nint Source)[] columns = layout.Columns;
        bool isSplit = step == 2 && columns.Length == 2 && columns[0].First == columns[1].First && columns[0].Source + 1 == columns[1].Source;
        Rows part = new() { Planes = planes, NextSource = nextSource, NextTarget = strips.ChannelSize, NextRow = strips.Grid.StrideH * image.H, Pitch = strips.Pitch };
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
    }

    /// <summary>Zeros may be written behind each row, up to the end of the plane: the padding, and rows that are written later.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Copy(in Rows part, int count)
    {
        int w = TVec.Count, last = count - w;
        nint next = part.NextRow, pitch = part.Pitch;
        for (nint plane = 0; plane < part.Planes; plane++)
        {
            T* from = part.Source + (plane * part.NextSource), to = part.Target + (plane * part.NextTarget), end = part.End + (plane * part.NextTarget);
            for (int rows = part.Count; rows > 0; rows--, from += next, to += pitch)
            {
                for (int j = 0; j < last; j += w)
                    TVec.Store(to + j, TVec.Load(from + j));
                if (last >= 0)
                    TVec.Store(to + last, TVec.Load(from + last));
                else if (count > 0)
                    Put(to, TVec.LoadPartial(from, count), count, end);
            }
        }
    }

    /// <summary>Even columns to one plane, odd ones to the next.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Split(in Rows part, int evens, int odds, nint nextPhase)
    {
        int w = TVec.Count, pixels = Math.Max((2 * evens) - 1, 2 * odds), last = Math.Min(evens, odds) - w;
        nint next = part.NextRow, pitch = part.Pitch;
        for (nint plane = 0; plane < part.Planes; plane++)
        {
            T* from = part.Source + (plane * part.NextSource), to = part.Target + (plane * part.NextTarget), end = part.End + (plane * part.NextTarget);
            for (int rows = part.Count; rows > 0; rows--, from += next, to += pitch)
            {
                for (int j = 0; j < last; j += w)
                    SplitPair(from + (2 * j), to + j, nextPhase);
                if (last >= 0)
                    SplitPair(from + (2 * last), to + last, nextPhase);

                // Fewer than a register in all, or the last even pixel of an odd width.
                int at = last >= 0 ? last + w : 0, rest = pixels - (2 * at);
                if (rest > 0)
                {
                    T* pair = from + (2 * at);
                    (TVec even, TVec odd) = TVec.Deinterleave(RowCopy<TVec, T>.LoadUpTo(pair, rest), RowCopy<TVec, T>.LoadUpTo(pair + w, rest - w));
                    Put(to + at, even, evens - at, end);
                    Put(to + at + nextPhase, odd, odds - at, end + nextPhase);
                }
            }
        }
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
                RowCopy<TVec, T>.Gather(part.Source + (plane * part.NextSource) + (i * part.NextRow), step, part.Target + (plane * part.NextTarget) + (i * part.Pitch), count);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(T* to, TVec value, int count, T* end)
    {
        if (to + TVec.Count <= end)
            TVec.Store(to, value);
        else
            RowCopy<TVec, T>.StoreUpTo(to, value, count);
    }
}
