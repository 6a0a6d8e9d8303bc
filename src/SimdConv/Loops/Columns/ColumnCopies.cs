using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>
/// im2col: each tap copies rows of the image, or of its columns split by phases of the stride, with zeros where windows hang
/// over. Rows of few windows are copied as one where they lie in the image as they do in the columns.
/// </summary>
internal readonly unsafe ref struct ColumnCopies<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly IndexTable table;
    private readonly nint ld;

    /// <summary>For each tap a mask for the windows of a run, zeros behind it; columns of the image, phase by phase.</summary>
    private readonly T* masks, split;

    /// <summary>For each column of taps where the first window meets a row, and which windows do.</summary>
    private readonly (nint Offset, int First, int Last)* taps;

    /// <summary>For each strip and row of taps the windows that meet the image.</summary>
    private readonly (int First, int Last)* inside;

    private readonly int together, maskPitch;

    public ColumnCopies(IndexTable table, nint ld, in Scratch scratch, Workspace workspace)
    {
        (this.table, this.ld, together, maskPitch) = (table, ld, Together(table), MaskPitch(table));
        masks = workspace.At(scratch.Masks);
        split = workspace.At(scratch.Split);
        taps = workspace.At(scratch.Taps);
        inside = workspace.At(scratch.Inside);
        WindowAxis axis = table.Horizontal;
        for (int s = 0; s < table.Shape.S; s++)
        {
            (int index, int step) = axis.Places[s];
            WindowPhase phase = axis.Phases[index];
            int offset = step - phase.Place, first = Math.Max(0, -offset),
                last = Math.Max(first, Math.Min(axis.Windows, phase.Count - offset));
            ColumnTile<TVec, T>.Mask(masks + ((nint)s * maskPitch), maskPitch, first, last, axis.Windows, together);
            taps[s] = ((phase.Pixel * PhasePitch(table)) + offset, first, together > 1 ? first : last);
        }

        for (int i = 0; i < table.Strips.Count * table.Shape.R; i++)
        {
            (int strip, int r) = Math.DivRem(i, table.Shape.R);
            (int from, int to, _, _) = table.Strips[strip];
            while (from < to && r < table.Vertical.Taps[from].First)
                from++;
            while (to > from && r >= table.Vertical.Taps[to - 1].Last)
                to--;
            inside[i] = (from, to);
        }
    }

    /// <summary>The arrays above.</summary>
    public readonly struct Scratch
    {
        public readonly ScratchPlan Plan = default;
        public readonly Piece<T> Masks, Split;
        public readonly Piece<(nint Offset, int First, int Last)> Taps;
        public readonly Piece<(int First, int Last)> Inside;

        public Scratch(IndexTable table)
        {
            int stride = table.Horizontal.Stride;
            Masks = Plan.Add<T>((long)MaskPitch(table) * table.Shape.S);
            Split = Plan.Add<T>(stride == 1 ? 0 : checked((long)PhasePitch(table) * Math.Min(stride, table.Horizontal.Size)));
            Taps = Plan.Add<(nint Offset, int First, int Last)>(table.Shape.S);
            Inside = Plan.Add<(int First, int Last)>(table.Strips.Count * table.Shape.R);
        }
    }

    /// <summary>One plane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run(T* x, T* columns)
    {
        WindowAxis axis = table.Vertical;
        int windows = table.Horizontal.Windows;
        nint pitch = Pitch(table), nextRow = axis.Stride * pitch;
        for (int strip = 0; strip < table.Strips.Count; strip++)
        {
            (int first, int last, int sourceFirst, int sourceLast) = table.Strips[strip];
            T* source = x + ((nint)sourceFirst * table.Shape.W), to = columns + ((nint)first * windows);
            if (table.Horizontal.Stride > 1)
                source = Split(source, sourceLast - sourceFirst);
            for (int r = 0; r < table.Shape.R; r++)
            {
                (int from, int below) = inside[(strip * table.Shape.R) + r];
                T* row = source + ((from == below ? 0 : axis.Starts[from] + ((nint)r * axis.Dilation) - sourceFirst) * pitch);
                for (int s = 0; s < table.Shape.S; s++, to += ld)
                {
                    (nint offset, int firstInside, int lastInside) = taps[s];
                    T* tap = unchecked(row + offset), mask = masks + ((nint)s * maskPitch),
                        end = to + ((nint)(last - first) * windows);
                    if (from > first)
                        new Span<T>(to, (from - first) * windows).Clear();
                    T* inImage = to + ((nint)(from - first) * windows);
                    if (together == 1)
                        ColumnTile<TVec, T>.Copy(tap, nextRow, mask, firstInside, lastInside, inImage, below - from, windows,
                            end);
                    for (int p = from, rows; together > 1 && p < below; p += rows)
                    {
                        // Rows that are run together are one row to the tile; their masks are the end of those of as many as
                        // possible.
                        rows = Math.Min(together, below - p);
                        ColumnTile<TVec, T>.Copy(tap + ((p - from) * pitch), 0, mask + ((nint)(together - rows) * windows), 0, 0,
                            inImage + ((nint)(p - from) * windows), 1, rows * windows, end);
                    }

                    if (last > below)
                        new Span<T>(to + ((nint)(below - first) * windows), (last - below) * windows).Clear();
                }
            }
        }
    }

    /// <summary>Rows of the image by phases of the stride.</summary>
    private T* Split(T* source, int rows)
    {
        WindowAxis axis = table.Horizontal;
        int pitch = Pitch(table);
        nint phasePitch = PhasePitch(table);
        if (axis.Stride == 2 && axis.Size % 2 == 0)
        {
            RowCopy<TVec, T>.Split(source, rows * axis.Size, split, split + phasePitch);
            return split;
        }

        foreach (WindowPhase phase in axis.Phases)
        {
            for (int i = 0; i < rows && phase.Taps > 0 && phase.Count > 0; i++)
            {
                RowCopy<TVec, T>.Gather(source + ((nint)i * axis.Size) + phase.Pixel, axis.Stride,
                    split + (phase.Pixel * phasePitch) + ((nint)i * pitch), phase.Count);
            }
        }

        return split;
    }

    /// <summary>How many rows are copied as one: few windows, and as many pixels, would leave lanes empty.</summary>
    private static int Together(IndexTable table)
    {
        WindowAxis axis = table.Horizontal;
        return axis.Stride == 1 && table.Vertical.Stride == 1 && axis.Windows == axis.Size && axis.Windows < 2 * TVec.Count
            ? Math.Clamp(ColumnTile<TVec, T>.MostTogether / axis.Windows, 1, table.Shape.P)
            : 1;
    }

    /// <summary>Elements from one row of a phase to the next.</summary>
    private static int Pitch(IndexTable table) => ((table.Horizontal.Size - 1) / table.Horizontal.Stride) + 1;

    private static nint PhasePitch(IndexTable table) => checked(((nint)table.Strips.SourceRows * Pitch(table)) + TVec.Count);

    private static int MaskPitch(IndexTable table) => (Together(table) * table.Horizontal.Windows) + TVec.Count;
}
