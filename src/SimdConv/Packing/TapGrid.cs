namespace SimdConv.Packing;

/// <summary>
/// A convolution as a grid of positions that all see the same taps: position (i, j) reads source pixel
/// (i*StrideH + RowOffset(r), j*StrideW + ColumnOffset(s)) for each tap, zeros outside the image, and gives target pixel
/// (OriginH + i*StepH, OriginW + j*StepW).
/// </summary>
/// <remarks>
/// The forward pass is one grid. The input gradient is one grid for each phase of the stride: dx pixels of one phase meet the
/// same taps, dY's pixels one apart. So there is no zero insertion and no scatter, and terms ascend in (k, p, q).
/// </remarks>
internal sealed class TapGrid
{
    /// <summary>The share of all terms that bands must save to be worth their smaller tiles.</summary>
    private const double LeastSaving = 0.15;

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

    /// <summary>The one grid of the forward pass.</summary>
    public static TapGrid Forward(Conv2DShape shape) => new()
    {
        Height = shape.P,
        Width = shape.Q,
        SourceHeight = shape.H,
        SourceWidth = shape.W,
        StrideH = shape.StrideH,
        StrideW = shape.StrideW,
        Rows = Window(shape.R, shape.DilationH, shape.PadTop),
        Columns = Window(shape.S, shape.DilationW, shape.PadLeft),
    };

    /// <summary>The grids of all phases that hold a pixel of dx; one without taps still has its pixels to write.</summary>
    public static TapGrid[] InputGradient(Conv2DShape shape)
    {
        List<TapGrid> grids = [];
        foreach (Phase h in Phases(shape.H, shape.R, shape.StrideH, shape.PadTop, shape.DilationH))
        {
            foreach (Phase w in Phases(shape.W, shape.S, shape.StrideW, shape.PadLeft, shape.DilationW))
            {
                grids.Add(new()
                {
                    Height = h.Count,
                    Width = w.Count,
                    SourceHeight = shape.P,
                    SourceWidth = shape.Q,
                    OriginH = h.Origin,
                    OriginW = w.Origin,
                    StepH = shape.StrideH,
                    StepW = shape.StrideW,
                    Rows = h.Taps,
                    Columns = w.Taps,
                });
            }
        }

        return [.. grids];
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
    /// The rows of the grid in bands that see the same rows of taps [FirstTap, LastTap), where leaving out those that only see padding
    /// saves enough; else one band with all. The input gradient of a small image is the case: each row of dx meets few rows of dY.
    /// </summary>
    public (int First, int Last, int FirstTap, int LastTap)[] Bands()
    {
        (int First, int Last, int FirstTap, int LastTap)[] bands = Slices();
        return Saves(bands.Sum(band => (long)(band.Last - band.First) * (band.LastTap - band.FirstTap)), (long)Height * Rows.Length) ? bands : [(0, Height, 0, Rows.Length)];
    }

    /// <summary>The same whatever it saves.</summary>
    public (int First, int Last, int FirstTap, int LastTap)[] Slices()
    {
        List<(int, int, int, int)> slices = [];
        for (int first = 0, last; first < Height; first = last)
        {
            (int from, int to) = RowsOf(first);
            for (last = first + 1; last < Height && RowsOf(last) == (from, to); last++)
            {
            }

            slices.Add((first, last, from, to));
        }

        return [.. slices];

        (int, int) RowsOf(int row) => Seen(Rows, (long)row * StrideH, (long)row * StrideH, SourceHeight);
    }

    /// <summary>Whether taps that see but padding are so many among all that it pays to leave them out.</summary>
    public static bool Saves(long used, long all) => used <= (1 - LeastSaving) * all;

    /// <summary>The columns of taps [First, Last) that the columns of the grid from <paramref name="first"/> to <paramref name="last"/> see.</summary>
    public (int First, int Last) ColumnsOf(int first, int last) => Seen(Columns, (long)first * StrideW, (long)last * StrideW, SourceWidth);

    /// <summary>The taps that see a pixel of the source from one of the pixels from <paramref name="first"/> to <paramref name="last"/>.</summary>
    private static (int First, int Last) Seen((int Kernel, int Offset)[] taps, long first, long last, int size)
    {
        int from = 0, to = taps.Length;
        while (from < to && last + taps[from].Offset < 0)
            from++;
        while (to > from && first + taps[to - 1].Offset >= size)
            to--;
        return (from, to);
    }

    private static (int, int)[] Window(int kernel, int dilation, int pad)
    {
        (int, int)[] taps = new (int, int)[kernel];
        for (int tap = 0; tap < kernel; tap++)
            taps[tap] = (tap, (tap * dilation) - pad);
        return taps;
    }

    private readonly record struct Phase(int Origin, int Count, (int, int)[] Taps);

    private static IEnumerable<Phase> Phases(int size, int kernel, int stride, int pad, int dilation)
    {
        for (int origin = 0; origin < Math.Min(stride, size); origin++)
        {
            // Pixel origin + i*stride lies under tap t of window i + (origin + pad - t*dilation) / stride.
            List<(int, int)> taps = [];
            for (int tap = kernel - 1; tap >= 0; tap--)
            {
                long reach = (long)origin + pad - ((long)tap * dilation);
                if (reach % stride == 0)
                    taps.Add((tap, (int)(reach / stride)));
            }

            yield return new(origin, (int)(((long)size - origin + stride - 1) / stride), [.. taps]);
        }
    }
}
