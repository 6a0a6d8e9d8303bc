using System.Numerics;
using SimdConv.Core;
using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>
/// 3x3 convolution of stride 1 by Winograd's F(MxM, 3x3): (M + 2)^2 matrix products of the transformed filter with transformed tiles,
/// in place of the 9 M^2 products of each channel that M^2 outputs otherwise take.
/// <code>
/// item: block of tiles of the whole batch, group, range of filter panels     shared out between threads
///   V[C x tiles] of each matrix                 transformed tiles of the image, in L2
///     block of filter panels
///       matrix, ir: filter panel, jr: NR tiles  M[rows x tiles] = U * V by the tiles of GEMM
///       rows of the block                       transformed back, then to the target with bias and activation
/// </code>
/// The operations on an element depend on its place in the image alone.
/// </summary>
#pragma warning disable CS8500 // Job holds references and lives on the caller's stack, which outlasts every part.
internal sealed unsafe class WinogradLoops<TVec, T, TTile>(Conv2DShape shape, WinogradSchedule schedule) : ConvPass<T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TTile : struct, IWinograd
{
    private static int Outputs => TTile.Outputs;

    private WinogradSchedule Schedule => schedule;

    public override long FilterSize => schedule.FilterSize * shape.Groups;

    public override void Run(in ConvProblem<T> problem, Execution execution)
    {
        long work = (long)problem.Batch * problem.Groups * schedule.FilterSize * schedule.TilesHigh * schedule.TilesWide;
        int threads = work <= BlockSizes.SerialLimit ? 1 : execution.Threads;
        Job job = new() { Pass = this, Problem = problem, Split = new(schedule, problem.Batch, problem.Groups, threads) };
        execution.Run((int)Math.Min(threads, job.Split.Items), &RunPart, &job);
    }

    public override long WorkspaceBytes(int batch, int threads)
    {
        Split split = new(schedule, batch, shape.Groups, threads);
        return new Sizes(schedule, split.Blocks.Rows(0) * TVec.Count).Bytes * Math.Min(threads, split.Items);
    }

    /// <summary>How a call is cut in items.</summary>
    private readonly struct Split
    {
        public readonly Panels Blocks;
        public readonly int Shares;

        public Split(WinogradSchedule schedule, int batch, int groups, int threads)
        {
            int vectors = checked((int)((((long)batch * schedule.TilesHigh * schedule.TilesWide) + TVec.Count - 1) / TVec.Count));
            int blocks = (vectors + schedule.BlockVectors - 1) / schedule.BlockVectors;

            // Few blocks: as many as threads, or, if registers don't suffice for that, each shared by filter panels, which transforms it again.
            if (blocks * groups < 4 * threads)
                blocks = Math.Min(vectors, (blocks + threads - 1) / threads * threads);
            Blocks = new(vectors, blocks == 0 ? 1 : (vectors + blocks - 1) / blocks);
            Shares = (long)Blocks.Count * groups % threads == 0 || (long)Blocks.Count * groups >= 4L * threads ? 1 : threads;
            Items = (long)Blocks.Count * groups * Shares;
        }

        public readonly long Items;
    }

    private struct Job
    {
        public WinogradLoops<TVec, T, TTile> Pass;
        public ConvProblem<T> Problem;
        public Split Split;
        public long Next;
    }

    /// <summary>Elements of each part of a thread's workspace, for blocks of so many tiles.</summary>
    private readonly struct Sizes
    {
        public readonly int BlockPanels;
        public readonly nint NextV, NextM;
        public readonly long V, M, Lines, Scratch, Pixels;

        public Sizes(WinogradSchedule schedule, int lanes)
        {
            int rows = schedule.Panels.Rows(0);
            BlockPanels = Math.Min(schedule.BlockPanels(lanes), schedule.Panels.Count);
            NextV = schedule.Next(schedule.Channels, lanes);
            NextM = schedule.Next(BlockPanels * rows, lanes);
            V = NextV * schedule.Matrices;
            M = NextM * schedule.Matrices;
            Lines = (long)WinogradPacking<TVec, T, TTile>.Pitch(lanes) * (Outputs + 2);
            Scratch = Outputs * (Outputs + 2) * TVec.Count;
            Pixels = (long)rows * Outputs * Outputs * lanes;
        }

        public long Bytes => Workspace.SizeOf<T>(V) + Workspace.SizeOf<T>(M) + Workspace.SizeOf<T>(Lines) + Workspace.SizeOf<T>(Scratch)
            + Workspace.SizeOf<T>(Pixels) + Workspace.SizeOf<T>(2 * TVec.Count);
    }

