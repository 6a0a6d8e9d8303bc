using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>
/// The input gradient by the transposed transforms of Winograd's F(MxM, RxR), with images in lanes: each tile of the forward pass
/// adds B [U^T * (A dY A^T)] B^T to the pixels that it sees. Without padding dx has more pixels than y, and the tiles of the
/// forward pass are fewer than those that dx would take as an output.
/// <code>
/// item: block of images, group, range of panels of weights      shared out between threads
///   row of tiles
///     V[K x tiles] of each matrix            transformed tiles of dY
///     block of panels: M = U^T * V           by the tiles of GEMM
///     channel: B M B^T                       overlapping tiles added in lines, these to rows of dx
/// </code>
/// The operations on an element depend on its place in the image alone.
/// </summary>
internal sealed unsafe class WinogradInputGradient<TVec, T, TTile>(Conv2DShape shape, WinogradSchedule schedule) : ConvPass<T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TTile : struct, IWinograd
{
    private readonly WinogradSchedule schedule = schedule;

    private static int ZeroCount => 2 * TVec.Count;

    /// <summary>
    /// Images of a block but for a rest: V and M of a row of tiles take three quarters of L2, or a register of images; a row has
    /// fewer than 2^30 lanes.
    /// </summary>
    private readonly int mostImages = (int)Math.Min(Math.Max(1, (1 << 29) / schedule.TilesWide), Math.Clamp(
        CacheSizes.L2 / 4 * 3 / ((double)schedule.Matrices * (schedule.Channels + schedule.Panels.Rows(0)) * schedule.TilesWide
            * sizeof(T)), Math.Min(TVec.Count, schedule.BlockImages), schedule.BlockImages));

    public override long FilterSize => schedule.FilterSize * shape.Groups;

    public override void Pack(T* weights, T* panels, Execution execution) =>
        WinogradFilters<TVec, T, TTile>.Pack(shape, schedule, isForward: false, weights, panels);

    public override void AddLayout(List<int> layout) => schedule.AddLayout(layout);

    public override void Run(in ConvProblem<T> problem, Execution execution)
    {
        Split split = new(this, problem.Batch, execution.Threads);
        Job job = new() { Pass = this, Problem = ref problem, Split = split };
        WorkQueue.Run(ref job, split.Items, split.Parts, execution);
    }

    public override long WorkspaceBytes(int batch, int threads)
    {
        Split split = new(this, batch, threads);
        return split.Parts == 0 ? 0 : new Scratch(this, split).Plan.Bytes * split.Parts;
    }

    public override string ToString() => $"{schedule}, transposed transforms";

    /// <summary>How a call is cut in items, and how many threads share them.</summary>
    private readonly struct Split
    {
        public readonly ImageBlocks Blocks;
        public readonly int Shares, Parts;
        public readonly long Items;

        public Split(WinogradInputGradient<TVec, T, TTile> pass, int batch, int threads)
        {
            WinogradSchedule schedule = pass.schedule;
            if (schedule.IsSerial((double)batch * schedule.TilesHigh * schedule.TilesWide, pass.Groups))
                threads = 1;
            Blocks = new(batch, pass.mostImages);
            long units = (long)Blocks.Count * pass.Groups;
            Shares = schedule.Shares(units, threads);
            Items = units * Shares;
            Parts = (int)Math.Min(threads, Items);
        }
    }

    private int Groups => shape.Groups;

    private ref struct Job : ISharedWork
    {
        public WinogradInputGradient<TVec, T, TTile> Pass;
        public ref readonly ConvProblem<T> Problem;
        public Split Split;

        public readonly void Run(ref WorkQueue queue) => Pass.RunPart(in Problem, in Split, ref queue);
    }

    /// <summary>What one thread works with.</summary>
    private readonly struct Scratch
    {
        public readonly ScratchPlan Plan = default;

        /// <summary>Elements from one matrix to the next in V and in M.</summary>
        public readonly nint NextV, NextM;
        public readonly Piece<T> V, M, Lines, Zeros;

        public Scratch(WinogradInputGradient<TVec, T, TTile> pass, in Split split)
        {
            WinogradSchedule schedule = pass.schedule;
            int images = split.Blocks.Most, lanes = Lanes(schedule.TilesWide * images);
            NextV = schedule.Next(schedule.Channels, lanes);
            NextM = schedule.Next(schedule.Panels.Rows(0), lanes);
            V = Plan.Add<T>(NextV * schedule.Matrices);
            M = Plan.Add<T>(NextM * schedule.Matrices);
            Lines = Plan.Add<T>(WinogradImagePacking<TVec, T, TTile>.Lines(lanes, images));
            Zeros = Plan.Add<T>(ZeroCount);
        }
    }

    private static int Lanes(int tiles) => Shapes.RoundUp(tiles, TVec.Count);

    private void RunPart(in ConvProblem<T> problem, in Split split, ref WorkQueue queue)
    {
        Scratch scratch = new(this, split);
        using Workspace workspace = new(scratch.Plan);
        T* v = workspace.At(scratch.V), m = workspace.At(scratch.M), lines = workspace.At(scratch.Lines),
            zeros = workspace.At(scratch.Zeros);
        new Span<T>(zeros, ZeroCount).Clear();
        ImageLayout source = problem.SourceLayout, target = problem.TargetLayout;
        while (queue.Next(out long index))
        {
            int share = (int)(index % split.Shares), group = (int)(index / split.Shares % Groups);
            int block = (int)(index / split.Shares / Groups), panels = schedule.Panels.Count;
            if (CallTrace.IsOn)
                Trace(share, group, block);
            int image = split.Blocks.Start(block), images = split.Blocks.Images(block);
            int lanes = Lanes(schedule.TilesWide * images);
            T* dy = problem.Source + (image * source.N) + ((nint)group * schedule.Channels * source.C);
            T* dx = problem.Target + (image * target.N) + ((nint)group * schedule.Outputs * target.C);
            for (int row = 0; row < schedule.TilesHigh; row++)
            {
                TileRun run = new(image, images, row, 0, schedule.TilesWide * images, 0);
                WinogradImagePacking<TVec, T, TTile>.Outputs(
                    run, schedule.Grid, dy, source, schedule.Channels, lines, v, lanes, scratch.NextV);
                for (int panel = panels * share / split.Shares; panel < panels * (share + 1) / split.Shares; panel++)
                {
                    WinogradFilters<TVec, T, TTile>.Multiply(schedule, problem.Filter + (group * schedule.FilterSize), panel, 1,
                        v, scratch.NextV, lanes, zeros, m, scratch.NextM);
                    for (int i = 0; i < schedule.Panels.Rows(panel); i++)
                    {
                        WinogradImagePacking<TVec, T, TTile>.Inputs(m + ((nint)i * lanes), scratch.NextM, run, lanes,
                            schedule.Grid, lines, dx + ((schedule.Panels.Start(panel) + i) * target.C), target, problem.Beta);
                    }
                }
            }
        }
    }

    private static void Trace(int share, int group, int block)
    {
        CallTrace.Reach("share", share);
        CallTrace.Reach("group", group);
        CallTrace.Reach("block", block);
    }
}
