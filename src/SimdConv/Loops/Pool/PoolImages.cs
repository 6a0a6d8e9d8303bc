using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>
/// Pooling with images in lanes, where images are innermost in memory on both sides: a register holds the same pixel of
/// neighbouring images. So windows of any form are read in place, and stride, dilation and borders cost no lanes.
/// </summary>
internal readonly unsafe ref struct PoolImages<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly PoolSchedule schedule;
    private readonly PoolProblem<T> problem;
    private readonly WindowStrips strips;

    /// <summary>Images of a block, and elements from one window to the next in scratch memory.</summary>
    private readonly int images, pitch;

    /// <summary>
    /// Constants: for each image the 1 that a column of an average counts for, or the 0 that a maximum begins its count of taps
    /// with. Taps: the winning tap of each window of a strip, as a number. Values: what each window adds to its pixels. Block:
    /// scratch of a transpose. Levels: scratch of a tree of sums.
    /// </summary>
    private readonly T* constants, taps, values, block, levels;

    /// <summary>Where the taps of a row are.</summary>
    private readonly nint* columns;

    public PoolImages(PoolSchedule schedule, in PoolProblem<T> problem, in Scratch scratch, Workspace workspace)
    {
        (this.schedule, this.problem) = (schedule, problem);
        strips = schedule.ImageStrips(problem.Backward);
        images = ImagesOf(schedule, problem);
        pitch = PitchOf(images);
        constants = workspace.At(scratch.Constants);
        taps = workspace.At(scratch.Taps);
        values = workspace.At(scratch.Values);
        block = workspace.At(scratch.Block);
        levels = workspace.At(scratch.Levels);
        columns = workspace.At(scratch.Columns);
        new Span<T>(constants, images + TVec.Count).Fill(schedule.Kind == PoolKind.Average ? T.One : T.Zero);
        for (int s = 0; s < schedule.Shape.S; s++)
            columns[s] = s * problem.SourceLayout.W * schedule.Columns.Dilation;
    }

    /// <summary>The arrays above.</summary>
    public readonly struct Scratch
    {
        public readonly ScratchPlan Plan = default;
        public readonly Piece<T> Constants, Taps, Values, Block, Levels;
        public readonly Piece<nint> Columns;

        public Scratch(PoolSchedule schedule, in PoolProblem<T> problem)
        {
            int images = ImagesOf(schedule, problem);
            long windows = Windows(schedule, problem.Backward) * PitchOf(images);
            Constants = Plan.Add<T>(images + TVec.Count);
            Taps = Plan.Add<T>(problem.Winners != null ? windows : 0);
            Values = Plan.Add<T>(problem.Backward ? windows : 0);
            Block = Plan.Add<T>(TVec.Count * TVec.Count);
            Levels = Plan.Add<T>(BlockTile<TVec, T>.Levels * TVec.Count);
            Columns = Plan.Add<nint>(schedule.Shape.S);
        }
    }

    /// <summary>Whether images are innermost, and the windows of a row of the target need little scratch memory.</summary>
    public static bool Suits(PoolSchedule schedule, in PoolProblem<T> problem) =>
        problem.Batch > 1 && problem.SourceLayout.N == 1 && problem.TargetLayout.N == 1
        && schedule.FitsWithImages(problem.Backward || problem.Winners != null ? Windows(schedule, problem.Backward) : 0);

    /// <summary>Items of a call: strips of a plane of a block of images.</summary>
    public static long Items(PoolSchedule schedule, in PoolProblem<T> problem) =>
        (long)schedule.Shape.C * Blocks(schedule, problem) * schedule.ImageStrips(problem.Backward).Count;

    /// <summary>Elements of the larger side of an item.</summary>
    public static long ItemSize(PoolSchedule schedule, in PoolProblem<T> problem)
    {
        WindowStrips strips = schedule.ImageStrips(problem.Backward);
        return (long)Math.Max(strips.Rows, strips.SourceRows) * schedule.Shape.W * ImagesOf(schedule, problem);
    }

    /// <summary>One strip of a plane of a block of images; neighbouring items are strips of one plane.</summary>
    public void Run(long item)
    {
        int blocks = Blocks(schedule, problem), strip = (int)(item % strips.Count);
        long planes = item / strips.Count;
        int first = (int)(planes % blocks) * images, count = Math.Min(images, problem.Batch - first);
        nint channel = (nint)(planes / blocks);
        T* source = problem.Source + (channel * problem.SourceLayout.C) + first,
            target = problem.Target + (channel * problem.TargetLayout.C) + first;
        byte* winners = problem.Winners == null
            ? null
            : PoolPlanes<TVec, T>.WinnerAt(schedule, problem.Winners, ((nint)first * schedule.Shape.C) + channel, 0, 0);
        if (problem.Backward)
            Backward(source, winners, target, count, strips[strip]);
        else
            Forward(source, target, winners, count, strips[strip]);
    }

    private void Forward(
        T* source, T* target, byte* winners, int count, (int First, int Last, int SourceFirst, int SourceLast) range)
    {
        WindowAxis vertical = schedule.Rows, horizontal = schedule.Columns;
        for (int p = range.First; p < range.Last; p++)
        {
            (int top, int bottom) = vertical.Taps[p];
            for (int q = 0, alike; q < horizontal.Windows; q += alike)
            {
                alike = horizontal.Alike.Length == 0 ? 1 : horizontal.Alike[q];
                (int left, int right) = horizontal.Taps[q];
                nint h = vertical.Starts[p] + ((nint)top * vertical.Dilation),
                    w = horizontal.Starts[q] + ((nint)left * horizontal.Dilation);
                WindowTaps<T> window = new()
                {
                    First = source + (h * problem.SourceLayout.H) + (w * problem.SourceLayout.W),
                    NextWindows = horizontal.Stride * problem.SourceLayout.W,
                    Rows = bottom - top,
                    NextRow = vertical.Dilation * problem.SourceLayout.H,
                    Columns = columns,
                    ColumnCount = right - left,
                };
                WindowResults<T> results = new()
                {
                    First = target + (p * problem.TargetLayout.H) + (q * problem.TargetLayout.W),
                    Pitch = problem.TargetLayout.W,
                    Rows = alike,
                    Width = count,
                    IsPart = count < TVec.Count,
                    Taps = winners == null ? null : TapsAt(p - range.First, q),
                    TapsPitch = pitch,
                };
                if (schedule.Kind == PoolKind.Average)
                    Average(in window, in results, p, q);
                else
                    Maximum(in window, in results, ((long)top * schedule.Shape.S) + left);
            }
        }

        if (winners != null)
        {
            StoreWinners(PoolPlanes<TVec, T>.WinnerAt(schedule, winners, 0, range.First, 0),
                (range.Last - range.First) * horizontal.Windows, count);
        }
    }

    private void Average(in WindowTaps<T> window, in WindowResults<T> results, int p, int q)
    {
        (int row, int column) = schedule.Divisor(p, q);
        T divisor = T.CreateTruncating((long)row * column);
        WindowBlocks blocks = schedule.Blocks(schedule.Rows.Taps[p].First, schedule.Columns.Taps[q].First);
        if (schedule.HasBlocks)
            BlockTile<TVec, T>.Average(in window, in blocks, in results, divisor, constants, levels);
        else
            WindowTile<TVec, T>.Average(in window, in results, divisor, constants);
    }

    private void Maximum(in WindowTaps<T> window, in WindowResults<T> results, long firstTap)
    {
        T first = T.CreateTruncating(firstTap), tapsOfRow = T.CreateTruncating(schedule.Shape.S);
        WindowTile<TVec, T>.Maximum(in window, in results, areFinite: false, first, constants, tapsOfRow);
    }

    private void Backward(
        T* source, byte* winners, T* target, int count, (int First, int Last, int SourceFirst, int SourceLast) range)
    {
        WindowAxis vertical = schedule.Rows, horizontal = schedule.Columns;
        int stride = Math.Max(1, horizontal.Stride);
        bool isAlong = horizontal.AlikePixels.Length == 0 || horizontal.Stride > horizontal.Windows;
        nint rowPitch = (nint)horizontal.Windows * pitch,
            nextPixel = isAlong ? problem.TargetLayout.W : stride * problem.TargetLayout.W;
        for (int p = range.SourceFirst; p < range.SourceLast; p++)
            Contribute(source + (p * problem.SourceLayout.H), p, count, values + ((p - range.SourceFirst) * rowPitch));
        if (winners != null)
        {
            ReadWinners(PoolPlanes<TVec, T>.WinnerAt(schedule, winners, 0, range.SourceFirst, 0),
                (range.SourceLast - range.SourceFirst) * horizontal.Windows, count);
        }

        WindowContributions<T> contributions = new()
        {
            NextPixels = isAlong ? 0 : pitch,
            PixelTaps = isAlong ? T.One : T.Zero,
            NextRow = -vertical.WindowStep * rowPitch,
            NextColumn = -horizontal.WindowStep * (nint)pitch,
            RowTaps = T.CreateTruncating((long)vertical.TapStep * schedule.Shape.S),
            ColumnTaps = T.CreateTruncating(horizontal.TapStep),
        };
        for (int h = range.First; h < range.Last; h++)
        {
            (int window, int tap, contributions.Rows) = vertical.Meets[h];
            nint row = (window - range.SourceFirst) * rowPitch;
            contributions.Values = unchecked(values + row);
            contributions.Taps = winners == null ? null : unchecked(taps + row);
            contributions.FirstTap = T.CreateTruncating((long)tap * schedule.Shape.S);
            // Pixels that windows see alike: a stride apart, or the neighbours that one window sees where windows are few.
            for (int phase = 0; phase < Math.Min(isAlong ? 1 : stride, horizontal.Size); phase++)
            {
                int alike;
                for (long next = phase; next < horizontal.Size; next += isAlong ? alike : (long)alike * stride)
                {
                    int w = (int)next;
                    (int column, int firstColumn, int met) = horizontal.Meets[w];
                    alike = isAlong ? Along(horizontal, w) : horizontal.AlikePixels[w];
                    WindowColumns columns = new((nint)column * pitch, met, firstColumn);
                    T* to = target + (h * problem.TargetLayout.H) + (w * problem.TargetLayout.W);
                    if (winners == null)
                        WindowTile<TVec, T>.Collect<N0>(in contributions, columns, to, nextPixel, alike, count);
                    else
                        WindowTile<TVec, T>.Collect<N1>(in contributions, columns, to, nextPixel, alike, count);
                }
            }
        }
    }

    /// <summary>Neighbouring pixels that the same windows see, each by the next tap.</summary>
    private static int Along(WindowAxis axis, int pixel)
    {
        (int window, int tap, int count) = axis.Meets[pixel];
        int alike = 1;
        while (pixel + alike < axis.Size && axis.Meets[pixel + alike] == (window, tap + alike, count))
            alike++;
        return alike;
    }

    /// <summary>What each window of a row adds to its pixels, in whole registers: dy, divided where it is an average.</summary>
    private void Contribute(T* dy, int p, int count, T* to)
    {
        WindowAxis horizontal = schedule.Columns;
        for (int q = 0, alike; q < horizontal.Windows; q += alike)
        {
            alike = horizontal.Alike.Length == 0 ? 1 : horizontal.Alike[q];
            (int row, int column) = schedule.Divisor(p, q);
            WindowTile<TVec, T>.Contribute(dy + (q * problem.SourceLayout.W), problem.SourceLayout.W, alike, count,
                T.CreateTruncating((long)row * column), schedule.Kind == PoolKind.Average ? constants : null,
                to + ((nint)q * pitch), 0, pitch);
        }
    }

    /// <summary>
    /// Stores winners: scratch memory holds a row of images for each window, the caller's array a row of windows for each image,
    /// so they are transposed in registers.
    /// </summary>
    private void StoreWinners(byte* winners, int windows, int count)
    {
        int w = TVec.Count, size = schedule.WinnerSize;
        for (int image = 0; image < count; image += w)
        {
            for (int window = 0; window < windows; window += w)
            {
                // The last register of windows begins early enough to end with them.
                int from = Math.Min(window, Math.Max(0, windows - w)), width = Math.Min(w, windows - from);
                TransposeBlocks<TVec, T>.Run(taps + ((nint)from * pitch) + image, pitch, width, w, block, w, block + (w * w));
                for (int i = 0; i < Math.Min(w, count - image); i++)
                {
                    byte* to = winners + ((image + i) * WinnersOfImage) + ((nint)from * size);
                    if (size == 1 && width == w)
                        TVec.ToBytes(to, TVec.Load(block + (i * w)));
                    else
                        WindowTile<TVec, T>.StoreEach(to, block + (i * w), width, size);
                }
            }
        }
    }

    /// <summary>Reads winners back into rows of images; lanes behind the last image hold anything.</summary>
    private void ReadWinners(byte* winners, int windows, int count)
    {
        int w = TVec.Count, size = schedule.WinnerSize;
        for (int image = 0; image < count; image += w)
        {
            for (int window = 0; window < windows; window += w)
            {
                int from = Math.Min(window, Math.Max(0, windows - w)), width = Math.Min(w, windows - from);
                for (int i = 0; i < Math.Min(w, count - image); i++)
                {
                    byte* of = winners + ((image + i) * WinnersOfImage) + ((nint)from * size);
                    if (size == 1 && width == w)
                        TVec.Store(block + (i * w), TVec.FromBytes(of));
                    for (int j = 0; (size != 1 || width != w) && j < width; j++)
                        block[(i * w) + j] = WindowTile<TVec, T>.ReadOne(of + ((nint)j * size), size);
                }

                T* to = taps + ((nint)from * pitch) + image;
                TransposeBlocks<TVec, T>.Run(block, w, w, width, to, pitch, to + ((nint)width * pitch));
            }
        }
    }

    private nint WinnersOfImage =>
        (nint)schedule.Shape.C * schedule.Rows.Windows * schedule.Columns.Windows * schedule.WinnerSize;

    private T* TapsAt(int row, int column) => taps + ((((nint)row * schedule.Columns.Windows) + column) * pitch);

    /// <summary>Windows of a strip, at most.</summary>
    private static long Windows(PoolSchedule schedule, bool backward)
    {
        WindowStrips strips = schedule.ImageStrips(backward);
        return (long)(backward ? strips.SourceRows : strips.Rows) * schedule.Columns.Windows;
    }

    private static int Blocks(PoolSchedule schedule, in PoolProblem<T> problem) =>
        ((problem.Batch - 1) / ImagesOf(schedule, problem)) + 1;

    /// <summary>Images of a block: all of them, or even parts in whole registers whose strips stay in L2.</summary>
    private static int ImagesOf(PoolSchedule schedule, in PoolProblem<T> problem)
    {
        long most = Math.Max(1, schedule.ImagesTogether(problem.Backward) / TVec.Count),
            registers = ((problem.Batch - 1) / TVec.Count) + 1, blocks = ((registers - 1) / most) + 1;
        return (int)Math.Min(problem.Batch, (((registers - 1) / blocks) + 1) * TVec.Count);
    }

    /// <summary>Whole registers, and one more: rows a power of two apart would meet in one set of the cache.</summary>
    private static int PitchOf(int images) => (((images - 1) / TVec.Count) + 2) * TVec.Count;
}
