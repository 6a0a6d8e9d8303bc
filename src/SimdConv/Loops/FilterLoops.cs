using System.Numerics;
using SimdConv.Core;
using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>One call of the weight gradient; DW or DB may be null.</summary>
internal unsafe struct FilterProblem<T>
    where T : unmanaged
{
    public int Batch;
    public T* X, DY, DW, DB;
    public ImageLayout XLayout, DYLayout;
    public T Beta;
}

/// <summary>
/// Weight and bias gradient: for each group, dW^T[taps x K] = im2col(x) * dY^T, with im2col never in memory.
/// <code>
/// item: chunk of output rows, group, block of input channels     shared out between threads
///   image, strip of rows      copy the strip of x; lay dY out as [position][output channel]; add db
///     output channels by registers, taps by rows of a tile       one tile over all positions of the strip
///     (few output channels: neighbouring positions in lanes instead, see LaneSums)
/// then: add the chunks in a balanced tree, transpose to dW
/// </code>
/// Terms ascend in (n, p, q) within a chunk, and chunks are a function of the shape alone.
/// </summary>
#pragma warning disable CS8500 // Job holds references and lives on the caller's stack, which outlasts every part.
internal static unsafe class FilterLoops<TVec, T, TVectors>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TVectors : struct, IConstant
{
    public static void Run(FilterSchedule schedule, in FilterProblem<T> problem, Execution execution)
    {
        Conv2DShape shape = schedule.Shape;
        int chunks = FilterSchedule.Chunks(shape, problem.Batch), blocks = problem.DW == null ? 1 : schedule.Blocks;
        long work = (long)problem.Batch * shape.P * shape.Q * shape.WeightCount;
        int threads = work <= BlockSizes.SerialLimit ? 1 : execution.Threads;
        using Workspace workspace = new(Workspace.SizeOf<T>(schedule.PartialSize * chunks));
        Job job = new()
        {
            Schedule = schedule,
            Problem = problem,
            Chunks = chunks,
            Blocks = blocks,
            Items = (long)chunks * shape.Groups * blocks,
            Partial = workspace.Take<T>(schedule.PartialSize * chunks),
        };
        execution.Run((int)Math.Min(threads, job.Items), &SumPart, &job);
        job.Next = 0;
        job.Items = (long)shape.Groups * blocks;
        execution.Run((int)Math.Min(threads, job.Items), &ReducePart, &job);
    }

    /// <summary>Bytes of workspace that a call takes with that many threads.</summary>
    public static long WorkspaceBytes(FilterSchedule schedule, int batch, int threads) =>
        Workspace.SizeOf<T>(schedule.PartialSize * FilterSchedule.Chunks(schedule.Shape, batch)) + (threads * ThreadBytes(schedule));

    private static long StripSize(FilterSchedule schedule) => ((long)schedule.ChannelBlock * schedule.Layout.ChannelSize) + TVec.Count;

    private static long DYSize(FilterSchedule schedule) => (long)schedule.Layout.Rows * schedule.Layout.Grid.Width * schedule.LdOutputs;

    private static long LanesSize(FilterSchedule schedule) => FilterSchedule.Lanes(schedule.Shape) == 1
        ? 0
        : (long)FilterSchedule.MostLanes * schedule.Outputs * ((schedule.ChannelBlock * schedule.Layout.Grid.Taps) + 1);

    private static long ThreadBytes(FilterSchedule schedule) =>
        Workspace.SizeOf<T>(StripSize(schedule)) + Workspace.SizeOf<T>(DYSize(schedule)) + Workspace.SizeOf<T>(LanesSize(schedule));

    private struct Job
    {
        public FilterSchedule Schedule;
        public FilterProblem<T> Problem;
        public int Chunks, Blocks;
        public long Items, Next;
        public T* Partial;
    }

    private static void SumPart(void* state, int part)
    {
        Job* job = (Job*)state;
        FilterSchedule schedule = job->Schedule;
        using Workspace workspace = new(ThreadBytes(schedule));
        Buffers buffers = new()
        {
            Strip = workspace.Take<T>(StripSize(schedule)),
            DY = workspace.Take<T>(DYSize(schedule)),
            Lanes = workspace.Take<T>(LanesSize(schedule)),
        };
        for (long item; (item = Interlocked.Increment(ref job->Next) - 1) < job->Items;)
        {
            int block = (int)(item % job->Blocks), group = (int)(item / job->Blocks % schedule.Shape.Groups);
            Sum(job, (int)(item / job->Blocks / schedule.Shape.Groups), group, block, buffers);
        }
    }

    private struct Buffers
    {
        public T* Strip, DY, Lanes;
    }

