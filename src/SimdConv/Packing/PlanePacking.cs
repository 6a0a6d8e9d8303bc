using System.Numerics;
using System.Runtime.CompilerServices;
using SimdConv.Kernels;

namespace SimdConv.Packing;

/// <summary>Columns of a strip's planes that come from the image: First to First + Count, beginning with source column Source.</summary>
internal readonly record struct PlaneColumns(int First, int Count, nint Source);

/// <summary>
/// Copies one plane of an image at a time to a strip whose padding is zero already and stays so: what small planes can afford.
/// A stride of 2 is split in one pass over the source.
/// </summary>
internal static unsafe class PlanePacking<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>
    /// Fills grid rows [row, row + rows). Rows outside the image are cleared only if <paramref name="clear"/>: where the strip
    /// has held other rows.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Fill(StripLayout layout, PlaneColumns[] columns, T* source, ImageLayout image, int row, int rows, T* strip, bool clear)
    {
        int strideH = layout.Grid.StrideH, height = layout.Grid.SourceHeight, pitch = layout.Pitch;
        nint step = layout.Grid.StrideW * image.W, next = (nint)layout.PlaneSize * columns.Length;
        bool isSplit = step == 2 && columns.Length == 2 && columns[0].Source + 1 == columns[1].Source && columns[0].First == columns[1].First;
        int planeRows = rows + layout.Vertical.Span;
        int[] phases = layout.Vertical.Phases;
        for (int u = 0; u < planeRows; u++)
        {
            for (int phase = 0; phase < phases.Length; phase++)
            {
                T* plane = strip + (phase * next), target = plane + (u * pitch);
                long h = (((long)row + u + layout.Vertical.First) * strideH) + phases[phase];
                if (h < 0 || h >= height)
                {
                    for (int i = 0; clear && i < columns.Length; i++, target += layout.PlaneSize)
                        new Span<T>(target, pitch).Clear();
                    continue;
                }

                T* from = source + ((nint)h * image.H), end = plane + layout.PlaneSize;
                if (isSplit)
                {
                    (int first, int count, nint origin) = columns[0];
                    Split(from + (origin * image.W), count, columns[1].Count, target + first, end, layout.PlaneSize);
                    continue;
                }

                foreach ((int first, int count, nint origin) in columns)
                {
                    Copy(from + (origin * image.W), step, count, target + first, end);
                    target += layout.PlaneSize;
                    end += layout.PlaneSize;
                }
            }
        }
    }

    /// <summary>A row; zeros may be written behind it, up to the end of the plane: the padding, and rows that are written later.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Copy(T* from, nint step, int count, T* to, T* end)
    {
        int w = TVec.Count, j = 0;
        if (step != 1)
        {
            if (count > 0)
                RowCopy<TVec, T>.Gather(from, step, to, count);
            return;
        }

        for (; j + w <= count; j += w)
            TVec.Store(to + j, TVec.Load(from + j));
        if (j < count)
            Put(to + j, TVec.LoadPartial(from + j, count - j), count - j, end);
    }

    /// <summary>Even columns to one plane, odd ones to the next.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Split(T* from, int evens, int odds, T* to, T* end, nint nextPlane)
    {
        int w = TVec.Count, j = 0;
        for (; j + w <= Math.Min(evens, odds); j += w)
        {
            (TVec even, TVec odd) = TVec.Deinterleave(TVec.Load(from + (2 * j)), TVec.Load(from + (2 * j) + w));
            TVec.Store(to + j, even);
            TVec.Store(to + j + nextPlane, odd);
        }

        for (int pixels = Math.Max((2 * evens) - 1, 2 * odds); j < Math.Max(evens, odds); j += w)
        {
            T* pair = from + (2 * j);
            int rest = pixels - (2 * j);
            (TVec even, TVec odd) = TVec.Deinterleave(RowCopy<TVec, T>.LoadUpTo(pair, rest), RowCopy<TVec, T>.LoadUpTo(pair + w, rest - w));
            Put(to + j, even, evens - j, end);
            Put(to + j + nextPlane, odd, odds - j, end + nextPlane);
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
