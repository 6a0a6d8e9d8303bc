using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>
/// Weight and bias gradient of depthwise convolutions, plane by plane, with columns in lanes: each column has a virtual lane of
/// its own.
/// <code>
/// item: chunk of output rows, block of output channels   shared out between threads
///   plane or a few small ones, image, strip of rows     copy the strip of x: L1; add to db
///     column of registers                               one tile down all rows, its sums [tap][column]
///   fold the columns to 16 lanes, transpose [channel, tap][lane] of the block, add the lanes
/// then: add the chunks in a balanced tree
/// </code>
/// </summary>
internal sealed unsafe partial class DepthwiseWeightGradientLoops<TVec, T>(DepthwiseWeightGradientSchedule schedule)
    : WeightGradientPass<T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public override void Run(in WeightGradientProblem<T> problem, Execution execution)
    {
        Conv2DShape shape = schedule.Shape;
        int chunks = DepthwiseWeightGradientSchedule.Order(shape, problem.Batch).Chunks;
        int blocks = Shapes.DivideUp(shape.K, DepthwiseWeightGradientSchedule.MostPlanes);
        long work = (long)problem.Batch * shape.P * shape.Q * shape.WeightCount;
        using Workspace workspace = new(Partials(schedule, chunks, out Piece<T> partials));
        Job job = new()
        {
            Schedule = schedule,
            Problem = ref problem,
            End = problem.DY + problem.DYLayout.Length(problem.Batch, shape.K, shape.P, shape.Q),
            Chunks = chunks,
            Blocks = blocks,
            Partial = workspace.At(partials),
        };
        WorkQueue.Run(ref job, (long)chunks * blocks, execution.ThreadsFor(work), execution);
        ChunkSums<TVec, T>.Finish(in problem, shape, job.Partial, chunks);
    }

    public override long WorkspaceBytes(int batch, int threads) =>
        Partials(schedule, DepthwiseWeightGradientSchedule.Order(schedule.Shape, batch).Chunks, out _).Bytes
        + (threads * new Scratch(schedule, batch).Plan.Bytes);

    public override string ToString() => schedule.ToString();

    /// <summary>dW and db of every chunk.</summary>
    private static ScratchPlan Partials(DepthwiseWeightGradientSchedule schedule, int chunks, out Piece<T> partials) =>
        ScratchPlan.Of((long)ChunkSums<TVec, T>.Size(schedule.Shape) * chunks, out partials);

    private static int StripSize(DepthwiseWeightGradientSchedule schedule) =>
        (schedule.Planes * schedule.Layout.Strip.ChannelSize) + schedule.Layout.Lead + TVec.Count;

    /// <summary>Of one channel.</summary>
    private static long SumsSize(DepthwiseWeightGradientSchedule schedule) => (long)(schedule.Shape.Taps + 1) * schedule.Lanes;

    /// <summary>What one thread works with: see <see cref="Buffers"/>.</summary>
    private readonly struct Scratch
    {
        public readonly ScratchPlan Plan = default;
        public readonly Piece<T> Strip, DY, Sums, Lanes, Transposed, Bias;

        public Scratch(DepthwiseWeightGradientSchedule schedule, int batch)
        {
            long block = (long)DepthwiseWeightGradientSchedule.MostPlanes * (schedule.Shape.Taps + 1)
                * WeightGradientSchedule.MostLanes;
            Strip = Plan.Add<T>(StripSize(schedule));
            DY = Plan.Add<T>(((long)schedule.Planes * schedule.Layout.Strip.Rows * schedule.Shape.Q) + TVec.Count);
            Sums = Plan.Add<T>(schedule.Planes * SumsSize(schedule));
            Lanes = Plan.Add<T>(block);
            Transposed = Plan.Add<T>(block);
            Bias = Plan.Add<T>((long)BiasTree<T>.Levels(schedule.Shape, batch, schedule.Lanes)
                * DepthwiseWeightGradientSchedule.MostPlanes);
        }
    }

    private ref struct Job : ISharedWork
    {
        public DepthwiseWeightGradientSchedule Schedule;
        public ref readonly WeightGradientProblem<T> Problem;

        /// <summary>Behind the last element of dY.</summary>
        public T* End;
        public int Chunks, Blocks;

        /// <summary>For each chunk dW, and db behind it.</summary>
        public T* Partial;

        public readonly void Run(ref WorkQueue queue) => RunPart(in this, ref queue);
    }

    private struct Buffers
    {
        /// <summary>A strip of x, and rows of dY whose pixels aren't neighbours there.</summary>
        public T* Strip, DY;

        /// <summary>[tap][column] of one channel, dy's own sums behind the taps.</summary>
        public T* Sums;

        /// <summary>[channel, tap][lane] of a block, and [lane][channel, tap].</summary>
        public T* Lanes, Transposed;

        /// <summary>Blocks of db that are summed up.</summary>
        public T* Bias;
    }

    private static void RunPart(in Job job, ref WorkQueue queue)
    {
        DepthwiseWeightGradientSchedule schedule = job.Schedule;
        Scratch scratch = new(schedule, job.Problem.Batch);
        using Workspace workspace = new(scratch.Plan);
        Buffers buffers = new()
        {
            Strip = workspace.At(scratch.Strip) + schedule.Layout.Lead,
            DY = workspace.At(scratch.DY),
            Sums = workspace.At(scratch.Sums),
            Lanes = workspace.At(scratch.Lanes),
            Transposed = workspace.At(scratch.Transposed),
            Bias = workspace.At(scratch.Bias),
        };
        new Span<T>(buffers.Strip, StripSize(schedule) - schedule.Layout.Lead).Clear();
        while (queue.Next(out long item))
            RunItem(in job, (int)(item / job.Blocks), (int)(item % job.Blocks) * DepthwiseWeightGradientSchedule.MostPlanes,
                buffers);
    }

    private static void RunItem(in Job job, int chunk, int first, Buffers buffers)
    {
        if (CallTrace.IsOn)
            CallTrace.Reach("chunk", chunk);

        DepthwiseWeightGradientSchedule schedule = job.Schedule;
        Conv2DShape shape = schedule.Shape;
        int channels = Math.Min(DepthwiseWeightGradientSchedule.MostPlanes, shape.K - first), rows = shape.Taps + 1,
            lanes = WeightGradientSchedule.MostLanes;
        for (int i = 0, planes; i < channels; i += planes)
        {
            planes = Math.Min(schedule.Planes, channels - i);
            T* own = buffers.Lanes + ((nint)i * rows * lanes), sums = schedule.Lanes == lanes ? own : buffers.Sums;
            Sum(in job, chunk, first + i, planes, sums, buffers);
            if (schedule.Lanes > lanes)
                Fold(schedule, sums, planes * rows, own);
        }

        AddLanes(buffers.Lanes, channels * rows, Math.Min(shape.Q, lanes), buffers.Transposed);
        T* partial = job.Partial + (chunk * ChunkSums<TVec, T>.Size(shape)), dw = partial + ((nint)first * shape.Taps),
            db = partial + shape.WeightCount + first;
        for (T* sum = buffers.Transposed, end = sum + (channels * rows); sum < end; *db++ = *sum++)
        {
            for (int tap = 0; tap < shape.Taps; tap++)
                *dw++ = *sum++;
        }
    }

    /// <summary>The sums of some output channels over a chunk, [channel][tap][column].</summary>
    private static void Sum(in Job job, int chunk, int k, int planes, T* sums, Buffers buffers)
    {
        DepthwiseWeightGradientSchedule schedule = job.Schedule;
        ref readonly WeightGradientProblem<T> problem = ref job.Problem;
        PlaneLayout layout = schedule.Layout;
        Conv2DShape shape = schedule.Shape;
        nint size = (nint)SumsSize(schedule);
        new Span<T>(sums, (int)(planes * size)).Clear();
        for (int plane = 0; plane < planes && chunk == 0 && problem.Beta != T.Zero; plane++)
            Begin(in problem, schedule, k + plane, sums + (plane * size));
        BiasTree<T> bias = new(buffers.Bias, DepthwiseWeightGradientSchedule.MostPlanes);
        T* biasSums = sums + ((nint)shape.Taps * schedule.Lanes);
        long last = (long)problem.Batch * shape.P * (chunk + 1) / job.Chunks;
        for (long at = (long)problem.Batch * shape.P * chunk / job.Chunks; at < last;)
        {
            nint image = (nint)(at / shape.P);
            int row = (int)(at % shape.P), rows = (int)Math.Min(Math.Min(layout.Strip.Rows, shape.P - row), last - at);
            at += rows;
            if (CallTrace.IsOn)
                CallTrace.Reach("strip", row);
            DYRows dy = new()
            {
                Data = problem.DY + (image * problem.DYLayout.N) + (k * problem.DYLayout.C) + (row * problem.DYLayout.H),
                NextRow = problem.DYLayout.H,
                NextPlane = problem.DYLayout.C,
                Planes = planes,
                Rows = rows,
                End = job.End,
            };
            if (problem.DYLayout.W != 1)
                Gather(ref dy, problem.DYLayout.W, shape.Q, buffers.DY);
            if (problem.DB != null)
                AddBias(in dy, schedule, biasSums, size, ref bias);
            if (problem.DW == null)
                continue;
            T* x = problem.X + (image * problem.XLayout.N) + (k / schedule.Multiplier * problem.XLayout.C);
            PlanePacking<TVec, T>.Fill(layout, x, problem.XLayout, planes, problem.XLayout.C, row, rows, buffers.Strip,
                clear: schedule.Dirties(job.Chunks));
            AddColumns(schedule, buffers.Strip, in dy, sums);
        }

        bias.Finish(biasSums, planes, size, schedule.Lanes);
    }

    /// <summary>Adds dY's rows to the sums of db, block by block.</summary>
    private static void AddBias(in DYRows dy, DepthwiseWeightGradientSchedule schedule, T* sums, nint nextSums,
        ref BiasTree<T> tree)
    {
        DYRows part = dy;
        for (int rows = dy.Rows; rows > 0; rows -= part.Rows, part.Data += part.Rows * part.NextRow)
        {
            if (tree.Left == 0)
                tree.Push(sums, dy.Planes, nextSums, schedule.Lanes);
            part.Rows = (int)Math.Min(rows, tree.Left);
            tree.Take(part.Rows);
            AddRows(in part, schedule.Shape.Q, sums, nextSums);
        }
    }

    /// <summary>beta * dW and beta * db in lane 0.</summary>
    private static void Begin(in WeightGradientProblem<T> problem, DepthwiseWeightGradientSchedule schedule, int k, T* sums)
    {
        int taps = schedule.Shape.Taps;
        for (int tap = 0; tap < taps && problem.DW != null; tap++)
            sums[(nint)tap * schedule.Lanes] = problem.Beta * problem.DW[((nint)k * taps) + tap];
        if (problem.DB != null)
            sums[(nint)taps * schedule.Lanes] = problem.Beta * problem.DB[k];
    }

    /// <summary>Rows of some planes of dY.</summary>
    private struct DYRows
    {
        public T* Data;

        /// <summary>Up to there it may be read.</summary>
        public T* End;
        public nint NextRow, NextPlane;
        public int Planes, Rows;
    }

    /// <summary>Makes pixels neighbours.</summary>
    private static void Gather(ref DYRows dy, nint step, int width, T* copy)
    {
        for (nint i = 0; i < (nint)dy.Planes * dy.Rows; i++)
            RowCopy<TVec, T>.Gather(dy.Data + (i / dy.Rows * dy.NextPlane) + (i % dy.Rows * dy.NextRow), step, copy + (i * width),
                width);
        dy.Data = copy;
        dy.NextRow = width;
        dy.NextPlane = (nint)dy.Rows * width;
        dy.End = copy + (dy.Planes * dy.NextPlane);
    }

    private static void AddColumns(DepthwiseWeightGradientSchedule schedule, T* strip, in DYRows dy, T* sums)
    {
        int w = TVec.Count, width = schedule.Shape.Q;
        nint lastPlane = (dy.Planes - 1) * dy.NextPlane;
        fixed (int* offsets = schedule.Layout.Strip.Offsets)
        {
            DepthwiseWeightGradientColumn<T> column = new()
            {
                Offsets = offsets,
                Pitch = schedule.Layout.Strip.Pitch,
                Shared = schedule.Shared,
                Taps = schedule.Shape.Taps,
                Rows = dy.Rows,
                NextRow = dy.NextRow,
                NextTap = schedule.Lanes,
                Planes = dy.Planes,
                NextStrip = schedule.Layout.Strip.ChannelSize,
                NextDY = dy.NextPlane,
                NextSums = (nint)SumsSize(schedule),
            };
            for (int j = 0; j < width; j += w)
            {
                column.Strip = strip + j;
                column.DY = dy.Data + j;
                column.Sums = sums + j;
                column.Count = Math.Min(w, width - j);
                column.WholeRows = dy.Rows;
                if (column.Count < w)
                {
                    nint room = (nint)(dy.End - column.DY) - lastPlane - w;
                    column.WholeRows = room < 0 ? 0 : dy.NextRow == 0 ? dy.Rows : (int)Math.Min((room / dy.NextRow) + 1, dy.Rows);
                }

                DepthwiseWeightGradientTile<TVec, T>.Run(in column);
            }
        }
    }

    /// <summary>Adds dY's rows to sums, lane by lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddRows(in DYRows dy, int width, T* sums, nint nextSums)
    {
        for (nint plane = 0; plane < dy.Planes; plane++, sums += nextSums)
        {
            for (int j = 0; j < width; j += TVec.Count)
            {
                TVec sum = TVec.Load(sums + j);
                T* row = dy.Data + (plane * dy.NextPlane) + j;
                int count = width - j;
                for (int i = dy.Rows; i > 0; i--, row += dy.NextRow)
                    sum = TVec.Add(sum, count < TVec.Count ? TVec.LoadPartial(row, count) : TVec.Load(row));
                TVec.Store(sums + j, sum);
            }
        }
    }
}