    /// <summary>The partial sums of one chunk, group and block of channels.</summary>
    private static void Sum(Job* job, int chunk, int group, int block, Buffers buffers)
    {
        FilterSchedule schedule = job->Schedule;
        ref readonly FilterProblem<T> problem = ref job->Problem;
        StripLayout layout = schedule.Layout;
        TapGrid grid = layout.Grid;
        int ld = schedule.LdOutputs, firstChannel = block * schedule.ChannelBlock;
        int channels = Math.Min(schedule.ChannelBlock, schedule.Channels - firstChannel), taps = channels * grid.Taps;
        (nint row, nint biasRow) = Rows(schedule, group, firstChannel);
        T* partial = job->Partial + (chunk * (nint)schedule.PartialSize), sums = partial + (row * ld), biasSums = partial + (biasRow * ld);
        bool ownsBias = block == 0 && problem.DB != null, ownsWeights = problem.DW != null;
        Begin(job, chunk, group, firstChannel, channels, sums, biasSums);
        bool byPosition = FilterSchedule.Lanes(schedule.Shape) > 1;
        T* lanes = buffers.Lanes, biasLanes = lanes + ((nint)taps * schedule.Outputs * FilterSchedule.MostLanes);
        if (byPosition)
        {
            if (ownsWeights)
                LaneSums<TVec, T>.Begin(sums, taps, schedule.Outputs, ld, lanes);
            if (ownsBias)
                LaneSums<TVec, T>.Begin(biasSums, 1, schedule.Outputs, ld, biasLanes);
        }

        long last = (long)problem.Batch * grid.Height * (chunk + 1) / job->Chunks;
        for (long at = (long)problem.Batch * grid.Height * chunk / job->Chunks; at < last;)
        {
            int image = (int)(at / grid.Height), y = (int)(at % grid.Height);
            int rows = (int)Math.Min(Math.Min(layout.Rows, grid.Height - y), last - at);
            at += rows;
            T* source = problem.DY + (image * problem.DYLayout.N) + (group * schedule.Outputs * problem.DYLayout.C) + (y * problem.DYLayout.H);
            if (ownsWeights)
            {
                T* x = problem.X + (image * problem.XLayout.N) + ((((nint)group * schedule.Channels) + firstChannel) * problem.XLayout.C);
                StripPacking<TVec, T>.Fill(layout, x, problem.XLayout, channels, y, rows, buffers.Strip, TVec.Count);
            }

            fixed (int* offsets = layout.Offsets)
            {
                if (byPosition)
                {
                    PlaneRows<T> dy = LaneSums<TVec, T>.Rows(source, problem.DYLayout, schedule.Outputs, rows, grid.Width, buffers.DY);
                    if (ownsBias)
                        LaneSums<TVec, T>.AddBias(dy, schedule.Outputs, biasLanes);
                    if (ownsWeights)
                        LaneSums<TVec, T>.Add(dy, schedule.Outputs, buffers.Strip, offsets, taps, layout.Pitch, lanes);
                    continue;
                }

                TransposePacking<TVec, T>.ToPositions(source, problem.DYLayout, schedule.Outputs, rows, grid.Width, buffers.DY, ld);
                if (ownsBias)
                    AddRows(buffers.DY, (nint)rows * grid.Width, ld, biasSums);
                if (ownsWeights)
                    AddTaps(offsets, taps, rows, layout, buffers, ld, sums);
            }
        }

        if (byPosition)
        {
            if (ownsWeights)
                LaneSums<TVec, T>.End(lanes, taps, schedule.Outputs, ld, sums);
            if (ownsBias)
                LaneSums<TVec, T>.End(biasLanes, 1, schedule.Outputs, ld, biasSums);
        }
    }

    /// <summary>All taps times all output channels, by registers of output channels and rows of a tile.</summary>
    private static void AddTaps(int* offsets, int taps, int rows, StripLayout layout, Buffers buffers, int ld, T* sums)
    {
        int k = 0;
        for (; k + (TVectors.Value * TVec.Count) <= ld; k += TVectors.Value * TVec.Count)
            Tiles<TVectors>(offsets, taps, rows, layout, buffers.Strip, buffers.DY + k, ld, sums + k);
        if (TVectors.Value > 2 && k + (2 * TVec.Count) <= ld)
        {
            Tiles<N2>(offsets, taps, rows, layout, buffers.Strip, buffers.DY + k, ld, sums + k);
            k += 2 * TVec.Count;
        }

        if (k < ld)
            Tiles<N1>(offsets, taps, rows, layout, buffers.Strip, buffers.DY + k, ld, sums + k);
    }

    private static void Tiles<TWidth>(int* offsets, int taps, int rows, StripLayout layout, T* strip, T* dy, int ld, T* sums)
        where TWidth : struct, IConstant
    {
        Panels panels = new(taps, FilterKernel<TVec, T, TWidth>.MR);
        for (int i = 0; i < panels.Count; i++)
        {
            int tap = panels.Start(i);
            FilterKernel<TVec, T, TWidth>.Run(panels.Rows(i), strip, offsets + tap, rows, layout.Grid.Width, layout.Pitch, dy, ld, sums + ((nint)tap * ld), ld);
        }
    }

