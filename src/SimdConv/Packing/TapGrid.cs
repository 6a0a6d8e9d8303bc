namespace SimdConv.Packing;

/// <summary>
/// A convolution as a grid of positions that all see the same taps: position (i, j) reads source pixel (i*StrideH + RowOffset(r),
/// j*StrideW + ColumnOffset(s)) for each tap, zeros outside the image, and is target pixel (OriginH + i*StepH, OriginW +
/// j*StepW).
/// </summary>
/// <remarks>
/// The forward pass is one grid. The input gradient is one grid for each phase of the stride: pixels of dx of one phase meet the
/// same taps, and their pixels of dY are neighbours. So no zeros are inserted, nothing is scattered, and terms ascend in (k, p,
/// q).
/// </remarks>
internal sealed class TapGrid
{
    /// <summary>The share of all terms that bands must save to be worth their smaller tiles.</summary>
    private const double LeastSaving = 0.15;

    /// <summary>So many phases of the input gradient are grids of their own: those of a stride of 2 down and across.</summary>
    private const int MostSeparatePhases = 4;

    /// <summary>More bands than that, each with weights of its own, are brought down to a few.</summary>
    private const int MostBands = 16, FewBands = 4;

    private readonly TapAxis down, across;

    private TapGrid(TapAxis down, TapAxis across) => (this.down, this.across) = (down, across);

    public int Height => down.Count;

    public int Width => across.Count;

    public int SourceHeight => down.Size;

    public int SourceWidth => across.Size;

    public int StrideH => down.Stride;

    public int StrideW => across.Stride;

    public int OriginH => down.Origin;

    public int OriginW => across.Origin;

    public int StepH => down.Step;

    public int StepW => across.Step;

    /// <summary>For each row of taps, ascending in source rows: the kernel's row, and its offset in source rows.</summary>
    public (int Kernel, int Offset)[] Rows => down.Taps;

    /// <summary>For each column of taps, ascending in source columns: the kernel's column, and its offset.</summary>
    public (int Kernel, int Offset)[] Columns => across.Taps;

    /// <summary>Taps of one channel.</summary>
    public int Taps => Rows.Length * Columns.Length;

    /// <summary>
    /// The phases of the rows that the grid stands for, see <see cref="TapAxis.Phases"/>. Each of several phases is a set of
    /// outputs of its own, see <see cref="PhaseOutputs"/>.
    /// </summary>
    public (int Origin, int Kernel)[] RowPhases => down.Phases;

    /// <summary>The phases of the columns likewise.</summary>
    public (int Origin, int Kernel)[] ColumnPhases => across.Phases;

    /// <summary>The pairs of a phase of the rows and one of the columns.</summary>
    public int Phases => RowPhases.Length * ColumnPhases.Length;

    /// <summary>Whether taps come row by row as in the kernel: those of the forward pass do.</summary>
    public bool IsInKernelOrder
    {
        get
        {
            bool isInOrder = true;
            for (int r = 0; r < Rows.Length; r++)
                isInOrder &= Rows[r].Kernel == r;
            for (int s = 0; s < Columns.Length; s++)
                isInOrder &= Columns[s].Kernel == s;
            return isInOrder;
        }
    }

    /// <summary>The rows of taps by what they are modulo the stride.</summary>
    public StripLayout.Axis Vertical => down.Split;

    /// <summary>The columns of taps by what they are modulo the stride.</summary>
    public StripLayout.Axis Horizontal => across.Split;

    /// <summary>Whether other grids have neighbouring pixels of the same phase.</summary>
    public bool IsPart { get; private init; }

    /// <summary>The grids of the forward pass or of the input gradient.</summary>
    /// <param name="shape">The geometry.</param>
    /// <param name="direction">Forward or InputGradient.</param>
    /// <param name="unseen">What becomes of taps that see padding alone.</param>
    /// <param name="mostSeparate">More phases of the input gradient than that are merged.</param>
    public static TapGrid[] Of(
        Conv2DShape shape, ConvDirection direction, UnseenTaps unseen, int mostSeparate = MostSeparatePhases) =>
        direction == ConvDirection.Forward ? Forward(shape, unseen) : InputGradient(shape, unseen, mostSeparate);

    /// <summary>The one grid of the forward pass, or those of its <see cref="TapPhases.Parts"/>.</summary>
    private static TapGrid[] Forward(Conv2DShape shape, UnseenTaps unseen) => Grids(
        TapPhases.Window(shape.R, shape.DilationH, shape.PadTop, shape.P, shape.StrideH, shape.H, unseen),
        TapPhases.Window(shape.S, shape.DilationW, shape.PadLeft, shape.Q, shape.StrideW, shape.W, unseen),
        unseen,
        mostSeparate: 1);

    /// <summary>The grid of the weight gradient: the forward pass' in one, with all taps.</summary>
    public static TapGrid WeightGradient(Conv2DShape shape) => Forward(shape, UnseenTaps.Moved)[0];

