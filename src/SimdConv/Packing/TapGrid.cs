using SimdConv.Core;

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

    /// <summary>So many times more taps than a position can see are worth cutting the positions in parts.</summary>
    private const int LeastTapsPerSeen = 4;

    /// <summary>More bands than that, each with weights of its own, are brought down to a few.</summary>
    private const int MostBands = 16, FewBands = 4;

    public required int Height { get; init; }

    public required int Width { get; init; }

    public required int SourceHeight { get; init; }

    public required int SourceWidth { get; init; }

    public int StrideH { get; init; } = 1;

    public int StrideW { get; init; } = 1;

    public int OriginH { get; init; }

    public int OriginW { get; init; }

    public int StepH { get; init; } = 1;

    public int StepW { get; init; } = 1;

    /// <summary>For each row of taps, ascending in source rows: the kernel's row, and its offset in source rows.</summary>
    public required (int Kernel, int Offset)[] Rows { get; init; }

    /// <summary>For each column of taps, ascending in source columns: the kernel's column, and its offset.</summary>
    public required (int Kernel, int Offset)[] Columns { get; init; }

    /// <summary>Taps of one channel.</summary>
    public int Taps => Rows.Length * Columns.Length;

    /// <summary>
    /// The phases of the rows that the grid stands for: where the first row of each lies below OriginH, and how much its rows of
    /// taps are further down the kernel than <see cref="Rows"/>. Each of several phases is a set of outputs of its own, see
    /// <see cref="PhaseOutputs"/>.
    /// </summary>
    public (int Origin, int Kernel)[] RowPhases { get; init; } = [(0, 0)];

    /// <summary>The phases of the columns likewise.</summary>
    public (int Origin, int Kernel)[] ColumnPhases { get; init; } = [(0, 0)];

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
    public StripLayout.Axis Vertical => field ??= new(Rows, StrideH);

    /// <summary>The columns of taps by what they are modulo the stride.</summary>
    public StripLayout.Axis Horizontal => field ??= new(Columns, StrideW);

    /// <summary>Whether other grids have neighbouring pixels of the same phase.</summary>
    public bool IsPart { get; private init; }

    /// <summary>The one grid of the forward pass, or those of its <see cref="Parts"/>.</summary>
    public static TapGrid[] Forward(Conv2DShape shape, UnseenTaps unseen) => Grids(
        new(shape.H, shape.StrideH, 1, Window(shape.R, shape.DilationH, shape.PadTop, shape.P, shape.StrideH, shape.H, unseen)),
        new(shape.W, shape.StrideW, 1, Window(shape.S, shape.DilationW, shape.PadLeft, shape.Q, shape.StrideW, shape.W, unseen)),
        unseen,
        mostSeparate: 1);

    /// <summary>The grid of the weight gradient: the forward pass' in one, with all taps.</summary>
    public static TapGrid WeightGradient(Conv2DShape shape) => Forward(shape, UnseenTaps.Moved)[0];

    /// <summary>
    /// The grids of all phases that hold a pixel of dx; one without taps still has its pixels to write. Where phases are many,
    /// one grid stands for all whose taps read the same pixels of dy, so that there are few grids whatever the stride.
    /// </summary>
    /// <param name="shape">The geometry.</param>
    /// <param name="unseen">What becomes of taps that see padding alone.</param>
    /// <param name="mostSeparate">More phases than that are merged.</param>
    public static TapGrid[] InputGradient(Conv2DShape shape, UnseenTaps unseen, int mostSeparate = MostSeparatePhases) => Grids(
        new(shape.P, 1, shape.StrideH, PhasesOf(shape.H, shape.R, shape.StrideH, shape.PadTop, shape.DilationH, shape.P, unseen)),
        new(shape.Q, 1, shape.StrideW,
            PhasesOf(shape.W, shape.S, shape.StrideW, shape.PadLeft, shape.DilationW, shape.Q, unseen)),
        unseen,
        mostSeparate);

    private static TapGrid[] Grids(Axis rows, Axis columns, UnseenTaps unseen, int mostSeparate)
    {
        Phase[] high = unseen == UnseenTaps.LeftOut ? Parts(rows) : rows.Phases;
        Phase[] wide = unseen == UnseenTaps.LeftOut ? Parts(columns) : columns.Phases;
        bool areMerged = (long)high.Length * wide.Length > mostSeparate;
        return [.. from h in Merged(high, areMerged)
                   from w in Merged(wide, areMerged)
                   select new TapGrid
                   {
                       Height = h[0].Count,
                       Width = w[0].Count,
                       SourceHeight = rows.Size,
                       SourceWidth = columns.Size,
                       StrideH = rows.Stride,
                       StrideW = columns.Stride,
                       OriginH = h[0].Origin,
                       OriginW = w[0].Origin,
                       StepH = rows.Step,
                       StepW = columns.Step,
                       Rows = h[0].Taps,
                       Columns = w[0].Taps,
                       RowPhases = Places(h),
                       ColumnPhases = Places(w),
                       IsPart = high.Length > rows.Phases.Length || wide.Length > columns.Phases.Length,
                   }];
    }

    /// <summary>
    /// Phases in parts of neighbouring positions, where these see few of all taps: of a kernel that is much larger than the
    /// source, each position meets as many taps as the source has pixels. The taps of a part are about twice as many.
    /// </summary>
    private static Phase[] Parts(Axis axis)
    {
        return [.. axis.Phases.SelectMany(Cut)];

        IEnumerable<Phase> Cut(Phase phase)
        {
            if (phase.Taps.Length <= LeastTapsPerSeen)
                return [phase];
            IEnumerable<long> distances = phase.Taps.Zip(phase.Taps.Skip(1), (tap, next) => (long)next.Offset - tap.Offset);
            long apart = distances.DefaultIfEmpty(1).Min();
            if (phase.Taps.Length <= LeastTapsPerSeen * (((axis.Size - 1) / apart) + 1))
                return [phase];

            // Parts are as long as a multiple of the distance between taps, so that the taps of different parts have the same
            // offsets and one grid can stand for most parts.
            long unit = apart / Shapes.CommonDivisor(apart, axis.Stride);
            long units = (((axis.Size + axis.Stride - 1L) / axis.Stride) + unit - 1) / unit,
                count = Math.Min(phase.Count, units * unit);
            return Enumerable.Range(0, (int)((phase.Count + count - 1) / count))
                .Select(i => Part(phase, (int)(i * count), (int)Math.Min(count, phase.Count - (i * count))));
        }

        Phase Part(Phase phase, int start, int count)
        {
            long first = (long)start * axis.Stride;
            (int from, int to) = Seen(phase.Taps, first, first + ((count - 1L) * axis.Stride), axis.Size);
            IEnumerable<(int, int)> taps = phase.Taps[from..to].Select(tap => (tap.Kernel, (int)(tap.Offset + first)));
            return new(phase.Origin + (start * axis.Step), count, [.. taps]);
        }
    }

    /// <summary>One grid with all taps of some that read the same source: a strip of it serves each of them.</summary>
    public static TapGrid Hull(TapGrid[] grids) => new()
    {
        Height = grids.Max(grid => grid.Height),
        Width = grids.Max(grid => grid.Width),
        SourceHeight = grids[0].SourceHeight,
        SourceWidth = grids[0].SourceWidth,
        StrideH = grids[0].StrideH,
        StrideW = grids[0].StrideW,
        Rows = [.. grids.SelectMany(grid => grid.Rows).Distinct()],
        Columns = [.. grids.SelectMany(grid => grid.Columns).Distinct()],
    };

    /// <summary>
    /// The rows of the grid in bands that see the same rows of taps [FirstTap, LastTap), where leaving out those that only see
    /// padding saves enough; else one band with all. The input gradient of a small image is the case: each row of dx meets few
    /// rows of dY. Too many bands are joined to a few, or to one.
    /// </summary>
    public RowRun[] Bands(bool isOne)
    {
        RowRun[] bands = Slices;
        if (bands.Length > MostBands && isOne)
            return [new(0, Height, 0, Rows.Length)];
        if (bands.Length > MostBands)
        {
            bands = [.. bands.Index().GroupBy(band => (int)((long)band.Index * FewBands / bands.Length), band => band.Item)
                .Select(some =>
                    new RowRun(some.First().First, some.Last().Last, some.Min(band => band.FirstTap),
                        some.Max(band => band.LastTap)))];
        }

        long used = bands.Sum(band => (long)(band.Last - band.First) * (band.LastTap - band.FirstTap));
        return Saves(used, (long)Height * Rows.Length) ? bands : [new(0, Height, 0, Rows.Length)];
    }

    /// <summary>All runs of rows that see the same rows of taps.</summary>
    public RowRun[] Slices => field ??= MakeSlices();

    /// <summary>Rows [First, Last) of a grid, and the rows of taps [FirstTap, LastTap) that they see.</summary>
    public readonly record struct RowRun(int First, int Last, int FirstTap, int LastTap);

    private RowRun[] MakeSlices()
    {
        List<RowRun> slices = [];
        for (int first = 0, last; first < Height; first = last)
        {
            (int from, int to) = RowsOf(first);
            for (last = first + 1; last < Height && RowsOf(last) == (from, to); last++)
            {
            }

            slices.Add(new(first, last, from, to));
        }

        return [.. slices];

        (int, int) RowsOf(int row) => Seen(Rows, (long)row * StrideH, (long)row * StrideH, SourceHeight);
    }

    /// <summary>Whether taps that see but padding are so many among all that it pays to leave them out.</summary>
    public static bool Saves(long used, long all) => used <= (1 - LeastSaving) * all;

    /// <summary>
    /// The columns of taps [First, Last) that the columns of the grid from <paramref name="first"/> to <paramref name="last"/>
    /// see.
    /// </summary>
    public (int First, int Last) ColumnsOf(int first, int last) =>
        Seen(Columns, (long)first * StrideW, (long)last * StrideW, SourceWidth);

    /// <summary>
    /// The taps that see a pixel of the source from one of the pixels from <paramref name="first"/> to <paramref name="last"/>.
    /// </summary>
    private static (int First, int Last) Seen((int Kernel, int Offset)[] taps, long first, long last, int size)
    {
        int from = FirstFrom(-last), to = FirstFrom(size - first);
        return (from, to);

        // Taps ascend in their offsets.
        int FirstFrom(long offset)
        {
            int low = 0, high = taps.Length;
            while (low < high)
            {
                int middle = (low + high) / 2;
                if (taps[middle].Offset < offset)
                    low = middle + 1;
                else
                    high = middle;
            }

            return low;
        }
    }

    /// <summary>The taps of the forward pass along one axis.</summary>
    private static Phase[] Window(int kernel, int dilation, int pad, int positions, int stride, int size, UnseenTaps unseen)
    {
        List<(int, int)> taps = [];
        for (int tap = 0; tap < kernel; tap++)
        {
            long offset = ((long)tap * dilation) - pad, first = (Math.Max(0, -offset) + stride - 1) / stride;
            if (unseen == UnseenTaps.Moved)
                offset = Math.Clamp(offset, Math.Max(int.MinValue, (-(positions - 1L) * stride) - 1), size);
            if (unseen != UnseenTaps.LeftOut || (first < positions && (first * stride) + offset < size))
                taps.Add((tap, (int)offset));
        }

        return [new(0, positions, [.. taps])];
    }

    /// <summary>
    /// Positions that are neighbours in the source and Step apart in the target, from the target's pixel Origin on.
    /// </summary>
    private readonly record struct Phase(int Origin, int Count, (int Kernel, int Offset)[] Taps);

    /// <param name="Size">Pixels of the source.</param>
    /// <param name="Stride">From one position to the next, in the source.</param>
    /// <param name="Step">The same in the target.</param>
    /// <param name="Phases">All positions of the target.</param>
    private readonly record struct Axis(int Size, int Stride, int Step, Phase[] Phases);

    /// <summary>
    /// The phases of one axis of the input gradient, each with its taps, which see the <paramref name="windows"/>.
    /// </summary>
    private static Phase[] PhasesOf(int size, int kernel, int stride, int pad, int dilation, int windows, UnseenTaps unseen)
    {
        // Pixel origin + i*stride lies under tap t of window i + (origin + pad - t*dilation) / stride.
        Phase[] phases = new Phase[Math.Min(stride, size)];
        List<(int, int)>?[] taps = new List<(int, int)>?[phases.Length];
        for (int tap = kernel - 1; tap >= 0; tap--)
        {
            long at = ((long)tap * dilation) - pad, origin = ((at % stride) + stride) % stride, offset = (origin - at) / stride;
            if (origin >= phases.Length)
                continue;
            if (unseen != UnseenTaps.LeftOut || (offset < windows && Count((int)origin) + offset > 0))
                (taps[origin] ??= []).Add((tap, (int)offset));
        }

        for (int origin = 0; origin < phases.Length; origin++)
            phases[origin] = new(origin, Count(origin), taps[origin] is { } some ? [.. some] : []);
        return phases;

        int Count(int origin) => (int)(((long)size - origin + stride - 1) / stride);
    }

    /// <summary>
    /// Phases of the same length whose taps have the same offsets, and are equally far apart in the kernel, in sets.
    /// </summary>
    private static IEnumerable<Phase[]> Merged(Phase[] phases, bool areMerged) => areMerged
        ? phases.GroupBy(phase => phase, new Alike()).Select(alike => alike.ToArray())
        : phases.Select(phase => (Phase[])[phase]);

    private sealed class Alike : IEqualityComparer<Phase>
    {
        public bool Equals(Phase x, Phase y)
        {
            bool alike = x.Count == y.Count && x.Taps.Length == y.Taps.Length;
            for (int i = 0; alike && i < x.Taps.Length; i++)
                alike = x.Taps[i].Offset == y.Taps[i].Offset
                    && x.Taps[i].Kernel - x.Taps[0].Kernel == y.Taps[i].Kernel - y.Taps[0].Kernel;
            return alike;
        }

        public int GetHashCode(Phase phase) =>
            HashCode.Combine(phase.Count, phase.Taps.Length, phase.Taps.Length == 0 ? 0 : phase.Taps[0].Offset);
    }

    private static (int, int)[] Places(Phase[] phases) =>
        [.. phases.Select(phase =>
            (phase.Origin - phases[0].Origin, phase.Taps.Length == 0 ? 0 : phase.Taps[0].Kernel - phases[0].Taps[0].Kernel))];
}