    private static void RunPart(void* state, int part)
    {
        Job* job = (Job*)state;
        WinogradLoops<TVec, T, TTile> pass = job->Pass;
        using Workspace workspace = new(new Sizes(pass.Schedule, job->Split.Blocks.Rows(0) * TVec.Count).Bytes);
        for (long item; (item = Interlocked.Increment(ref job->Next) - 1) < job->Split.Items;)
            pass.RunItem(job->Problem, job->Split, item, workspace);
    }

    private void RunItem(in ConvProblem<T> problem, in Split split, long item, Workspace workspace)
    {
        int share = (int)(item % split.Shares), group = (int)(item / split.Shares % problem.Groups), block = (int)(item / split.Shares / problem.Groups);
        int lanes = split.Blocks.Rows(block) * TVec.Count;
        long first = (long)split.Blocks.Start(block) * TVec.Count, end = Math.Min(first + lanes, (long)problem.Batch * schedule.TilesHigh * schedule.TilesWide);
        Sizes sizes = new(schedule, lanes);
        T* v = workspace.Take<T>(sizes.V), m = workspace.Take<T>(sizes.M), lines = workspace.Take<T>(sizes.Lines), scratch = workspace.Take<T>(sizes.Scratch);
        T* pixels = workspace.Take<T>(sizes.Pixels), zeros = workspace.Take<T>(2 * TVec.Count);
        new Span<T>(zeros, 2 * TVec.Count).Clear();

        for (int at = 0; first + at < end;)
        {
            TileRun run = Run(first, at, end);
            T* source = problem.Source + (run.Image * problem.SourceLayout.N) + ((nint)group * schedule.Channels * problem.SourceLayout.C);
            at += run.Count;
            WinogradPacking<TVec, T, TTile>.Input(run, first + at < end ? run.Count : lanes - run.At, schedule.Grid, source, problem.SourceLayout,
                schedule.Channels, lines, v, lanes, sizes.NextV);
        }

        T* filter = problem.Filter + (group * schedule.FilterSize);
        int lastPanel = schedule.Panels.Count * (share + 1) / split.Shares;
        for (int panel = schedule.Panels.Count * share / split.Shares; panel < lastPanel; panel += sizes.BlockPanels)
        {
            int panels = Math.Min(sizes.BlockPanels, lastPanel - panel);
            for (int e = 0; e < schedule.Matrices; e++)
                Multiply(filter + ((nint)e * schedule.Outputs * schedule.Channels), v + (e * sizes.NextV), panel, panels, lanes, zeros, m + (e * sizes.NextM));
            for (int i = panel; i < panel + panels; i++)
            {
                T* rows = m + ((nint)(schedule.Panels.Start(i) - schedule.Panels.Start(panel)) * lanes);
                Store(problem, group, i, rows, sizes.NextM, first, end, lanes, scratch, pixels);
            }
        }
    }

    private TileRun Run(long first, int at, long end) => TileRun.From(first + at, schedule.TilesHigh, schedule.TilesWide, at, (int)(end - first - at));

    /// <summary>Rows of one product: some filter panels with all tiles of the block.</summary>
    private void Multiply(T* filter, T* v, int panel, int panels, int lanes, T* zeros, T* m)
    {
        int w = TVec.Count;
        for (int i = panel; i < panel + panels; i++)
        {
            int start = schedule.Panels.Start(i), rows = schedule.Panels.Rows(i), j = 0;
            T* a = filter + ((nint)start * schedule.Channels), c = m + ((nint)(start - schedule.Panels.Start(panel)) * lanes);
            for (; j + (2 * w) <= lanes; j += 2 * w)
                GemmKernel<TVec, T, N2>.Run(rows, schedule.Channels, a, v + j, lanes, null, zeros, 0, c + j, lanes);
            if (j < lanes)
                GemmKernel<TVec, T, N1>.Run(rows, schedule.Channels, a, v + j, lanes, null, zeros, 0, c + j, lanes);
        }
    }

