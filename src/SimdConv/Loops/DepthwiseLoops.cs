using System.Numerics;
using SimdConv.Core;
using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>
/// Forward pass and input gradient of depthwise convolutions, plane by plane.
/// <code>
/// item: some planes, or strips of one        shared out between threads
///   strip of rows                            copy it, padded and split by the stride: L1
///     phase, column of registers             one tile down all rows of the strip, straight to the target or by way of scratch
/// </code>
/// Scratch is for targets whose pixels aren't neighbours, beta, a residual, and sums over several output channels.
/// </summary>
#pragma warning disable CS8500 // Job holds references and lives on the caller's stack, which outlasts every part.
internal static unsafe class DepthwiseLoops<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Elements that a thread takes at a time.</summary>
    private const int Grain = 1 << 14;

    public static void Run(DepthwiseSchedule schedule, in ConvProblem<T> problem, Execution execution)
    {
        StripLayout layout = schedule.Layout;
        long channels = problem.Groups, units = problem.Batch * channels * schedule.Strips;
        long work = problem.Batch * channels * schedule.Multiplier * schedule.FilterSize * layout.Grid.Height * layout.Grid.Width;
        int threads = work <= BlockSizes.SerialLimit ? 1 : execution.Threads;
        Job job = new()
        {
            Schedule = schedule,
            Problem = problem,
            Units = units,
            Grain = Math.Clamp(units / (4 * threads), 1, Math.Max(1, Grain / Math.Max(1, layout.ChannelSize))),
        };
        execution.Run((int)Math.Min(threads, (units + job.Grain - 1) / job.Grain), &RunPart, &job);
    }

    /// <summary>Bytes of workspace that one thread takes.</summary>
    public static long WorkspaceBytes(DepthwiseSchedule schedule) =>
        Workspace.SizeOf<T>(StripSize(schedule)) + Workspace.SizeOf<T>(ScratchSize(schedule) * schedule.Phases.Length);

    private static int StripSize(DepthwiseSchedule schedule) => schedule.Layout.ChannelSize + (2 * TVec.Count);

    private static int ScratchLd(DepthwiseSchedule schedule) => (schedule.Layout.Grid.Width + TVec.Count - 1) / TVec.Count * TVec.Count;

    /// <summary>A tile that goes on from scratch looks two rows ahead.</summary>
    private static long ScratchSize(DepthwiseSchedule schedule) => (long)(schedule.Layout.Rows + 2) * ScratchLd(schedule);

    private struct Job
    {
        public DepthwiseSchedule Schedule;
        public ConvProblem<T> Problem;
        public long Units, Grain, Next;
    }

    private static void RunPart(void* state, int part)
    {
        Job* job = (Job*)state;
        DepthwiseSchedule schedule = job->Schedule;
        using Workspace workspace = new(WorkspaceBytes(schedule));
        T* strip = workspace.Take<T>(StripSize(schedule)), scratch = workspace.Take<T>(ScratchSize(schedule) * schedule.Phases.Length);
        new Span<T>(strip, StripSize(schedule)).Clear();
        for (long first; (first = Interlocked.Add(ref job->Next, job->Grain) - job->Grain) < job->Units;)
        {
            for (long unit = first; unit < Math.Min(first + job->Grain, job->Units); unit++)
            {
                nint plane = (nint)(unit / schedule.Strips);
                int row = (int)(unit % schedule.Strips) * schedule.Layout.Rows;
                if (schedule.Direction == ConvDirection.Forward)
                    Forward(job, plane / job->Problem.Groups, plane % job->Problem.Groups, row, strip, scratch);
                else
                    InputGradient(job, plane / job->Problem.Groups, plane % job->Problem.Groups, row, strip, scratch);
            }
        }
    }

    /// <summary>One strip of a channel, to the outputs that it has.</summary>
    private static void Forward(Job* job, nint image, nint channel, int row, T* strip, T* scratch)
    {
        DepthwiseSchedule schedule = job->Schedule;
        ref readonly ConvProblem<T> problem = ref job->Problem;
        StripLayout layout = schedule.Layout;
        DepthwiseSchedule.Phase phase = schedule.Phases[0];
        int rows = Math.Min(layout.Rows, layout.Grid.Height - row);
        Fill(schedule, problem.Source + (image * problem.SourceLayout.N) + (channel * problem.SourceLayout.C), problem.SourceLayout, row, rows, strip);
        for (nint k = channel * schedule.Multiplier; k < (channel + 1) * schedule.Multiplier; k++)
        {
            T* target = problem.Target + (image * problem.TargetLayout.N) + (k * problem.TargetLayout.C), weights = problem.Filter + (k * schedule.FilterSize);
            T bias = problem.Bias == null ? T.Zero : problem.Bias[k];
            if (problem.TargetLayout.W == 1)
            {
                T* first = target + (row * problem.TargetLayout.H);
                RunPhase(schedule, phase, strip, weights, bias, goOn: false, rows, first, problem.TargetLayout.H, mayStoreAhead: problem.TargetLayout.H == phase.Grid.Width);
                for (int i = 0; i < rows && problem.Finish.Activation != Activation.None; i++, first += problem.TargetLayout.H)
                    ElementwiseLoops<TVec, T>.Run(problem.Finish.Operation, first, first, first, phase.Grid.Width, problem.Finish.Scale);
                continue;
            }

            int ld = ScratchLd(schedule);
            RunPhase(schedule, phase, strip, weights, bias, goOn: false, rows, scratch, ld, mayStoreAhead: true);
            TargetWindow<TVec, T> window = new(phase.Grid, problem.TargetLayout, target, row, rows);
            for (int i = 0; i < rows; i++)
                window.Store(0, 1, i * phase.Grid.Width, phase.Grid.Width, phase.Grid.Width, scratch + ((nint)i * ld), ld, problem.Finish);
        }
    }

    /// <summary>The rows of a channel's dx that one strip of its dY gives, all phases.</summary>
    private static void InputGradient(Job* job, nint image, nint channel, int row, T* strip, T* scratch)
    {
        DepthwiseSchedule schedule = job->Schedule;
        ref readonly ConvProblem<T> problem = ref job->Problem;
        T* target = problem.Target + (image * problem.TargetLayout.N) + (channel * problem.TargetLayout.C);
        int ld = ScratchLd(schedule);
        nint size = (nint)ScratchSize(schedule);
        bool isDirect = problem.TargetLayout.W == 1 && schedule.Phases.Length == 1 && schedule.Multiplier == 1 && problem.Beta == T.Zero;
        for (int m = 0; m < schedule.Multiplier; m++)
        {
            nint k = (channel * schedule.Multiplier) + m;
            Fill(schedule, problem.Source + (image * problem.SourceLayout.N) + (k * problem.SourceLayout.C), problem.SourceLayout, row,
                Math.Min(schedule.Layout.Rows, schedule.Layout.Grid.Height - row), strip);
            for (int i = 0; i < schedule.Phases.Length; i++)
            {
                DepthwiseSchedule.Phase phase = schedule.Phases[i];
                TapGrid grid = phase.Grid;
                int rows = Math.Min(schedule.Layout.Rows, grid.Height - row);
                if (rows <= 0)
                    continue;
                T* weights = problem.Filter + (k * schedule.FilterSize) + phase.FilterStart, own = scratch + (i * size);
                if (isDirect)
                {
                    RunPhase(schedule, phase, strip, weights, T.Zero, goOn: false, rows, target + (row * problem.TargetLayout.H), problem.TargetLayout.H,
                        mayStoreAhead: problem.TargetLayout.H == grid.Width);
                    return;
                }

                if (m == 0 && problem.Beta != T.Zero)
                {
                    TargetWindow<TVec, T> window = new(grid, problem.TargetLayout, target, row, rows);
                    for (int j = 0; j < rows; j++)
                        window.Load(0, 1, j * grid.Width, grid.Width, grid.Width, own + ((nint)j * ld), ld, problem.Beta);
                }

                RunPhase(schedule, phase, strip, weights, T.Zero, goOn: m > 0 || problem.Beta != T.Zero, rows, own, ld, mayStoreAhead: true);
            }
        }

        Scatter(schedule, problem.TargetLayout, target, row, scratch);
    }

    /// <summary>Scratch of all phases to dx.</summary>
    private static void Scatter(DepthwiseSchedule schedule, ImageLayout layout, T* target, int row, T* scratch)
    {
        int ld = ScratchLd(schedule);
        nint size = (nint)ScratchSize(schedule);
        for (int i = 0; i < schedule.Phases.Length; i++, scratch += size)
        {
            TapGrid grid = schedule.Phases[i].Grid;
            int rows = Math.Min(schedule.Layout.Rows, grid.Height - row);

            // Two neighbouring phases of columns are woven together; phases come with those of columns innermost.
            bool isPair = grid.StepW == 2 && layout.W == 1 && grid.OriginW == 0 && i + 1 < schedule.Phases.Length && schedule.Phases[i + 1].Grid.OriginW == 1;
            if (!isPair)
            {
                if (rows <= 0)
                    continue;
                TargetWindow<TVec, T> window = new(grid, layout, target, row, rows);
                for (int j = 0; j < rows; j++)
                    window.Store(0, 1, j * grid.Width, grid.Width, grid.Width, scratch + ((nint)j * ld), ld, default);
                continue;
            }

            int width = grid.Width + schedule.Phases[i + 1].Grid.Width;
            for (int j = 0; j < rows; j++)
                Weave(scratch + ((nint)j * ld), scratch + size + ((nint)j * ld), width, target + ((grid.OriginH + (((nint)row + j) * grid.StepH)) * layout.H));
            i++;
            scratch += size;
        }
    }

    private static void Weave(T* even, T* odd, int width, T* to)
    {
        int w = TVec.Count;
        for (int j = 0; j < width; j += 2 * w, even += w, odd += w)
        {
            (TVec low, TVec high) = TVec.Interleave(TVec.Load(even), TVec.Load(odd));
            RowCopy<TVec, T>.StoreUpTo(to + j, low, width - j);
            RowCopy<TVec, T>.StoreUpTo(to + j + w, high, width - j - w);
        }
    }

    private static void Fill(DepthwiseSchedule schedule, T* source, ImageLayout layout, int row, int rows, T* strip) =>
        PlanePacking<TVec, T>.Fill(schedule.Layout, schedule.Columns, source, layout, row, rows, strip, clear: schedule.Strips > 1);

    /// <summary>
    /// All columns of a phase. With <paramref name="mayStoreAhead"/> the last column comes first, and stores whole registers as long as
    /// these end within the rows: what they spoil is written after them.
    /// </summary>
    private static void RunPhase(DepthwiseSchedule schedule, DepthwiseSchedule.Phase phase, T* strip, T* weights, T bias, bool goOn, int rows,
        T* target, nint ld, bool mayStoreAhead)
    {
        int w = TVec.Count, width = phase.Grid.Width, last = (width - 1) / w * w;
        fixed (int* offsets = phase.Offsets)
        {
            DepthwiseColumn<T> column = new()
            {
                Offsets = offsets,
                Pitch = schedule.Layout.Pitch,
                Shared = phase.Shared,
                Taps = phase.Offsets.Length,
                Rows = rows,
                Weights = weights,
                Bias = bias,
                GoOn = goOn,
                NextRow = ld,
                Count = width - last,
                Strip = strip + last,
                Target = target + last,
            };
            nint room = (rows * ld) - last - w;
            column.WholeRows = column.Count == w ? rows : mayStoreAhead && room >= 0 ? (int)Math.Min((room / ld) + 1, rows) : 0;
            DepthwiseTile<TVec, T>.Run(in column);
            column.WholeRows = rows;
            for (int j = 0; j < last; j += w)
            {
                column.Strip = strip + j;
                column.Target = target + j;
                DepthwiseTile<TVec, T>.Run(in column);
            }
        }
    }
}
