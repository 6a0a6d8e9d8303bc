using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>
/// A pass over images that are innermost, [channel][row][column][image], on both sides: a register holds the same pixel of
/// neighbouring images, or neighbouring pixels of all images, and weights are broadcast. Nothing is copied: row k of B is the
/// pixel that tap k reads, wherever stride, dilation and padding put it. Taps on padding are left out.
/// <code>
/// item: grid, group, rows of the grid, range of panels of outputs     shared out between threads
///   rows and columns that see the same taps                           a table of their terms
///     row, registers of its pixels by tiles
///       pc: terms by KC
///         ir: panels of outputs            a tile straight to the target; through scratch memory where terms are in blocks
/// </code>
/// </summary>
internal sealed unsafe partial class ImagesInLanes<TVec, T, TFlat> : ConvPass<T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TFlat : struct, IConstant
{
    /// <summary>Items for each thread, so that uneven ones even out.</summary>
    private const int ItemsPerThread = 4;

    private readonly Conv2DShape shape;
    private readonly ConvDirection direction;
    private readonly ImageGrid[] grids;
    private readonly ScratchPlan scratch;
    private readonly Arrays[] arrays;

    public ImagesInLanes(Conv2DShape shape, ConvDirection direction, ImageLayout target)
    {
        (this.shape, this.direction) = (shape, direction);
        bool isForward = direction == ConvDirection.Forward;
        TapGrid[] tapGrids = TapGrid.Of(shape, direction, UnseenTaps.LeftOut);
        int outputs = isForward ? shape.GroupOutputs : shape.GroupChannels,
            channels = isForward ? shape.GroupChannels : shape.GroupOutputs;
        Padding = PaddingRule.OfAnyTaps(shape, direction);
        (grids, arrays) = (new ImageGrid[tapGrids.Length], new Arrays[tapGrids.Length]);
        for (int i = 0; i < grids.Length; i++)
        {
            grids[i] = new(tapGrids[i], new(tapGrids[i], outputs, target), channels, [Wide, Flat], FilterSize);
            arrays[i] = new(grids[i]);
            scratch = ScratchPlan.Either(scratch, arrays[i].Plan);
            FilterSize += grids[i].FilterSize * shape.Groups;
        }
    }

    private static ConvTile Wide =>
        new(GemmKernel<TVec, T, N2>.MR, N2.Value, GemmKernel<TVec, T, N2>.NR);

    private static ConvTile Flat =>
        new(GemmKernel<TVec, T, TFlat>.MR, TFlat.Value, GemmKernel<TVec, T, TFlat>.NR);

    public override long FilterSize { get; }

    public override PaddingRule? Padding { get; }

    public override long WorkspaceBytes(int batch, int threads) => scratch.Bytes * threads;

    public override string ToString() => string.Join("; ", grids.Select(grid => grid.ToString()).Distinct());

    /// <summary>The arrays that a thread works with on one grid.</summary>
    private readonly struct Arrays
    {
        public readonly ScratchPlan Plan = default;

        /// <summary>The terms of the taps that a run of positions sees: see <see cref="SetTable"/>.</summary>
        public readonly Piece<int> Table;

        /// <summary>What chains begin with, a row of a tile for each output; sums between blocks of terms.</summary>
        public readonly Piece<T> Start, Sums;

        /// <summary>Rows of B that are parts of registers, for a block of terms.</summary>
        public readonly Piece<T> Panel;

        public Arrays(ImageGrid grid)
        {
            Table = Plan.Add<int>(2L * grid.Terms);
            Start = Plan.Add<T>((long)grid.Outputs.Count * grid.Tile.NR);
            Sums = Plan.Add<T>((long)grid.Outputs.Count * grid.Tile.NR);
            Panel = Plan.Add<T>((long)Math.Min(grid.Terms, KcOf(grid)) * grid.Tile.NR);
        }
    }

    /// <summary>
    /// KC: rows of B that take a quarter of L2 while panels of weights stream by. Reading rows of B from L2 costs less than the
    /// sums that more blocks of terms, in L1, would store and load.
    /// </summary>
    private static int KcOf(ImageGrid grid) => BlockSizes.L2 / 4 / (grid.Tile.NR * sizeof(T));

    public override void Run(in ConvProblem<T> problem, Execution execution)
    {
        long work = 0, rows = 0;
        foreach (ImageGrid grid in grids)
        {
            work += (long)problem.Batch * problem.Groups * grid.FilterSize * grid.Grid.Height * grid.Grid.Width;
            rows += (long)problem.Groups * grid.Grid.Height;
        }

        // The rows of a grid are cut in as few strips as keep all threads busy; too few rows are shared by ranges of panels.
        int threads = problem.Batch == 0 ? 1 : execution.ThreadsFor(work), parts = 1, shares = 1;
        if (threads > 1)
        {
            long wanted = (long)ItemsPerThread * threads, each = (long)problem.Groups * grids.Length;
            parts = (int)Math.Clamp(Shapes.DivideUp(wanted, each), 1, int.MaxValue);
            long items = 0;
            foreach (ImageGrid grid in grids)
                items += (long)problem.Groups * Math.Min(parts, grid.Grid.Height);
            shares = (int)Math.Clamp(Shapes.DivideUp(wanted, items), 1, grids.Max(PanelsOf));
        }

        Job job = new() { Pass = this, Problem = ref problem, Parts = parts, Shares = shares };
        long count = 0;
        foreach (ImageGrid grid in grids)
            count += job.ItemsOf(grid);
        WorkQueue.Run(ref job, problem.Batch == 0 ? 0 : count, threads, execution, inRanges: true);
    }

    private static int PanelsOf(ImageGrid grid) => grid.Panels.Count;

    private ref struct Job : ISharedWork
    {
        public ImagesInLanes<TVec, T, TFlat> Pass;
        public ref readonly ConvProblem<T> Problem;

        /// <summary>Strips that the rows of a grid are cut in, one a row at most; ranges that its panels are cut in.</summary>
        public int Parts, Shares;

        public readonly long ItemsOf(ImageGrid grid) =>
            (long)Problem.Groups * Math.Min(Parts, grid.Grid.Height) * Shares;

        public readonly void Run(ref WorkQueue queue)
        {
            using Workspace workspace = new(Pass.scratch);
            while (queue.Next(out long index))
            {
                int g = 0;
                for (long items; index >= (items = ItemsOf(Pass.grids[g])); g++)
                    index -= items;
                ImageGrid grid = Pass.grids[g];
                long parts = Math.Min(Parts, grid.Grid.Height), share = index % Shares, part = index / Shares % parts;
                Item item = new(in Problem, grid, (int)(index / Shares / parts), workspace, in Pass.arrays[g])
                {
                    FirstPanel = (int)(grid.Panels.Count * share / Shares),
                    LastPanel = (int)(grid.Panels.Count * (share + 1) / Shares),
                };
                int first = (int)(grid.Grid.Height * part / parts), last = (int)(grid.Grid.Height * (part + 1) / parts);
                if (CallTrace.IsOn)
                    Trace(item, first);
                if (item.FirstPanel < item.LastPanel)
                    RunRows(ref item, first, last);
            }
        }
    }

    private static void Trace(in Item item, int row)
    {
        CallTrace.Reach("images in lanes");
        CallTrace.Reach("strip", row);
        CallTrace.Reach("group", item.Group);
        CallTrace.Reach("panels", item.FirstPanel);
    }
}
