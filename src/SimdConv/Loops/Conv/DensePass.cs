using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>A pass with one chain of multiply-adds for each output element, each grid by the strategy that costs least.</summary>
internal abstract unsafe class DensePass<T>(Conv2DShape shape, ConvDirection direction, ConvStrategy[] strategies) : ConvPass<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>One for each grid.</summary>
    public ConvStrategy[] Strategies => strategies;

    public override long FilterSize => strategies[^1].FilterStart + (strategies[^1].FilterSize * shape.Groups);

    public override void AddLayout(List<int> layout)
    {
        layout.AddRange((int)PanelOrder.Dense, strategies.Length);
        foreach (ConvStrategy strategy in strategies)
            strategy.AddLayout(layout);
    }

    /// <summary>Panels that are read by one item alone are packed there, while they are in cache.</summary>
    public override bool ReadsWeights(int batch)
    {
        bool once = batch == 1;
        int grids = 0;
        foreach (ConvStrategy strategy in strategies)
        {
            once &= strategy.PacksRegisters && strategy.Strips == 1;
            grids += Math.Sign(strategy.Grid.Taps);
        }

        return once && grids == 1;
    }

    /// <summary>Which taps on padding are skipped depends on the tile; here they all count as such.</summary>
    public override PaddingRule? Padding { get; } = PaddingRule.OfAnyTaps(shape, direction);

    public override string ToString() => string.Join("; ", strategies.Select(strategy => strategy.ToString()).Distinct());

    protected RawFilter<T> Raw(T* weights) => new() { Weights = weights, Shape = shape, Direction = direction };
}

