using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>
/// The weight gradient by Winograd's F(MxM, RxR): dW = G^T [sum over tiles of (A dY A^T) * (B^T x B)] G, in which the sum is
/// (M + R - 1)^2 matrix products over tiles.
/// <code>
/// item: chunk of rows of tiles, group, share of the output channels      shared out between threads
///   block of tiles
///     V[C x tiles] of each matrix          transformed tiles of x
///     D[tiles x K] of each matrix          transformed tiles of dY, output channels in lanes
///     matrix: sums[C x K] += V * D         tiles that read both in place
/// channels of a group: chunks added in a balanced tree, transformed back, then to dW
/// </code>
/// Each sum is one chain over the tiles of its chunk, in the order of <see cref="TileOrder"/>; chunks depend on the shape and the
/// batch alone. The bias gradient is that of direct plans.
/// </summary>
internal sealed unsafe class WinogradWeightGradient<TVec, T, TTile>(
    Conv2DShape shape, WinogradSchedule schedule, WeightGradientPass<T> direct) : WeightGradientPass<T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TTile : struct, IWinograd
{
    /// <summary>Multiply-adds of the direct sum that a chunk has at least, and elements of the sums of all chunks.</summary>
    private const long LeastWork = 1 << 20, MostSums = 1 << 18;

    private const int MostChunks = 16;

    private readonly Conv2DShape shape = shape;
    private readonly WinogradSchedule schedule = schedule;

    private static int Matrices => TTile.Points * TTile.Points;

    private static int TapCount => TTile.Taps * TTile.Taps;

    /// <summary>Output channels of a group in whole registers.</summary>
    private int LdSums => Shapes.RoundUp(schedule.Outputs, TVec.Count);

    /// <summary>Elements from one matrix of a group's sums to the next.</summary>
    private nint NextSums => (nint)schedule.Channels * LdSums;

    /// <summary>
    /// Registers of tiles of a block: V and D take half of L2. Where the sums alone exceed L2, blocks are larger, so that each
    /// block reads and writes no more elements of sums than of V and D.
    /// </summary>
    private int BlockVectors { get; } = (int)Math.Clamp(Math.Max(
        CacheSizes.L2 / 2 / ((long)Matrices * (schedule.Channels + schedule.Outputs) * TVec.Count * sizeof(T)),
        2L * schedule.Channels * schedule.Outputs / (schedule.Channels + schedule.Outputs) / TVec.Count), 2, 16);

    public override void Run(in WeightGradientProblem<T> problem, Execution execution)
    {
        if (problem.DB != null)
        {
            WeightGradientProblem<T> bias = problem;
            bias.DW = null;
            direct.Run(bias, execution);
        }

        if (problem.DW == null)
            return;
        Split split = new(this, problem.Batch, execution.Threads);
        using Workspace workspace = new(Shared(split, out Piece<T> sums, out Piece<T> taps));
        Job job = new()
        {
            Pass = this,
            Problem = ref problem,
            Split = split,
            Sums = workspace.At(sums),
            Taps = workspace.At(taps),
        };
        WorkQueue.Run(ref job, (long)split.Chunks * shape.Groups * split.Shares, split.Threads, execution);
        job.IsReduction = true;
        WorkQueue.Run(ref job, (long)shape.Groups * schedule.Channels, split.Threads, execution);
    }

    public override long WorkspaceBytes(int batch, int threads)
    {
        Split split = new(this, batch, threads);
        long own = Shared(split, out _, out _).Bytes + (new Scratch(this, split).Plan.Bytes * split.Threads);

        // The bias gradient is a pass of its own behind this one.
        return Math.Max(own, direct.WorkspaceBytes(batch, threads));
    }

    public override string ToString() =>
        $"Winograd F({TTile.Outputs}x{TTile.Outputs}, {TTile.Taps}x{TTile.Taps}), blocks of {BlockVectors} registers of tiles, "
        + $"{(schedule.AreImagesInLanes ? "images" : "tiles")} and output channels in lanes";

    /// <summary>
    /// The sums of all chunks, [chunk][group][matrix][input channel][output channel]; and for each thread's last transform: the
    /// sums of one channel that are transformed along one axis, and the taps.
    /// </summary>
    private ScratchPlan Shared(in Split split, out Piece<T> sums, out Piece<T> taps)
    {
        ScratchPlan plan = default;
        sums = plan.Add<T>(NextSums * Matrices * shape.Groups * split.Chunks);
        taps = plan.Add<T>(LastSize * split.Threads);
        return plan;
    }

    /// <summary>Elements of the sums of a register that are transformed along one axis; these and the taps.</summary>
    private static int ColumnSize => TTile.Taps * TTile.Points * TVec.Count;

    private nint LastSize => ColumnSize + ((nint)TapCount * LdSums);

    /// <summary>How a call is cut.</summary>
    private readonly struct Split
    {
        public readonly TileOrder Order;
        public readonly int Chunks, Shares, Threads;

        public Split(WinogradWeightGradient<TVec, T, TTile> pass, int batch, int threads)
        {
            WinogradSchedule schedule = pass.schedule;
            Conv2DShape shape = pass.shape;
            Order = schedule.Order(batch, shape.Groups, 1, pass.BlockVectors);
            double work = (double)batch * shape.P * shape.Q * shape.WeightCount;
            long sums = (long)Matrices * schedule.Channels * shape.K;
            Chunks = 1;
            while (Chunks < MostChunks && 2 * Chunks <= Order.Rows && 2 * Chunks * sums <= MostSums
                && 2 * Chunks * LeastWork <= work)
            {
                Chunks *= 2;
            }

            Threads = work <= WorkQueue.SerialLimit ? 1 : threads;
            int registers = pass.LdSums / TVec.Count, items = Chunks * shape.Groups;
            Shares = items >= 2 * Threads || Threads == 1 ? 1 : Math.Min(registers, Shapes.DivideUp(Threads, items));
        }
    }

    private ref struct Job : ISharedWork
    {
        public WinogradWeightGradient<TVec, T, TTile> Pass;
        public ref readonly WeightGradientProblem<T> Problem;
        public Split Split;
        public T* Sums, Taps;

        /// <summary>Whether the chunks have their sums, and these are to be added.</summary>
        public bool IsReduction;

        public readonly void Run(ref WorkQueue queue)
        {
            if (IsReduction)
                Pass.ReducePart(in this, ref queue);
            else
                Pass.SumPart(in this, ref queue);
        }
    }

    /// <summary>What one thread sums with.</summary>
    private readonly struct Scratch
    {
        public readonly ScratchPlan Plan = default;

        /// <summary>Elements from one matrix to the next in V and in D.</summary>
        public readonly nint NextV, NextD;
        public readonly Piece<T> V, D, Lines, Positions, OutputLines;

        public Scratch(WinogradWeightGradient<TVec, T, TTile> pass, in Split split)
        {
            WinogradSchedule schedule = pass.schedule;
            int lanes = split.Order.MostLanes, registers = pass.LdSums / TVec.Count;
            int outputs = Shapes.DivideUp(registers, split.Shares) * TVec.Count;
            NextV = schedule.Next(schedule.Channels, lanes);
            NextD = schedule.Next(outputs, lanes);
            V = Plan.Add<T>(NextV * Matrices);
            D = Plan.Add<T>(NextD * Matrices);
            Lines = Plan.Add<T>(WinogradPacking<TVec, T, TTile>.Lines(lanes, schedule.AreImagesInLanes));
            Positions = Plan.Add<T>((long)TTile.Outputs * TTile.Outputs * lanes * outputs);
            OutputLines = Plan.Add<T>(WinogradGradientPacking<TVec, T, TTile>.Lines(
                schedule.AreImagesInLanes ? TileOrder.MostImages : 1, outputs));
        }
    }

    private void SumPart(in Job job, ref WorkQueue queue)
    {
        Scratch scratch = new(this, job.Split);
        using Workspace workspace = new(scratch.Plan);
        Buffers buffers = new()
        {
            NextV = scratch.NextV,
            NextD = scratch.NextD,
            V = workspace.At(scratch.V),
            D = workspace.At(scratch.D),
            Lines = workspace.At(scratch.Lines),
            Positions = workspace.At(scratch.Positions),
            OutputLines = workspace.At(scratch.OutputLines),
        };
        while (queue.Next(out long index))
        {
            int share = (int)(index % job.Split.Shares), group = (int)(index / job.Split.Shares % shape.Groups);
            int chunk = (int)(index / job.Split.Shares / shape.Groups), registers = LdSums / TVec.Count;
            if (CallTrace.IsOn)
                Trace(chunk, group, share);
            int first = registers * share / job.Split.Shares * TVec.Count,
                end = registers * (share + 1) / job.Split.Shares * TVec.Count;
            T* sums = job.Sums + ((((nint)chunk * shape.Groups) + group) * Matrices * NextSums) + first;
            Sum(in job, chunk, group, first, end - first, in buffers, sums);
        }
    }

    private static void Trace(int chunk, int group, int share)
    {
        CallTrace.Reach("chunk", chunk);
        CallTrace.Reach("group", group);
        CallTrace.Reach("share", share);
    }

    private struct Buffers
    {
        public nint NextV, NextD;
        public T* V, D, Lines, Positions, OutputLines;
    }

    /// <summary>
    /// The sums of a chunk, of all channels of a group and the output channels of some registers, <paramref name="ld"/> lanes.
    /// </summary>
    private void Sum(in Job job, int chunk, int group, int firstOutput, int ld, in Buffers buffers, T* sums)
    {
        ref readonly WeightGradientProblem<T> problem = ref job.Problem;
        TileOrder order = job.Split.Order;
        long tile = order.RowStart(order.Rows * chunk / job.Split.Chunks),
            last = order.RowStart(order.Rows * (chunk + 1) / job.Split.Chunks);
        ImageLayout x = problem.XLayout, dy = problem.DYLayout;
        int outputs = Math.Min(ld, schedule.Outputs - firstOutput);
        for (bool isFirst = true; isFirst || tile < last; isFirst = false)
        {
            (long end, int lanes) = order.BlockFrom(tile, last);
            for (int at = 0, count; tile + at < end; at += count)
            {
                TileRun run = order.Run(tile + at, at, (int)(end - tile - at));
                count = run.Count;
                WinogradPacking<TVec, T, TTile>.Input(run, tile + at + count < end ? count : lanes - at, schedule.Grid,
                    problem.X + (run.Image * x.N) + ((nint)group * schedule.Channels * x.C), x, schedule.Channels, buffers.Lines,
                    new(buffers.V, lanes, buffers.NextV), schedule.AreImagesInLanes);
                T* first = problem.DY + (run.Image * dy.N) + ((((nint)group * schedule.Outputs) + firstOutput) * dy.C);
                WinogradGradientPacking<TVec, T, TTile>.Outputs(run, schedule.Grid, first, dy, outputs, buffers.Positions,
                    buffers.OutputLines, buffers.D, ld, buffers.NextD);
            }

            for (int e = 0; e < Matrices; e++)
                Multiply(buffers.V + (e * buffers.NextV), lanes, buffers.D + (e * buffers.NextD), ld, (nint)(end - tile),
                    sums + (e * NextSums), isFirst);
            tile = end;
        }
    }

    /// <summary>sums[C x ld] += V[C x terms] * D[terms x ld], or from zeros.</summary>
    private void Multiply(T* v, int lanes, T* d, int ld, nint terms, T* sums, bool isFirst)
    {
        InPlaceOperands<T> o = new() { ARow = lanes, ATerm = 1, Ldb = ld, LdStart = LdSums, Ldc = LdSums, Terms = terms };
        int w = TVec.Count;
        for (int column = 0, vectors; column < ld; column += vectors * w)
        {
            int left = (ld - column) / w;
            vectors = left >= 4 && TVec.HasManyRegisters ? 4 : left >= 2 ? 2 : 1;
            Panels panels = new(schedule.Channels, InPlaceKernel<TVec, T>.MaxRows(vectors));
            for (int i = 0; i < panels.Count; i++)
            {
                o.A = v + ((nint)panels.Start(i) * lanes);
                o.B = d + column;
                o.C = sums + ((nint)panels.Start(i) * LdSums) + column;
                o.Start = isFirst ? null : o.C;
                InPlaceKernel<TVec, T>.Run(panels.Rows(i), vectors, vectors * w, &o);
            }
        }
    }

    private void ReducePart(in Job job, ref WorkQueue queue)
    {
        T* columns = job.Taps + (queue.Part * LastSize), taps = columns + ColumnSize;
        nint filter = (nint)schedule.Channels * TapCount, next = shape.Groups * Matrices * NextSums;
        while (queue.Next(out long index))
        {
            int group = (int)(index / schedule.Channels), c = (int)(index % schedule.Channels);
            T* sums = job.Sums + (group * Matrices * NextSums) + ((nint)c * LdSums);
            T* dw = job.Problem.DW + ((nint)group * schedule.Outputs * filter) + ((nint)c * TapCount);
            for (int e = 0; e < Matrices; e++)
                ChunkSums<TVec, T>.Add(sums + (e * NextSums), next, job.Split.Chunks, LdSums);
            WinogradGradientPacking<TVec, T, TTile>.Filter(sums, NextSums, columns, taps, LdSums);
            for (int k = 0; k < schedule.Outputs && job.Problem.Beta != T.Zero; k++)
            {
                for (int tap = 0; tap < TapCount; tap++)
                    taps[(tap * LdSums) + k] += job.Problem.Beta * dw[(k * filter) + tap];
            }

            TransposePacking<TVec, T>.ToFilters(taps, LdSums, TapCount, schedule.Outputs, dw, filter);
        }
    }
}
