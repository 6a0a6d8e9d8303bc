using System.Numerics;
using SimdConv.Core;
using SimdConv.Kernels;

namespace SimdConv.Loops;

/// <summary>A pass with one chain of multiply-adds for each output element, each grid by the strategy that costs least.</summary>
internal abstract unsafe class DensePass<T>(Conv2DShape shape, ConvDirection direction, ConvStrategy[] strategies) : ConvPass<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>One for each grid.</summary>
    public ConvStrategy[] Strategies => strategies;

    public override long FilterSize { get; } = strategies.Sum(strategy => strategy.FilterSize * shape.Groups);

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
internal sealed unsafe partial class DensePass<TVec, THalf, T, TFlat> : DensePass<T>
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
        int shares = units == 0 ? 1 : (int)Math.Clamp((wanted + units - 1) / units, 1, panels);
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
}
