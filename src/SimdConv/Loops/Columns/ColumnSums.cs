using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>
/// col2im: each row of the image is the sum of those rows of the columns that hold it, read in place, and is written once.
/// Rows of few windows are run together as one, as far as they meet the same taps.
/// </summary>
internal readonly unsafe ref struct ColumnSums<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>
    /// Elements of the columns, rounded up to whole planes, that are fetched ahead: it takes so long for them to come.
    /// </summary>
    private const int FetchAhead = 1 << 12;

    /// <summary>
    /// Where a phase has so many times more pixels than windows, it is summed tap by tap: each pixel is under few of all taps.
    /// </summary>
    private const int LeastPixelsPerWindow = 4;

    private readonly IndexTable table;
    private readonly nint ld;

    /// <summary>
    /// For each tap a mask for the rows of a run, zeros behind it; rows of the image that are not written in place.
    /// </summary>
    private readonly T* masks, lines;

    /// <summary>For each phase of the columns what its pixels meet.</summary>
    private readonly ColumnTaps* phases;

    private readonly int together, planesAhead;

    /// <summary>Elements from a row of taps to the next one that the same pixels meet.</summary>
    private readonly nint nextRow;

    public ColumnSums(IndexTable table, nint ld, in Scratch scratch, Workspace workspace)
    {
        (this.table, this.ld, together) = (table, ld, Together(table));
        planesAhead = (int)(FetchAhead / ((long)table.Shape.R * table.Shape.S * table.Columns)) + 1;
        masks = workspace.At(scratch.Masks);
        lines = workspace.At(scratch.Lines);
        WindowAxis axis = table.Horizontal;
        phases = workspace.At(scratch.Phases);
        for (int i = 0; i < axis.Phases.Length; i++)
            phases[i] = Taps(axis.Phases[i]);
        nextRow = ((nint)Math.Min(table.Vertical.TapStep, table.Shape.R) * table.Shape.S * ld)
            - ((nint)table.Vertical.WindowStep * axis.Windows);
        for (int s = 0; s < table.Shape.S && !IsByTaps(table); s++)
        {
            (int index, int step) = axis.Places[s];
            WindowPhase phase = axis.Phases[index];
            int before = step - phase.Place, last = Math.Min(phase.Count, before + axis.Windows), pitch = MaskPitch(table);
            ColumnTile<TVec, T>.Mask(masks + ((nint)s * pitch), pitch, Math.Max(0, before), last, Period(table), together);
        }
    }

    /// <summary>The arrays above.</summary>
    public readonly struct Scratch
    {
        public readonly ScratchPlan Plan = default;
        public readonly Piece<T> Masks, Lines;
        public readonly Piece<ColumnTaps> Phases;

        public Scratch(IndexTable table)
        {
            WindowAxis axis = table.Vertical;
            long rows = Math.Min(axis.Stride, axis.Size) * (((axis.Size - 1L) / axis.Stride) + 1);
            Masks = Plan.Add<T>(IsByTaps(table) ? 0 : (long)MaskPitch(table) * table.Shape.S);
            Lines = Plan.Add<T>((Together(table) == 1 ? Period(table) : rows * RunWidth(table)) + (2 * TVec.Count));
            Phases = Plan.Add<ColumnTaps>(table.Horizontal.Phases.Length);
        }
    }

    /// <summary>One plane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run(T* columns, T* x)
    {
        if (IsByTaps(table))
        {
            AddTaps(columns, x);
            return;
        }

        WindowAxis axis = table.Vertical;
        int width = table.Shape.W, windows = table.Horizontal.Windows;
        bool inPlace = together == 1 || (axis.Stride == 1 && width == RunWidth(table));
        nint nextRun = inPlace ? width : RunWidth(table), nextPhase = (((axis.Size - 1) / axis.Stride) + 1) * nextRun;
        for (int phase = 0; phase < Math.Min(axis.Stride, axis.Size); phase++)
        {
            for (long next = phase; next < axis.Size;)
            {
                int h = (int)next, rows;
                (int window, int tap, int tapRows) = axis.Meets[h];
                rows = Math.Min(axis.AlikePixels[h], together == 1 ? axis.Size : together);
                next += (long)rows * axis.Stride;
                T* from = columns + (tap * table.Shape.S * ld) + ((nint)window * windows);

                if (together == 1)
                {
                    Sum(from, tapRows, masks, x + ((nint)h * width), (nint)axis.Stride * width, rows, width);
                    continue;
                }

                // Rows that are run together are one row to the tile; their masks are the end of those of as many as possible.
                T* to = (inPlace ? x : lines + (phase * nextPhase)) + (h / axis.Stride * nextRun);
                Sum(from, tapRows, masks + ((nint)(together - rows) * windows), to, 0, 1, rows * (int)nextRun);
            }
        }

        if (!inPlace)
            ColumnTile<TVec, T>.TakeTurns(lines, axis.Stride, nextPhase, nextRun, x, axis.Size, width,
                (nint)axis.Size * width * planesAhead);
    }

    /// <summary>
    /// One plane, to whose pixels each tap in turn adds its row of columns: it takes as long as reading the columns once.
    /// </summary>
    private void AddTaps(T* columns, T* x)
    {
        WindowAxis rows = table.Vertical, axis = table.Horizontal;
        new Span<T>(x, rows.Size * axis.Size).Clear();
        for (int r = 0; r < table.Shape.R; r++)
        {
            for (int s = 0; s < table.Shape.S; s++, columns += ld)
            {
                // Window q reads pixel start + q*stride.
                long start = axis.Starts[0] + ((long)s * axis.Dilation);
                int first = (int)Math.Clamp(Shapes.DivideUp(-start, axis.Stride), 0, axis.Windows);
                int count = (int)Math.Clamp(Shapes.DivideUp(axis.Size - start, axis.Stride), first, axis.Windows) - first;
                for (int p = 0; p < rows.Windows && count > 0; p++)
                {
                    if (r < rows.Taps[p].First || r >= rows.Taps[p].Last)
                        continue;
                    T* from = columns + ((nint)p * axis.Windows) + first;
                    T* to = x + ((nint)(rows.Starts[p] + ((long)r * rows.Dilation)) * axis.Size)
                        + (nint)(start + ((long)first * axis.Stride));
                    if (axis.Stride == 1)
                        RowCopy<TVec, T>.Add(from, to, count);
                    for (int q = 0; q < count && axis.Stride > 1; q++)
                        to[q * (nint)axis.Stride] += from[q];
                }
            }
        }
    }

    private static bool IsByTaps(IndexTable table) =>
        Period(table) > LeastPixelsPerWindow * ((long)table.Horizontal.Windows + TVec.Count);

    private void Sum(T* columns, int tapRows, T* mask, T* target, nint pitch, int rows, int width)
    {
        WindowAxis axis = table.Horizontal;
        if (axis.Stride == 1)
        {
            ColumnTile<TVec, T>.Sum(columns, nextRow, tapRows, phases[0], mask, target, pitch, rows, width, axis.Windows);
            return;
        }

        if (IsPair(axis))
        {
            int first = axis.Phases[0].Pixel;
            ColumnTile<TVec, T>.SumPair(columns, nextRow, tapRows, phases[first], phases[1 - first], mask, target, pitch, rows,
                width, axis.Windows);
            return;
        }

        for (int index = 0; index < axis.Phases.Length; index++)
        {
            WindowPhase phase = axis.Phases[index];
            for (int i = 0; i < rows && phase.Count > 0; i++)
            {
                ColumnTile<TVec, T>.Sum(columns + ((nint)i * axis.Windows), nextRow, tapRows, phases[index], mask, lines, 0, 1,
                    phase.Count, axis.Windows);
                RowCopy<TVec, T>.Scatter(lines, target + (i * pitch) + phase.Pixel, axis.Stride, phase.Count);
            }
        }
    }

    private ColumnTaps Taps(WindowPhase phase)
    {
        if (phase.Taps == 0)
            return default;
        WindowAxis axis = table.Horizontal;
        int pitch = MaskPitch(table), first = phase.Place - axis.Places[phase.FirstTap].Step,
            last = first - ((phase.Taps - 1) * axis.WindowStep);
        nint step = Math.Min(axis.TapStep, table.Shape.S);
        return new(first + (phase.FirstTap * ld), (step * ld) - axis.WindowStep, phase.Taps, (nint)phase.FirstTap * pitch,
            step * pitch, Math.Max(0, -last), together > 1 ? 0 : Math.Min(phase.Count, axis.Windows - first),
            table.Shape.R * table.Shape.S * ld * planesAhead);
    }

    private static bool IsPair(WindowAxis axis) => axis.Stride == 2 && axis.Size > 1;

    /// <summary>
    /// How many rows are run as one: where few windows would leave lanes empty, and each phase of a row has a window for each
    /// pixel.
    /// </summary>
    private static int Together(IndexTable table)
    {
        WindowAxis axis = table.Horizontal;
        return (axis.Stride == 1 || IsPair(axis)) && axis.Windows < 2 * TVec.Count
            && axis.Size <= (long)axis.Windows * axis.Stride
            ? Math.Clamp(ColumnTile<TVec, T>.MostTogether / axis.Windows, 1, table.Shape.H)
            : 1;
    }

    /// <summary>Elements from one row of pixels of a phase to the next one's.</summary>
    private static int Period(IndexTable table) =>
        Together(table) > 1 ? table.Horizontal.Windows : ((table.Horizontal.Size - 1) / table.Horizontal.Stride) + 1;

    private static int MaskPitch(IndexTable table) => (Together(table) * Period(table)) + TVec.Count;

    /// <summary>Elements of a row of pixels among rows that are run together.</summary>
    private static int RunWidth(IndexTable table) => table.Horizontal.Windows * table.Horizontal.Stride;
}