/// <summary>
/// The pass over lanes: for each group C[outputs x positions] = filter * im2col, with im2col never in memory.
/// <code>
/// item: grid, image or a few together, group, strip of rows, range of filter panels      shared out between threads
///   block of channels                copy the strip: padded, stride 1; or read the image itself
///     band of rows with the same taps
///       the loops of the grid's strategy
/// </code>
/// A later block of channels starts its chains from the target, so terms ascend in (c, r, s) whatever the block sizes.
/// </summary>
internal sealed unsafe class DensePass<TVec, THalf, T, TFlat> : DensePass<T>
    where TVec : unmanaged, ILanes<TVec, T>
    where THalf : unmanaged, ILanes<THalf, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TFlat : struct, IConstant
{
    private readonly GridLoops[] grids;

    /// <summary>Scratch memory of a thread for an item of any grid.</summary>
    private readonly ScratchPlan scratch;

    public DensePass(Conv2DShape shape, ConvDirection direction, ConvStrategy[] strategies)
        : base(shape, direction, strategies)
    {
        grids = new GridLoops[strategies.Length];
        long start = 0;
        for (int i = 0; i < grids.Length; i++)
        {
            grids[i] = new(strategies[i]);
            scratch = ScratchPlan.Either(scratch, grids[i].Scratch.Plan);
            strategies[i].FilterStart = start;
            start += strategies[i].FilterSize * shape.Groups;
        }
    }

    /// <summary>A grid's strategy, with the loops of it for these lanes, and its arrays.</summary>
    private readonly struct GridLoops(ConvStrategy strategy)
    {
        public readonly ConvStrategy Strategy = strategy;
        public readonly delegate*<ConvStrategy, in ConvItem<TVec, T>, ConvBand, void> BandLoop =
            strategy.BandLoop<TVec, THalf, T, TFlat>();
        public readonly ConvScratch<T> Scratch = new(strategy);
    }

    public override void Pack(T* weights, T* panels, Execution execution) =>
        FilterPacking<TVec, T>.Run(Strategies, Raw(weights), panels, execution);

    public override long WorkspaceBytes(int batch, int threads) => scratch.Bytes * threads;

    public override void Run(in ConvProblem<T> problem, Execution execution)
    {
        long units = 0, work = 0;
        int panels = 1;
        bool areKept = true;
        foreach (ConvStrategy strategy in Strategies)
        {
            units += ItemPlace.Units(strategy, problem.Batch, problem.Groups);
            work += (long)problem.Batch * problem.Groups * strategy.FilterSize * strategy.Grid.Height * strategy.Grid.Width;
            panels = Math.Max(panels, strategy.Panels.Count);
            areKept &= strategy.KeepsStrip;
        }

        // Where strips are too few to keep all threads busy to the end, filter panels share each of them, at the price of one
        // more copy of the strip: in as few items as come out even; where a thread continues with the same strip, as finely as
        // possible.
        int threads = execution.ThreadsFor(work);
        bool areEven = units % threads == 0, divideThreads = units > 0 && threads % units == 0;
        long wanted = threads == 1 ? 0 : areKept ? 16L * threads : areEven ? units : divideThreads ? threads : 4L * threads;
        int shares = units == 0 ? 1 : (int)Math.Clamp(Shapes.DivideUp(wanted, units), 1, panels);
        Job job = new() { Pass = this, Problem = ref problem, Shares = shares };
        WorkQueue.Run(ref job, units * shares, threads, execution, inRanges: true);
    }

    /// <summary>
    /// Items in ranges: a thread takes a range of its own, so that it stays with a strip, and then what is left of others.
    /// </summary>
    private ref struct Job : ISharedWork
    {
        public DensePass<TVec, THalf, T, TFlat> Pass;
        public ref readonly ConvProblem<T> Problem;
        public int Shares;

        public readonly void Run(ref WorkQueue queue)
        {
            using Workspace workspace = new(Pass.scratch);
            ItemPlace place = default;
            long kept = -1;
            while (queue.Next(out long item))
            {
                place.Move(Pass.Strategies, Problem.Batch, Problem.Groups, item, Shares);
                if (place.FirstPanel == place.LastPanel)
                    continue;
                Pass.RunItem(Problem, place, place.Unit == kept, workspace);
                kept = place.Unit;
            }
        }
    }

    /// <param name="problem">The call.</param>
    /// <param name="place">Which item.</param>
    /// <param name="isSame">Whether this thread's last item was of the same strip.</param>
    /// <param name="workspace">As it was for that item, so that the strip is still there.</param>
    private void RunItem(in ConvProblem<T> problem, in ItemPlace place, bool isSame, Workspace workspace)
    {
        ref readonly GridLoops loops = ref grids[place.Grid];
        ConvStrategy strategy = loops.Strategy;
        TapGrid grid = strategy.Grid;
        long elements = (long)problem.Batch * problem.Groups * strategy.Outputs * grid.Height * grid.Width;
        int image = place.GridUnit / strategy.Strips / problem.Groups * strategy.Together,
            images = Math.Min(strategy.Together, problem.Batch - image);
        ConvItem<TVec, T> item = new()
        {
            Problem = ref problem,
            Group = place.GridUnit / strategy.Strips % problem.Groups,
            FirstPanel = place.FirstPanel,
            LastPanel = place.LastPanel,
            Row = place.GridUnit % strategy.Strips * strategy.Layout.Rows,
            FetchesTarget = elements * sizeof(T) > CacheSizes.L2,
            Sizes = strategy.Sizes,
            Strip = workspace.At(loops.Scratch.Strips),
            Panel = workspace.At(loops.Scratch.Panel),
            Tiles = workspace.At(loops.Scratch.Tiles),
            SpareTiles = workspace.At(loops.Scratch.SpareTiles),
            Start = workspace.At(loops.Scratch.Start),
        };
        item.Rows = Math.Min(strategy.Layout.Rows, grid.Height - item.Row);
        item.Filter = problem.Filter + strategy.FilterStart + (item.Group * strategy.FilterSize);
        SetStart(strategy, item);
        if (CallTrace.IsOn)
            Trace(strategy, item);

        // The last images of a batch, too few to fill the tile together, run one at a time: the same chains.
        item.Together = images == strategy.Together ? images : 1;
        bool isFilled = isSame && strategy.KeepsStrip && item.Together == images;
        nint output = item.Group * strategy.PhaseOutputs.Channels * problem.TargetLayout.C;
        TargetWindow<TVec, T>* targets = stackalloc TargetWindow<TVec, T>[images];
        for (int i = 0; i < images; i++)
            targets[i] = new(grid, problem.TargetLayout, problem.Target, ((image + i) * problem.TargetLayout.N) + output,
                problem.Finish, item.Row, item.Rows);
        for (int i = 0; i < images; i += item.Together)
        {
            item.Targets = targets + i;
            for (int block = 0; block < strategy.Blocks; block++)
            {
                SetBlock(strategy, ref item, block);
                ReadStrip(strategy, ref item, image + i, isFilled);
                foreach (ConvBand band in strategy.Bands)
                {
                    if (CallTrace.IsOn)
                        CallTrace.Reach("band", band.First);
                    (int first, int last) = band.Within(item.Row, item.Rows);
                    if (first < last)
                        loops.BandLoop(strategy, item, band);
                }
            }
        }
    }

    /// <summary>
    /// What chains begin with: one element for an output in a lane, a row of the tile for an output whose weights are broadcast.
    /// </summary>
    private static void SetStart(ConvStrategy strategy, in ConvItem<TVec, T> item)
    {
        T* bias = item.Problem.Bias == null ? null : item.Problem.Bias + (item.Group * strategy.PhaseOutputs.Channels),
            start = item.Start;
        int first = strategy.Panels.Start(item.FirstPanel), last = strategy.Panels.Start(item.LastPanel), nr = strategy.Tile.NR;
        if (!strategy.PacksRegisters)
        {
            for (int m = first; m < last; m++)
                new Span<T>(start + ((nint)m * nr), nr).Fill(bias == null ? T.Zero : bias[m]);
            return;
        }

        int biases = bias == null ? 0 : Math.Min(last, strategy.Outputs) - first;
        if (strategy.Grid.Phases == 1)
            new Span<T>(bias + first, biases).CopyTo(new Span<T>(start + first, biases));
        for (int m = first; m < first + biases && strategy.Grid.Phases > 1; m++)
            start[m] = bias[strategy.PhaseOutputs.Channel(m)];
        new Span<T>(start + first + biases, last - first - biases).Clear();
    }

    private static void SetBlock(ConvStrategy strategy, ref ConvItem<TVec, T> item, int block)
    {
        if (CallTrace.IsOn)
            CallTrace.Reach("block", block);
        item.Block = block;
        item.Channels = Math.Min(strategy.ChannelBlock, strategy.Channels - (block * strategy.ChannelBlock));
        item.IsLastBlock = block == strategy.Blocks - 1;
        item.Beta = block > 0 ? T.One : item.Problem.Beta;
    }

    /// <summary>Copies the strip of a block of channels from each image, or finds it in the image.</summary>
    private static void ReadStrip(ConvStrategy strategy, ref ConvItem<TVec, T> item, int image, bool isFilled)
    {
        ref readonly ImageLayout layout = ref item.Problem.SourceLayout;
        for (int i = 0; i < item.Together && strategy.Grid.Taps > 0; i++)
        {
            nint channel = ((nint)item.Group * strategy.Channels) + (item.Block * strategy.ChannelBlock);
            T* source = item.Problem.Source + ((image + i) * layout.N) + (channel * layout.C);
            if (strategy.Layout.IsImage)
                item.Strip = source + (item.Row * layout.H);
            else if (!isFilled)
            {
                T* strip = item.Strip + (i * item.Sizes.Strip);
                StripPacking<TVec, T>.Fill(
                    strategy.Layout, source, layout, item.Channels, item.Row, item.Rows, strip, item.Sizes.Slack);
            }
        }
    }

    private static void Trace(ConvStrategy strategy, in ConvItem<TVec, T> item)
    {
        CallTrace.Reach(strategy.Name);
        CallTrace.Reach("strip", item.Row);
        CallTrace.Reach("group", item.Group);
        CallTrace.Reach("panels", item.FirstPanel);
    }
}