    /// <summary>The rows of one panel back to pixels, and these to the target.</summary>
    private void Store(in ConvProblem<T> problem, int group, int panel, T* m, nint next, long first, long end, int lanes, T* scratch, T* pixels)
    {
        TapGrid grid = schedule.Grid;
        int outputs = Outputs, start = schedule.Panels.Start(panel), rows = schedule.Panels.Rows(panel), row = outputs * lanes, ld = outputs * row;
        bool add = problem.Beta != T.Zero;
        for (int pass = add ? 0 : 1; pass < 2; pass++)
        {
            for (int i = 0; i < rows && pass == 1; i++)
            {
                T bias = problem.Bias == null ? T.Zero : problem.Bias[(group * schedule.Outputs) + start + i];
                WinogradPacking<TVec, T, TTile>.Output(m + ((nint)i * lanes), next, lanes, bias, add, scratch, pixels + ((nint)i * ld));
            }

            for (int at = 0; first + at < end;)
            {
                TileRun run = Run(first, at, end);
                T* target = problem.Target + (run.Image * problem.TargetLayout.N) + ((nint)group * schedule.Outputs * problem.TargetLayout.C);
                TargetWindow<TVec, T> window = new(grid, problem.TargetLayout, target, 0, grid.Height);
                int count = Math.Min(run.Count * outputs, grid.Width - (run.Column * outputs));
                for (int i = 0; i < outputs && (run.Row * outputs) + i < grid.Height; i++)
                {
                    int position = (((run.Row * outputs) + i) * grid.Width) + (run.Column * outputs);
                    T* tile = pixels + (i * row) + (at * outputs);
                    if (pass == 0)
                        window.Load(start, rows, position, count, grid.Width, tile, ld, problem.Beta);
                    else
                        window.Store(start, rows, position, count, grid.Width, tile, ld, problem.Finish);
                }

                at += run.Count;
            }
        }
    }

    /// <summary>U = G g G^T of each filter and channel, in double and rounded once: for each group and matrix, panels as GEMM's.</summary>
    public override void Pack(T* weights, T* panels)
    {
        TapGrid grid = schedule.Grid;
        bool isForward = grid.Rows[0].Kernel == 0;
        nint rowStride = isForward ? 9 * schedule.Channels : 9, channelStride = isForward ? 9 : 9 * schedule.Outputs;
        int n = Outputs + 2;
        double* columns = stackalloc double[n * 3];
        for (int group = 0; group < shape.Groups; group++, weights += (nint)9 * schedule.Outputs * schedule.Channels, panels += schedule.FilterSize)
        {
            for (int panel = 0; panel < schedule.Panels.Count; panel++)
            {
                int start = schedule.Panels.Start(panel), rows = schedule.Panels.Rows(panel);
                for (int c = 0; c < schedule.Channels; c++)
                {
                    for (int i = 0; i < rows; i++)
                    {
                        T* g = weights + ((start + i) * rowStride) + (c * channelStride), u = panels + ((nint)start * schedule.Channels) + ((nint)c * rows) + i;
                        for (int e = 0; e < n; e++)
                        {
                            for (int s = 0; s < 3; s++)
                                columns[(e * 3) + s] = TTile.Filter(e, Tap(g, 0, s), Tap(g, 1, s), Tap(g, 2, s));
                        }

                        for (int e = 0; e < n * n; e++, u += (nint)schedule.Outputs * schedule.Channels)
                        {
                            double* row = columns + (e / n * 3);
                            *u = T.CreateTruncating(TTile.Filter(e % n, row[0], row[1], row[2]));
                        }
                    }
                }
            }
        }

        double Tap(T* g, int r, int s) => double.CreateTruncating(g[(grid.Rows[r].Kernel * 3) + grid.Columns[s].Kernel]);
    }

    public override string ToString() => schedule.ToString();
}