    /// <summary>Rows of the partial sums: the first tap of a channel, and the group's bias.</summary>
    private static (nint Weights, nint Bias) Rows(FilterSchedule schedule, int group, int channel)
    {
        nint perGroup = ((nint)schedule.Channels * schedule.Layout.Grid.Taps) + 1, first = group * perGroup;
        return (first + ((nint)channel * schedule.Layout.Grid.Taps), first + perGroup - 1);
    }

    /// <summary>Chunk 0 begins with beta * dW and beta * db, the others with zeros.</summary>
    private static void Begin(Job* job, int chunk, int group, int firstChannel, int channels, T* sums, T* biasSums)
    {
        FilterSchedule schedule = job->Schedule;
        ref readonly FilterProblem<T> problem = ref job->Problem;
        int ld = schedule.LdOutputs, taps = channels * schedule.Layout.Grid.Taps;
        bool fromTarget = chunk == 0 && problem.Beta != T.Zero;
        if (problem.DW != null)
        {
            new Span<T>(sums, taps * ld).Clear();
            if (fromTarget)
            {
                T* dw = Weights(job, group, firstChannel);
                nint filter = (nint)schedule.Channels * schedule.Layout.Grid.Taps;
                for (int k = 0; k < schedule.Outputs; k++)
                {
                    for (int tap = 0; tap < taps; tap++)
                        sums[((nint)tap * ld) + k] = problem.Beta * dw[(k * filter) + tap];
                }
            }
        }

        if (problem.DB != null && firstChannel == 0)
        {
            new Span<T>(biasSums, ld).Clear();
            for (int k = 0; fromTarget && k < schedule.Outputs; k++)
                biasSums[k] = problem.Beta * problem.DB[(group * schedule.Outputs) + k];
        }
    }

    private static T* Weights(Job* job, int group, int channel)
    {
        FilterSchedule schedule = job->Schedule;
        return job->Problem.DW + ((((nint)group * schedule.Outputs * schedule.Channels) + channel) * schedule.Layout.Grid.Taps);
    }

    private static void AddRows(T* rows, nint count, int ld, T* sums)
    {
        for (int k = 0; k < ld; k += TVec.Count)
        {
            TVec sum = TVec.Load(sums + k);
            for (nint i = 0; i < count; i++)
                sum = TVec.Add(sum, TVec.Load(rows + (i * ld) + k));
            TVec.Store(sums + k, sum);
        }
    }

    private static void ReducePart(void* state, int part)
    {
        Job* job = (Job*)state;
        FilterSchedule schedule = job->Schedule;
        for (long item; (item = Interlocked.Increment(ref job->Next) - 1) < job->Items;)
        {
            int block = (int)(item % job->Blocks), group = (int)(item / job->Blocks), first = block * schedule.ChannelBlock;
            int channels = Math.Min(schedule.ChannelBlock, schedule.Channels - first);
            (nint row, nint biasRow) = Rows(schedule, group, first);
            if (job->Problem.DW != null)
            {
                int taps = channels * schedule.Layout.Grid.Taps;
                Tree(job, row * schedule.LdOutputs, (nint)taps * schedule.LdOutputs);
                TransposePacking<TVec, T>.Transpose(job->Partial + (row * schedule.LdOutputs), schedule.LdOutputs, taps, schedule.Outputs,
                    Weights(job, group, first), (nint)schedule.Channels * schedule.Layout.Grid.Taps, taps);
            }

            if (job->Problem.DB != null && block == 0)
            {
                Tree(job, biasRow * schedule.LdOutputs, schedule.LdOutputs);
                new Span<T>(job->Partial + (biasRow * schedule.LdOutputs), schedule.Outputs).CopyTo(new(job->Problem.DB + ((nint)group * schedule.Outputs), schedule.Outputs));
            }
        }
    }

    /// <summary>Adds the chunks' sums as (0 + 1) + (2 + 3) and so on, into chunk 0's.</summary>
    private static void Tree(Job* job, nint offset, nint count)
    {
        nint size = (nint)job->Schedule.PartialSize;
        for (int step = 1; step < job->Chunks; step *= 2)
        {
            for (int chunk = 0; chunk < job->Chunks; chunk += 2 * step)
            {
                T* to = job->Partial + (chunk * size) + offset, from = to + (step * size);
                for (nint i = 0; i < count; i += TVec.Count)
                    TVec.Store(to + i, TVec.Add(TVec.Load(to + i), TVec.Load(from + i)));
            }
        }
    }
}
