using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>
/// Weight and bias gradient: for each group, dW^T[taps x K] = im2col(x) * dY^T, with im2col never in memory.
/// <code>
/// item: chunk of output rows, group, block of input channels, block of output channels     shared out between threads
///   image, strip of rows      copy the strip of x, or read x itself; lay dY out as [position][output channel]; add db
///     output channels by registers, taps by rows of a tile       one tile over all positions of the strip
///     (few output channels: neighbouring positions in lanes instead, see LaneSums)
///   one chunk: transpose the item's sums, which are in L2, to dW
/// several chunks: add them in a balanced tree, and transpose the sums
/// </code>
/// Terms ascend in (n, p, q) within a chunk, and chunks are a function of the shape alone.
/// </summary>
internal sealed unsafe partial class WeightGradientLoops<TVec, THalf, T, TVectors>(WeightGradientSchedule schedule)
    : WeightGradientPass<T>
    where TVec : unmanaged, ILanes<TVec, T>
    where THalf : unmanaged, ILanes<THalf, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TVectors : struct, IConstant
{
    public override void Run(in WeightGradientProblem<T> problem, Execution execution)
    {
        Conv2DShape shape = schedule.Shape;
        int chunks = WeightGradientSchedule.Chunks(shape, problem.Batch);
        long work = (long)problem.Batch * shape.P * shape.Q * shape.WeightCount;
        int threads = execution.ThreadsFor(work);
        (int channels, int outputs) = schedule.Item(chunks, threads);
        using Workspace workspace = new(Partials(schedule, chunks, out Piece<T> partials));
        Job job = new()
        {
            Schedule = schedule,
            Problem = ref problem,
            Chunks = chunks,
            Items = new(shape, chunks, channels, outputs, problem.DW != null, problem.DB != null),
            Partial = chunks == 1 ? null : workspace.At(partials),
        };
        WorkQueue.Run(ref job, job.Items.Count, threads, execution);
        if (chunks == 1)
            return;
        job.IsReduction = true;
        job.Items = new(shape, 1, channels, schedule.Outputs, problem.DW != null, problem.DB != null);
        WorkQueue.Run(ref job, job.Items.Count, threads, execution);
    }

    public override long WorkspaceBytes(int batch, int threads)
    {
        int chunks = WeightGradientSchedule.Chunks(schedule.Shape, batch);
        return Partials(schedule, chunks, out _).Bytes + (threads * new Scratch(schedule, chunks, batch).Plan.Bytes);
    }

    public override string ToString() => schedule.ToString();

    /// <summary>Sums of every chunk; those of a single one stay with the thread that adds them.</summary>
    private static ScratchPlan Partials(WeightGradientSchedule schedule, int chunks, out Piece<T> partials) =>
        ScratchPlan.Of(chunks == 1 ? 0 : schedule.PartialSize * chunks, out partials);

    /// <summary>What one thread works with: see <see cref="Buffers"/>.</summary>
    private readonly struct Scratch
    {
        public readonly ScratchPlan Plan = default;
        public readonly Piece<T> Strip, DY, Lanes, Sums, Zeros, BiasBlocks;

        public Scratch(WeightGradientSchedule schedule, int chunks, int batch)
        {
            StripLayout layout = schedule.Layout;
            int lanes = WeightGradientSchedule.Lanes(schedule.Shape);
            long taps = (long)schedule.ChannelBlock * layout.Grid.Taps, rows = layout.Rows;
            Strip = Plan.Add<T>(layout.IsImage ? 0 : ((long)schedule.ChannelBlock * layout.ChannelSize) + TVec.Count);
            DY = Plan.Add<T>(lanes == 1
                ? rows * layout.Grid.Width * schedule.OutputBlock
                : rows * LaneSums<TVec, T>.Pitch(layout.Grid.Width) * schedule.Outputs);
            Lanes = Plan.Add<T>(lanes == 1 ? 0 : WeightGradientSchedule.MostLanes * schedule.Outputs * (taps + 1));
            Sums = Plan.Add<T>(chunks == 1 ? (taps + 1) * schedule.OutputBlock : 0);
            Zeros = Plan.Add<T>(schedule.OutputBlock);
            BiasBlocks = Plan.Add<T>((long)BiasTree<T>.Levels(schedule.Shape, batch, lanes) * schedule.OutputBlock);
        }
    }

    private ref struct Job : ISharedWork
    {
        public WeightGradientSchedule Schedule;
        public ref readonly WeightGradientProblem<T> Problem;
        public GradientItems Items;
        public int Chunks;

        /// <summary>Sums of each chunk, dW as [group][tap][output channel] with db behind it.</summary>
        public T* Partial;

        /// <summary>Whether the chunks have their sums, and these are to be added.</summary>
        public bool IsReduction;

        public readonly void Run(ref WorkQueue queue)
        {
            if (IsReduction)
                ReducePart(in this, ref queue);
            else
                SumPart(in this, ref queue);
        }
    }

    /// <summary>What one thread has.</summary>
    private struct Buffers
    {
        public T* Strip, DY, Lanes, Sums, Zeros, BiasBlocks;

        /// <summary>What the strip holds, where it is a copy: an item of the same channels may find it there.</summary>
        public (int Group, int Block, long Row, int Rows) Held;
    }

    /// <summary>The sums of an item, ld elements from one tap to the next.</summary>
    private struct Sums
    {
        public T* Weights, Bias;
        public int Ld;
    }

    private static void SumPart(in Job job, ref WorkQueue queue)
    {
        WeightGradientSchedule schedule = job.Schedule;
        Scratch scratch = new(schedule, job.Chunks, job.Problem.Batch);
        using Workspace workspace = new(scratch.Plan);
        Buffers buffers = new()
        {
            Strip = workspace.At(scratch.Strip),
            DY = workspace.At(scratch.DY),
            Lanes = workspace.At(scratch.Lanes),
            Sums = workspace.At(scratch.Sums),
            Zeros = workspace.At(scratch.Zeros),
            BiasBlocks = workspace.At(scratch.BiasBlocks),
        };
        new Span<T>(buffers.Zeros, schedule.OutputBlock).Clear();
        while (queue.Next(out long index))
        {
            GradientItem item = job.Items.At(index);
            if (CallTrace.IsOn)
                item.Trace();
            int ld = job.Items.OutputBlock;
            Sums sums = job.Chunks > 1 ? PartialSums(in job, item)
                : new() { Weights = buffers.Sums, Bias = buffers.Sums + ((nint)item.Taps * ld), Ld = ld };
            Sum(in job, item, sums, ref buffers);
            if (job.Chunks == 1)
                Finish(in job, item, sums);
        }
    }

    /// <summary>The sums of an item among those of its chunk: taps of each channel of the group, and the group's bias.</summary>
    private static Sums PartialSums(in Job job, in GradientItem item)
    {
        WeightGradientSchedule schedule = job.Schedule;
        nint taps = schedule.Layout.Grid.Taps, perGroup = (schedule.Channels * taps) + 1, first = item.Group * perGroup;
        int ld = schedule.LdOutputs;
        T* partial = job.Partial + (item.Chunk * (nint)schedule.PartialSize) + item.FirstOutput;
        return new()
        {
            Weights = partial + ((first + (item.FirstChannel * taps)) * ld),
            Bias = partial + ((first + perGroup - 1) * ld),
            Ld = ld,
        };
    }

    /// <summary>The sums of one item.</summary>
    private static void Sum(in Job job, in GradientItem item, in Sums sums, ref Buffers buffers)
    {
        WeightGradientSchedule schedule = job.Schedule;
        ref readonly WeightGradientProblem<T> problem = ref job.Problem;
        StripLayout layout = schedule.Layout;
        TapGrid grid = layout.Grid;
        int ld = sums.Ld, ldDY = job.Items.OutputBlock, taps = item.Taps;
        long at = (long)problem.Batch * grid.Height * item.Chunk / job.Chunks,
            last = (long)problem.Batch * grid.Height * (item.Chunk + 1) / job.Chunks;
        bool byPosition = WeightGradientSchedule.Lanes(schedule.Shape) > 1,
            fromZeros = Begin(in job, item, sums, isEmpty: byPosition || at == last);
        BiasTree<T> bias = item.OwnsBias ? new(buffers.BiasBlocks, schedule.OutputBlock) : BiasTree<T>.None;
        T* lanes = buffers.Lanes, biasLanes = lanes + ((nint)taps * schedule.Outputs * WeightGradientSchedule.MostLanes);
        if (byPosition)
        {
            if (item.OwnsWeights)
                LaneSums<TVec, T>.Begin(sums.Weights, taps, schedule.Outputs, ld, lanes);
            if (item.OwnsBias)
                LaneSums<TVec, T>.Begin(sums.Bias, 1, schedule.Outputs, ld, biasLanes);
        }

        while (at < last)
        {
            int image = (int)(at / grid.Height), y = (int)(at % grid.Height);
            int rows = (int)Math.Min(Math.Min(layout.Rows, grid.Height - y), last - at);
            T* strip = Strip(in job, item, at, rows, ref buffers);
            at += rows;
            if (CallTrace.IsOn)
                CallTrace.Reach("strip", y);
            T* source = problem.DY + (image * problem.DYLayout.N)
                + (item.Output * problem.DYLayout.C) + (y * problem.DYLayout.H);
            fixed (int* offsets = layout.Offsets)
            {
                if (byPosition)
                {
                    PlaneRows<T> dy = LaneSums<TVec, T>.Rows(source, problem.DYLayout, schedule.Outputs, rows, grid.Width,
                        buffers.DY, biasLanes, ref bias);
                    if (item.OwnsWeights)
                        LaneSums<TVec, T>.Add(dy, schedule.Outputs, strip, offsets, taps, layout.Pitch, lanes);
                    continue;
                }

                TransposePacking<TVec, T>.ToPositions(source, problem.DYLayout, item.Outputs, rows, grid.Width, buffers.DY, ldDY);
                if (item.OwnsBias)
                {
                    WeightGradientSums<TVec, THalf, T, TVectors>.AddBias(
                        buffers.DY, (nint)rows * grid.Width, ldDY, item.Outputs, sums.Bias, ref bias);
                }

                if (item.OwnsWeights)
                {
                    PositionRows<T> positions = new() { Data = buffers.DY, Ld = ldDY, Rows = rows, Outputs = item.Outputs };
                    T* zeros = fromZeros ? buffers.Zeros : null;
                    WeightGradientSums<TVec, THalf, T, TVectors>.Add(
                        grid.Width, layout.Pitch, strip, offsets, taps, positions, zeros, sums.Weights, ld);
                }

                fromZeros = false;
            }
        }

        if (byPosition)
        {
            if (item.OwnsWeights)
                LaneSums<TVec, T>.End(lanes, taps, schedule.Outputs, ld, sums.Weights);
            bias.Finish(biasLanes, schedule.Outputs, WeightGradientSchedule.MostLanes, WeightGradientSchedule.MostLanes);
            if (item.OwnsBias)
                LaneSums<TVec, T>.End(biasLanes, 1, schedule.Outputs, ld, sums.Bias);
            return;
        }

        bias.Finish(sums.Bias, item.Outputs, 1, 1);
    }

    /// <summary>
    /// Rows of x from output row <paramref name="at"/> of the batch on: read in place, or copied if they aren't held yet.
    /// </summary>
    private static T* Strip(in Job job, in GradientItem item, long at, int rows, ref Buffers buffers)
    {
        ref readonly WeightGradientProblem<T> problem = ref job.Problem;
        StripLayout layout = job.Schedule.Layout;
        int image = (int)(at / layout.Grid.Height), y = (int)(at % layout.Grid.Height);
        T* x = problem.X + (image * problem.XLayout.N)
            + ((((nint)item.Group * job.Schedule.Channels) + item.FirstChannel) * problem.XLayout.C);
        if (layout.IsImage)
            return x + (y * problem.XLayout.H);
        (int, int, long, int) held = (item.Group + 1, item.Block, at, rows);
        if (item.OwnsWeights && held != buffers.Held)
        {
            StripPacking<TVec, T>.Fill(layout, x, problem.XLayout, item.Channels, y, rows, buffers.Strip, TVec.Count);
            buffers.Held = held;
        }

        return buffers.Strip;
    }

    /// <summary>
    /// Chunk 0 begins with beta * dW and beta * db, the others with zeros; returns whether the weights' are left to the first
    /// tiles.
    /// </summary>
    private static bool Begin(in Job job, in GradientItem item, in Sums sums, bool isEmpty)
    {
        bool fromTarget = item.Chunk == 0 && job.Problem.Beta != T.Zero;
        if (item.OwnsBias)
        {
            T* db = job.Problem.DB + item.Output;
            new Span<T>(sums.Bias, Shapes.RoundUp(item.Outputs, TVec.Count)).Clear();
            for (int k = 0; fromTarget && k < item.Outputs; k++)
                sums.Bias[k] = job.Problem.Beta * db[k];
        }

        if (!item.OwnsWeights || (!fromTarget && !isEmpty))
            return item.OwnsWeights;
        T* dw = job.Problem.DW + item.Weight;
        nint filter = job.Schedule.Shape.Taps;
        for (int tap = 0; tap < item.Taps; tap++)
        {
            T* to = sums.Weights + ((nint)tap * sums.Ld);
            new Span<T>(to, Shapes.RoundUp(item.Outputs, TVec.Count)).Clear();
            for (int k = 0; fromTarget && k < item.Outputs; k++)
                to[k] = job.Problem.Beta * dw[(k * filter) + tap];
        }

        return false;
    }
}
