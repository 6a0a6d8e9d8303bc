using System.Numerics;
using System.Runtime.CompilerServices;
using SimdConv.Core;
using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>
/// Weight and bias gradient of depthwise convolutions, plane by plane, with columns in lanes: each column has a virtual lane of its own.
/// <code>
/// item: chunk of output rows, block of output channels     shared out between threads
///   channel, image, strip of rows     copy the strip of x: L1; add to db
///     column of registers             one tile down all rows, its sums [tap][column]
///   fold the columns to 16 lanes, transpose [channel, tap][lane] of the block, add the lanes
/// then: add the chunks in a balanced tree
/// </code>
/// </summary>
#pragma warning disable CS8500 // Job holds references and lives on the caller's stack, which outlasts every part.
internal static unsafe class DepthwiseFilterLoops<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Channels whose lanes are added at once.</summary>
    private const int ChannelBlock = 16;

    public static void Run(DepthwiseFilterSchedule schedule, in FilterProblem<T> problem, Execution execution)
    {
        Conv2DShape shape = schedule.Shape;
        int chunks = DepthwiseFilterSchedule.Order(shape, problem.Batch).Chunks, blocks = (shape.K + ChannelBlock - 1) / ChannelBlock;
        long work = (long)problem.Batch * shape.P * shape.Q * shape.WeightCount;
        int threads = work <= BlockSizes.SerialLimit ? 1 : execution.Threads;
        long size = PartialSize(schedule);
        using Workspace workspace = new(Workspace.SizeOf<T>(size * chunks));
        Job job = new()
        {
            Schedule = schedule,
            Problem = problem,
            End = problem.DY + problem.DYLayout.Length(problem.Batch, shape.K, shape.P, shape.Q),
            Chunks = chunks,
            Blocks = blocks,
            Partial = workspace.Take<T>(size * chunks),
        };
        execution.Run((int)Math.Min(threads, (long)chunks * blocks), &RunPart, &job);
        for (int step = 1; step < chunks; step *= 2)
        {
            for (int chunk = 0; chunk < chunks; chunk += 2 * step)
            {
                T* to = job.Partial + (chunk * size), from = to + (step * size);
                ElementwiseSum(from, to, (nint)size);
            }
        }

        if (problem.DW != null)
            new Span<T>(job.Partial, shape.WeightCount).CopyTo(new(problem.DW, shape.WeightCount));
        if (problem.DB != null)
            new Span<T>(job.Partial + shape.WeightCount, shape.K).CopyTo(new(problem.DB, shape.K));
    }

    /// <summary>Bytes of workspace that a call takes with that many threads.</summary>
    public static long WorkspaceBytes(DepthwiseFilterSchedule schedule, int batch, int threads) =>
        Workspace.SizeOf<T>(PartialSize(schedule) * DepthwiseFilterSchedule.Order(schedule.Shape, batch).Chunks) + (threads * ThreadBytes(schedule));

    /// <summary>dW and db of one chunk.</summary>
    private static long PartialSize(DepthwiseFilterSchedule schedule) => (long)schedule.Shape.WeightCount + schedule.Shape.K;

    private static int StripSize(DepthwiseFilterSchedule schedule) => schedule.Layout.ChannelSize + (2 * TVec.Count);

    private static long DYSize(DepthwiseFilterSchedule schedule) => ((long)schedule.Layout.Rows * schedule.Shape.Q) + TVec.Count;

    private static long SumsSize(DepthwiseFilterSchedule schedule) => (long)(schedule.Shape.Taps + 1) * schedule.Lanes;

    private static long BlockSize(DepthwiseFilterSchedule schedule) => (long)ChannelBlock * (schedule.Shape.Taps + 1) * FilterSchedule.MostLanes;

    private static long ThreadBytes(DepthwiseFilterSchedule schedule) => Workspace.SizeOf<T>(StripSize(schedule)) + Workspace.SizeOf<T>(DYSize(schedule))
        + Workspace.SizeOf<T>(SumsSize(schedule)) + (2 * Workspace.SizeOf<T>(BlockSize(schedule)));

    private struct Job
    {
        public DepthwiseFilterSchedule Schedule;
        public FilterProblem<T> Problem;

        /// <summary>Behind the last element of dY.</summary>
        public T* End;
        public int Chunks, Blocks;
        public long Next;

        /// <summary>For each chunk dW, and db behind it.</summary>
        public T* Partial;
    }

    private struct Buffers
    {
        public T* Strip, DY;

        /// <summary>[tap][column] of one channel, dy's own sums behind the taps.</summary>
        public T* Sums;

        /// <summary>[channel, tap][lane] of a block, and [lane][channel, tap].</summary>
        public T* Lanes, Turned;
    }

    private static void RunPart(void* state, int part)
    {
        Job* job = (Job*)state;
        DepthwiseFilterSchedule schedule = job->Schedule;
        using Workspace workspace = new(ThreadBytes(schedule));
        Buffers buffers = new()
        {
            Strip = workspace.Take<T>(StripSize(schedule)),
            DY = workspace.Take<T>(DYSize(schedule)),
            Sums = workspace.Take<T>(SumsSize(schedule)),
            Lanes = workspace.Take<T>(BlockSize(schedule)),
            Turned = workspace.Take<T>(BlockSize(schedule)),
        };
        new Span<T>(buffers.Strip, StripSize(schedule)).Clear();
        for (long item; (item = Interlocked.Increment(ref job->Next) - 1) < (long)job->Chunks * job->Blocks;)
            RunItem(job, (int)(item / job->Blocks), (int)(item % job->Blocks) * ChannelBlock, buffers);
    }

    private static void RunItem(Job* job, int chunk, int first, Buffers buffers)
    {
        Conv2DShape shape = job->Schedule.Shape;
        int channels = Math.Min(ChannelBlock, shape.K - first), lanes = FilterSchedule.MostLanes, taps = job->Problem.DW == null ? 0 : shape.Taps;
        T* sums = job->Partial + (chunk * (nint)PartialSize(job->Schedule)), biasLanes = buffers.Lanes + ((nint)ChannelBlock * shape.Taps * lanes);
        for (int i = 0; i < channels; i++)
        {
            Sum(job, chunk, first + i, buffers.Sums, buffers);
            Fold(job->Schedule, buffers.Sums, taps, buffers.Lanes + ((nint)i * taps * lanes));
            Fold(job->Schedule, buffers.Sums + ((nint)shape.Taps * job->Schedule.Lanes), 1, biasLanes + ((nint)i * lanes));
        }

        AddLanes(buffers.Lanes, channels * taps, buffers.Turned, sums + ((nint)first * taps));
        AddLanes(biasLanes, channels, buffers.Turned, sums + shape.WeightCount + first);
    }

    /// <summary>The sums of one output channel over a chunk, [tap][column].</summary>
    private static void Sum(Job* job, int chunk, int k, T* sums, Buffers buffers)
    {
        DepthwiseFilterSchedule schedule = job->Schedule;
        ref readonly FilterProblem<T> problem = ref job->Problem;
        StripLayout layout = schedule.Layout;
        Conv2DShape shape = schedule.Shape;
        T* biasSums = sums + ((nint)shape.Taps * schedule.Lanes);
        new Span<T>(sums, (shape.Taps + 1) * schedule.Lanes).Clear();
        if (chunk == 0 && problem.Beta != T.Zero)
        {
            for (int tap = 0; tap < shape.Taps && problem.DW != null; tap++)
                sums[(nint)tap * schedule.Lanes] = problem.Beta * problem.DW[((nint)k * shape.Taps) + tap];
            if (problem.DB != null)
                biasSums[0] = problem.Beta * problem.DB[k];
        }

        long last = (long)problem.Batch * shape.P * (chunk + 1) / job->Chunks;
        for (long at = (long)problem.Batch * shape.P * chunk / job->Chunks; at < last;)
        {
            nint image = (nint)(at / shape.P);
            int row = (int)(at % shape.P), rows = (int)Math.Min(Math.Min(layout.Rows, shape.P - row), last - at);
            at += rows;
            T* dy = problem.DY + (image * problem.DYLayout.N) + (k * problem.DYLayout.C) + (row * problem.DYLayout.H), end = job->End;
            nint next = problem.DYLayout.H;
            if (problem.DYLayout.W != 1)
            {
                for (int i = 0; i < rows; i++)
                    RowCopy<TVec, T>.Gather(dy + (i * next), problem.DYLayout.W, buffers.DY + ((nint)i * shape.Q), shape.Q);
                dy = buffers.DY;
                next = shape.Q;
                end = dy + (rows * next);
            }

            if (problem.DB != null)
                AddRows(dy, next, rows, shape.Q, biasSums);
            if (problem.DW == null)
                continue;
            T* x = problem.X + (image * problem.XLayout.N) + (k / schedule.Multiplier * problem.XLayout.C);
            PlanePacking<TVec, T>.Fill(layout, schedule.Columns, x, problem.XLayout, row, rows, buffers.Strip, clear: schedule.Dirties(job->Chunks));
            AddColumns(schedule, buffers.Strip, dy, next, rows, end, sums);
        }
    }

    private static void AddColumns(DepthwiseFilterSchedule schedule, T* strip, T* dy, nint next, int rows, T* end, T* sums)
    {
        int w = TVec.Count, width = schedule.Shape.Q;
        fixed (int* offsets = schedule.Layout.Offsets)
        {
            DepthwiseFilterColumn<T> column = new()
            {
                Offsets = offsets,
                Pitch = schedule.Layout.Pitch,
                Shared = schedule.Shared,
                Taps = schedule.Shape.Taps,
                Rows = rows,
                NextRow = next,
                NextTap = schedule.Lanes,
            };
            for (int j = 0; j < width; j += w)
            {
                column.Strip = strip + j;
                column.DY = dy + j;
                column.Sums = sums + j;
                column.Count = Math.Min(w, width - j);
                nint room = (nint)(end - column.DY) - w;
                column.WholeRows = column.Count == w ? rows : room < 0 ? 0 : next == 0 ? rows : (int)Math.Min((room / next) + 1, rows);
                DepthwiseFilterTile<TVec, T>.Run(in column);
            }
        }
    }

    /// <summary>Adds dY's rows to sums, lane by lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddRows(T* dy, nint next, int rows, int width, T* sums)
    {
        for (int j = 0; j < width; j += TVec.Count)
        {
            TVec sum = TVec.Load(sums + j);
            T* row = dy + j;
            for (int i = 0; i < rows; i++, row += next)
                sum = TVec.Add(sum, RowCopy<TVec, T>.LoadUpTo(row, width - j));
            TVec.Store(sums + j, sum);
        }
    }

    /// <summary>Adds lanes l and l + Lanes/2, and so on, until 16 are left; what stands behind the last column counts as zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Fold(DepthwiseFilterSchedule schedule, T* sums, int rows, T* to)
    {
        int w = TVec.Count, lanes = schedule.Lanes, width = schedule.Shape.Q;
        for (int row = 0; row < rows; row++, sums += lanes, to += FilterSchedule.MostLanes)
        {
            for (int j = width / w * w; j < lanes; j += w)
                TVec.Store(sums + j, RowCopy<TVec, T>.LoadUpTo(sums + j, width - j));
            for (int half = lanes / 2; half >= FilterSchedule.MostLanes; half /= 2)
            {
                for (int j = 0; j < half; j += w)
                    TVec.Store(sums + j, TVec.Add(TVec.Load(sums + j), TVec.Load(sums + half + j)));
            }

            for (int j = 0; j < FilterSchedule.MostLanes; j += w)
                TVec.Store(to + j, TVec.Load(sums + j));
        }
    }

    /// <summary>Adds the 16 lanes of each row: l and l + 8, then l and l + 4, and so on.</summary>
    private static void AddLanes(T* lanes, int rows, T* turned, T* to)
    {
        TransposePacking<TVec, T>.Transpose(lanes, FilterSchedule.MostLanes, rows, FilterSchedule.MostLanes, turned, rows, rows);
        for (int half = FilterSchedule.MostLanes / 2; half > 1; half /= 2)
            ElementwiseSum(turned + ((nint)half * rows), turned, (nint)half * rows);
        ElementwiseSum(turned + rows, turned, rows);
        new Span<T>(turned, rows).CopyTo(new(to, rows));
    }

    private static void ElementwiseSum(T* from, T* to, nint count) => RowCopy<TVec, T>.Add(from, to, 1, (int)count, ownsGaps: true);
}
