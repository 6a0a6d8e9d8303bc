using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>
/// Convolution of stride 1 by Winograd's F(MxM, RxR): (M + R - 1)^2 matrix products of the transformed filter with transformed
/// tiles, in place of the R^2 M^2 products of each channel that M^2 outputs otherwise take.
/// <code>
/// item: block of tiles of the whole batch, group, range of filter panels     shared out between threads
///   V[C x tiles] of each matrix                 transformed tiles of the image, in L2
///     block of filter panels
///       matrix, ir: filter panel, jr: NR tiles  M[rows x tiles] = U * V by the tiles of GEMM
///       rows of the block                       transformed back, then to the target with bias and activation
/// </code>
/// The operations on an element depend on its place in the image alone.
/// </summary>
internal sealed unsafe partial class WinogradLoops<TVec, T, TTile>(Conv2DShape shape, WinogradSchedule schedule, bool isForward)
    : ConvPass<T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TTile : struct, IWinograd
{
    private static int Outputs => TTile.Outputs;

    private static int ZeroCount => 2 * TVec.Count;

    public override long FilterSize => schedule.FilterSize * shape.Groups;

    public override void Run(in ConvProblem<T> problem, Execution execution)
    {
        Split split = new(schedule, problem.Batch, problem.Groups, execution.Threads);
        Job job = new() { Pass = this, Problem = ref problem, Split = split };
        WorkQueue.Run(ref job, split.Items, split.Parts, execution);
    }

    public override long WorkspaceBytes(int batch, int threads)
    {
        if (batch == 0)
            return 0;
        Split split = new(schedule, batch, shape.Groups, threads);
        return split.Parts == 0 ? 0 : new Scratch(schedule, split.Order.MostLanes).Plan.Bytes * split.Parts;
    }

    /// <summary>How a call is cut in items, and how many threads share them.</summary>
    private readonly struct Split
    {
        public readonly TileOrder Order;
        public readonly int Shares, Parts;
        public readonly long Items;

        public Split(WinogradSchedule schedule, int batch, int groups, int threads)
        {
            long tiles = (long)batch * schedule.TilesHigh * schedule.TilesWide, vectors = Shapes.DivideUp(tiles, TVec.Count);
            threads = schedule.IsSerial(tiles, groups) ? 1 : (int)Math.Min(threads, vectors * groups * schedule.Shareable);

            // Few blocks become as many as there are threads, as far as there are registers of tiles enough for that.
            Order = schedule.Order(batch, groups, threads, schedule.BlockVectors);
            long units = Order.Blocks * groups;
            Shares = schedule.Shares(units, threads);
            Items = units * Shares;
            Parts = (int)Math.Min(threads, Items);
        }
    }

    private ref struct Job : ISharedWork
    {
        public WinogradLoops<TVec, T, TTile> Pass;
        public ref readonly ConvProblem<T> Problem;
        public Split Split;

        public readonly void Run(ref WorkQueue queue) => Pass.RunPart(in Problem, in Split, ref queue);
    }

    /// <summary>What one thread works with, for blocks of so many tiles: see <see cref="Item"/>.</summary>
    private readonly struct Scratch
    {
        public readonly ScratchPlan Plan = default;
        public readonly int BlockPanels;

        /// <summary>Elements from one matrix to the next in V and in M, and all elements of M.</summary>
        public readonly nint NextV, NextM, SizeM;
        public readonly Piece<T> V, M, Grouped, Lines, Tile, Pixels, Transposed, Zeros;

        public Scratch(WinogradSchedule schedule, int lanes)
        {
            int rows = schedule.LanesAreOutputs ? TVec.Count : schedule.Panels.Rows(0);
            BlockPanels = schedule.LanesAreOutputs ? 1 : Math.Min(schedule.BlockPanels(lanes), schedule.Panels.Count);
            NextV = schedule.Next(schedule.Channels, lanes);
            NextM = schedule.Next(BlockPanels * rows, lanes);
            SizeM = NextM * schedule.Matrices;
            long pixels = (long)rows * Outputs * Outputs * lanes;
            V = Plan.Add<T>(NextV * schedule.Matrices);
            M = Plan.Add<T>(SizeM);
            Grouped = Plan.Add<T>(schedule.LanesAreOutputs ? (long)schedule.Matrices * schedule.Channels * lanes : 0);
            Lines = Plan.Add<T>(WinogradPacking<TVec, T, TTile>.Lines(lanes, schedule.AreImagesInLanes));
            Tile = Plan.Add<T>(Outputs * TTile.Points * TVec.Count);
            Pixels = Plan.Add<T>(pixels);
            Transposed = Plan.Add<T>(schedule.LanesAreOutputs ? pixels : 0);
            Zeros = Plan.Add<T>(ZeroCount);
        }
    }

    private void RunPart(in ConvProblem<T> problem, in Split split, ref WorkQueue queue)
    {
        // That of the largest block: of a smaller one, more panels might seem to fit than there is memory for.
        Scratch scratch = new(schedule, split.Order.MostLanes);
        using Workspace workspace = new(scratch.Plan);
        Item item = new()
        {
            Problem = ref problem,
            BlockPanels = scratch.BlockPanels,
            NextV = scratch.NextV,
            NextM = scratch.NextM,
            SizeM = scratch.SizeM,
            V = workspace.At(scratch.V),
            M = workspace.At(scratch.M),
            Grouped = workspace.At(scratch.Grouped),
            Lines = workspace.At(scratch.Lines),
            Scratch = workspace.At(scratch.Tile),
            Pixels = workspace.At(scratch.Pixels),
            Transposed = workspace.At(scratch.Transposed),
            Zeros = workspace.At(scratch.Zeros),
        };
        new Span<T>(item.Zeros, ZeroCount).Clear();
        while (queue.Next(out long index))
            RunItem(ref item, in split, index);
    }

    /// <summary>A block of tiles of one group in work.</summary>
    private ref struct Item
    {
        public ref readonly ConvProblem<T> Problem;
        public int Group, BlockPanels;
        public nint NextV, NextM, SizeM;

        /// <summary>Tiles [First, End) of the batch, in so many lanes.</summary>
        public TileOrder Order;
        public long First, End;
        public int Lanes;

        /// <summary>
        /// The workspace; <see cref="Pixels"/> holds, for each row of a panel, the rows of pixels of all tiles,
        /// <see cref="Transposed"/> as much.
        /// </summary>
        public T* V, M, Grouped, Lines, Scratch, Pixels, Transposed, Zeros;
    }

    private void RunItem(scoped ref Item item, in Split split, long index)
    {
        int share = (int)(index % split.Shares), group = (int)(index / split.Shares % item.Problem.Groups);
        long block = index / split.Shares / item.Problem.Groups;
        if (CallTrace.IsOn)
            Trace(share, (int)block);
        item.Group = group;
        item.Order = split.Order;
        (item.First, item.End, item.Lanes) = split.Order.Block(block);
        Transform(in item);
        if (schedule.LanesAreOutputs)
        {
            RunLanes(in item, share, split.Shares);
            return;
        }

        int lastPanel = schedule.Shareable * (share + 1) / split.Shares;
        for (int panel = schedule.Shareable * share / split.Shares; panel < lastPanel; panel += item.BlockPanels)
        {
            int panels = Math.Min(item.BlockPanels, lastPanel - panel);
            if (CallTrace.IsOn)
                CallTrace.Reach("panels", panel);
            WinogradFilters<TVec, T, TTile>.Multiply(schedule, item.Problem.Filter + (item.Group * schedule.FilterSize), panel,
                panels, item.V, item.NextV, item.Lanes, item.Zeros, item.M, item.NextM);
            for (int i = panel; i < panel + panels; i++)
                Store(in item, i, item.M + ((nint)(schedule.Panels.Start(i) - schedule.Panels.Start(panel)) * item.Lanes));
        }
    }

    private static void Trace(int share, int block)
    {
        CallTrace.Reach("share", share);
        CallTrace.Reach("block", block);
    }

    private static TileRun Run(in Item item, int at) => item.Order.Run(item.First + at, at, (int)(item.End - item.First - at));

    /// <summary>Makes V: all channels of the tiles of the block, transformed.</summary>
    private void Transform(in Item item)
    {
        ImageLayout layout = item.Problem.SourceLayout;
        for (int at = 0, fill; item.First + at < item.End; at += fill)
        {
            TileRun run = Run(in item, at);
            fill = item.First + at + run.Count < item.End ? run.Count : item.Lanes - at;
            T* source = item.Problem.Source + (run.Image * layout.N) + ((nint)item.Group * schedule.Channels * layout.C);
            WinogradPacking<TVec, T, TTile>.Input(run, fill, schedule.Grid, source, layout, schedule.Channels, item.Lines,
                new(item.V, item.Lanes, item.NextV), schedule.AreImagesInLanes);
        }
    }

    /// <summary>Transforms the rows of one panel back to pixels, and moves these to the target.</summary>
    private void Store(in Item item, int panel, T* m)
    {
        int start = schedule.Panels.Start(panel), rows = schedule.Panels.Rows(panel), size = Outputs * Outputs * item.Lanes;
        for (int i = 0; i < rows; i++)
        {
            TVec bias = TVec.Broadcast(item.Problem.Bias == null ? T.Zero
                : item.Problem.Bias[(item.Group * schedule.Outputs) + start + i]);
            T* row = m + ((nint)i * item.Lanes);
            WinogradPacking<TVec, T, TTile>.Output(row, item.NextM, item.Lanes, bias,
                schedule.AreImagesInLanes ? TilePixels.InRows : TilePixels.Interleaved, item.Scratch,
                item.Pixels + ((nint)i * size));
        }

        if (schedule.AreImagesInLanes)
            MoveImages(in item, start, rows);
        else
            Move(in item, start, rows);
    }

    /// <summary>Moves pixels to the target, and adds beta times what that held.</summary>
    private void Move(in Item item, int start, int rows)
    {
        T beta = item.Problem.Beta;
        TapGrid grid = schedule.Grid;
        ImageLayout layout = item.Problem.TargetLayout;
        int row = Outputs * item.Lanes, ld = Outputs * row;
        for (int at = 0, count; item.First + at < item.End; at += count)
        {
            TileRun run = Run(in item, at);
            count = run.Count;
            nint image = (run.Image * layout.N) + ((nint)item.Group * schedule.Outputs * layout.C);
            TargetWindow<TVec, T> window = new(grid, layout, item.Problem.Target, image, item.Problem.Finish, 0, grid.Height);
            int h = run.Row * Outputs, w = run.Column * Outputs, width = Math.Min(count * Outputs, grid.Width - w);
            T* pixels = item.Pixels + (at * Outputs);
            for (int last = Math.Min(h + Outputs, grid.Height); h < last; h++, pixels += row)
            {
                int position = (h * grid.Width) + w;
                if (beta != T.Zero)
                    window.Add(start, rows, position, width, grid.Width, pixels, ld, beta);
                window.Store(start, rows, position, width, grid.Width, pixels, ld, isLast: true);
            }
        }
    }

    /// <summary>
    /// Pixels of images in lanes to the target: those of a tile for each pixel of it, images side by side.
    /// </summary>
    private void MoveImages(in Item item, int start, int rows)
    {
        T beta = item.Problem.Beta;
        TapGrid grid = schedule.Grid;
        ImageLayout layout = item.Problem.TargetLayout;
        TileRun run = Run(in item, 0);
        nint ld = (nint)Outputs * Outputs * item.Lanes;
        Finish<T> finish = item.Problem.Finish;
        int firstTile = run.Column / run.Images, tiles = run.Count / run.Images;
        nint first = (run.Image * layout.N) + ((nint)item.Group * schedule.Outputs * layout.C);
        for (int pixel = 0; pixel < Outputs * Outputs; pixel++)
        {
            int h = (run.Row * Outputs) + (pixel / Outputs), w = (firstTile * Outputs) + (pixel % Outputs);
            int count = Math.Min(tiles, Shapes.DivideUp(grid.Width - w, Outputs));
            T* pixels = item.Pixels + ((nint)pixel * item.Lanes);
            nint at = first + (h * layout.H) + (w * layout.W);
            for (int i = 0; i < rows && h < grid.Height && finish.Residual == null && beta == T.Zero; i++)
            {
                T* row = pixels + (i * ld);
                if (finish.Operation != ElementwiseOperation.None)
                    ElementwiseLoops<TVec, T>.Run(in finish, row, count * run.Images);
                WinogradPacking<TVec, T, TTile>.CopyImages(
                    row, count, run.Images, item.Problem.Target + at + ((start + i) * layout.C), Outputs * layout.W);
            }

            for (int tile = 0; tile < count && h < grid.Height && (finish.Residual != null || beta != T.Zero); tile++)
            {
                TargetWindow<TVec, T> window = TargetWindow<TVec, T>.OfImages(
                    layout, item.Problem.Target, at + (tile * Outputs * layout.W), finish, run.Images);
                if (beta != T.Zero)
                    window.Add(start, rows, 0, run.Images, run.Images, pixels, ld, beta);
                window.Store(start, rows, 0, run.Images, run.Images, pixels, ld, isLast: true);
                pixels += run.Images;
            }
        }
    }

    public override void AddLayout(List<int> layout) => schedule.AddLayout(layout);

    public override void Pack(T* weights, T* panels, Execution execution) =>
        WinogradFilters<TVec, T, TTile>.Pack(shape, schedule, isForward, weights, panels);

    public override string ToString() => schedule.ToString();
}