    /// <summary>
    /// The grids of all phases that hold a pixel of dx; one without taps still has its pixels to write. Where phases are many,
    /// one grid stands for all whose taps read the same pixels of dy, so that there are few grids whatever the stride.
    /// </summary>
    private static TapGrid[] InputGradient(Conv2DShape shape, UnseenTaps unseen, int mostSeparate) => Grids(
        TapPhases.OfStride(shape.H, shape.R, shape.StrideH, shape.PadTop, shape.DilationH, shape.P, unseen),
        TapPhases.OfStride(shape.W, shape.S, shape.StrideW, shape.PadLeft, shape.DilationW, shape.Q, unseen),
        unseen,
        mostSeparate);

    private static TapGrid[] Grids(TapPhases rows, TapPhases columns, UnseenTaps unseen, int mostSeparate)
    {
        (TapPhases high, TapPhases wide) = unseen == UnseenTaps.LeftOut ? (rows.Parts(), columns.Parts()) : (rows, columns);
        bool areMerged = (long)high.Phases.Length * wide.Phases.Length > mostSeparate;
        TapAxis[] down = high.Axes(areMerged), across = wide.Axes(areMerged);
        TapGrid[] grids = new TapGrid[down.Length * across.Length];
        for (int i = 0; i < grids.Length; i++)
            grids[i] = new(down[i / across.Length], across[i % across.Length])
            {
                IsPart = high.Phases.Length > rows.Phases.Length || wide.Phases.Length > columns.Phases.Length,
            };
        return grids;
    }

    /// <summary>One grid with all taps of some that read the same source: a strip of it serves each of them.</summary>
    public static TapGrid Hull(TapGrid[] grids) => new(
        TapAxis.Hull(Array.ConvertAll(grids, grid => grid.down)), TapAxis.Hull(Array.ConvertAll(grids, grid => grid.across)));

    /// <summary>Adds where in the kernel the taps of each phase are, in the grid's order.</summary>
    public void AddTaps(List<int> numbers)
    {
        foreach ((int Kernel, int)[] some in (ReadOnlySpan<(int, int)[]>)[Rows, Columns])
        {
            numbers.Add(some.Length);
            numbers.AddRange(some.Select(tap => tap.Kernel));
        }

        foreach ((int, int Kernel)[] some in (ReadOnlySpan<(int, int)[]>)[RowPhases, ColumnPhases])
        {
            numbers.Add(some.Length);
            numbers.AddRange(some.Select(phase => phase.Kernel));
        }
    }

    /// <summary>
    /// The rows of the grid in bands that see the same rows of taps [FirstTap, LastTap), where leaving out those that only see
    /// padding saves enough; else one band with all. The input gradient of a small image is the case: each row of dx meets few
    /// rows of dY. Too many bands are joined to a few.
    /// </summary>
    public RowRun[] Bands => field ??= Worthwhile(Slices.Length <= MostBands ? Slices
        : [.. Slices.Index().GroupBy(band => (int)((long)band.Index * FewBands / Slices.Length), band => band.Item)
            .Select(some => new RowRun(some.First().First, some.Last().Last, some.Min(band => band.FirstTap),
                some.Max(band => band.LastTap)))]);

    /// <summary>The same, but one band where there would be too many.</summary>
    public RowRun[] JoinedBands => Slices.Length <= MostBands ? Bands : Whole;

    private RowRun[] Whole => [new(0, Height, 0, Rows.Length)];

    private RowRun[] Worthwhile(RowRun[] bands)
    {
        long used = 0;
        foreach (RowRun band in bands)
            used += (long)band.Rows * (band.LastTap - band.FirstTap);
        return Saves(used, (long)Height * Rows.Length) ? bands : Whole;
    }

    /// <summary>All runs of rows that see the same rows of taps.</summary>
    public RowRun[] Slices => down.Runs;

    /// <summary>Rows [First, Last) of a grid, and the rows of taps [FirstTap, LastTap) that they see.</summary>
    public readonly record struct RowRun(int First, int Last, int FirstTap, int LastTap)
    {
        public int Rows => Last - First;

        /// <summary>
        /// The rows that lie in a strip of <paramref name="count"/> rows from <paramref name="row"/> on, counted from there.
        /// </summary>
        public (int First, int Last) Within(int row, int count) => (Math.Max(First - row, 0), Math.Min(Last - row, count));
    }

    /// <summary>The taps of one channel that rows see.</summary>
    public int TapsOf(RowRun run) => (run.LastTap - run.FirstTap) * Columns.Length;

    /// <summary>Whether taps that see but padding are so many among all that it pays to leave them out.</summary>
    public static bool Saves(long used, long all) => used <= (1 - LeastSaving) * all;

    /// <summary>
    /// The columns of taps [First, Last) that the columns of the grid from <paramref name="first"/> to <paramref name="last"/>
    /// see.
    /// </summary>
    public (int First, int Last) ColumnsOf(int first, int last) =>
        across.Seen(first, last);
}
