using SimdConv.Core;
using SimdConv.Kernels;
using SimdConv.Packing;
using System.Numerics;

namespace SimdConv.Loops;

/// <summary>One call of a convolution: which grids, from where, to where.</summary>
internal unsafe struct ConvProblem<T>
    where T : unmanaged
{
    public int Batch, Groups;
    public T* Source, Target, Filter, Bias;
    public ImageLayout SourceLayout, TargetLayout;
    public T Beta;
    public Finish<T> Finish;
}

/// <summary>
/// Forward pass and input gradient: for each group G, C[outputs x positions] = filter * im2col, with im2col never in memory.
/// <code>
/// item: grid (phase), image, group, strip of rows, range of filter panels     shared out between threads
///   block of channels (KC terms)     copy the strip: padded, stride 1
///     jr: NR positions               in place, or packed from the strip as a panel
///       ir: filter panel             one tile into scratch, then to the target with bias and activation
/// </code>
/// A later block of channels starts its chains from the target, so terms ascend in (c, r, s) whatever the block sizes.
/// </summary>
#pragma warning disable CS8500 // Job holds references and lives on the caller's stack, which outlasts every part.
internal static unsafe class ConvLoops<TVec, T, TKernel>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TKernel : struct, IGemmKernel<T>
{
    public static void Run(ConvSchedule[] schedules, in ConvProblem<T> problem, Execution execution)
    {
        long units = 0, work = 0;
        foreach (ConvSchedule schedule in schedules)
        {
            units += (long)problem.Batch * problem.Groups * schedule.Strips;
            work += (long)problem.Batch * problem.Groups * schedule.FilterSize * schedule.Grid.Height * schedule.Grid.Width;
        }

        int threads = work <= BlockSizes.SerialLimit ? 1 : execution.Threads;

        // Too few strips to keep all threads busy to the end: each is shared by filter panels, at the price of one more copy.
        int shares = threads == 1 || units >= 4L * threads ? 1 : (int)((4L * threads + units - 1) / Math.Max(1, units));
        Job job = new() { Schedules = schedules, Problem = problem, Shares = shares, Items = units * shares };
        execution.Run((int)Math.Min(threads, job.Items), &RunPart, &job);
    }

    /// <summary>Bytes of workspace that one thread takes.</summary>
    public static long WorkspaceBytes(ConvSchedule[] schedules)
    {
        long most = 0;
        foreach (ConvSchedule schedule in schedules)
            most = Math.Max(most, new Sizes(schedule).Bytes);
        return most;
    }

    private struct Job
    {
        public ConvSchedule[] Schedules;
        public ConvProblem<T> Problem;
        public int Shares;
        public long Items, Next;
    }

    /// <summary>Elements of each part of a thread's workspace.</summary>
    private readonly struct Sizes
    {
        public readonly int Slack, ScratchLd;
        public readonly long Strip, Panel, Scratch, Start;

        public Sizes(ConvSchedule schedule)
        {
            StripLayout layout = schedule.Layout;
            int nr = TKernel.NR;

            // The last tile in place begins inside the strip and reads at most a register tile further.
            Slack = nr + layout.Pitch;
            Strip = ((long)schedule.ChannelBlock * layout.ChannelSize) + Slack;
            Panel = schedule.InPlace ? 0 : ((long)schedule.ChannelBlock * schedule.Grid.Taps * nr) + TVec.Count;
            ScratchLd = schedule.InPlace ? (((layout.Rows * layout.Pitch) + nr - 1) / nr * nr) : nr;
            Scratch = (long)ScratchLd * TKernel.MR;
            Start = (long)schedule.Outputs * nr;
        }

        public long Bytes => Workspace.SizeOf<T>(Strip) + Workspace.SizeOf<T>(Panel) + Workspace.SizeOf<T>(Scratch) + Workspace.SizeOf<T>(Start);
    }

    private static void RunPart(void* state, int part)
    {
        Job* job = (Job*)state;
        using Workspace workspace = new(WorkspaceBytes(job->Schedules));
        for (long item; (item = Interlocked.Increment(ref job->Next) - 1) < job->Items;)
        {
            long unit = item / job->Shares, first = 0;
            int index = 0;
            T* filter = job->Problem.Filter;
            for (; unit - first >= Units(job, index); index++)
            {
                first += Units(job, index);
                filter += job->Schedules[index].FilterSize * job->Problem.Groups;
            }

            RunItem(job->Schedules[index], job->Problem, filter, (int)(unit - first), (int)(item % job->Shares), job->Shares, workspace);
        }
    }

    private static long Units(Job* job, int schedule) =>
        (long)job->Problem.Batch * job->Problem.Groups * job->Schedules[schedule].Strips;

    private static void RunItem(ConvSchedule schedule, in ConvProblem<T> problem, T* filter, int unit, int share, int shares, Workspace workspace)
    {
        TapGrid grid = schedule.Grid;
        StripLayout layout = schedule.Layout;
        int firstPanel = schedule.Panels.Count * share / shares, lastPanel = schedule.Panels.Count * (share + 1) / shares;
        if (firstPanel == lastPanel)
            return;
        int strip = unit % schedule.Strips, group = unit / schedule.Strips % problem.Groups, image = unit / schedule.Strips / problem.Groups;
        int row = strip * layout.Rows, rows = Math.Min(layout.Rows, grid.Height - row), nr = TKernel.NR;

        Sizes sizes = new(schedule);
        T* stripData = workspace.Take<T>(sizes.Strip), panelB = workspace.Take<T>(sizes.Panel);
        T* scratch = workspace.Take<T>(sizes.Scratch), start = workspace.Take<T>(sizes.Start);
        T* bias = problem.Bias == null ? null : problem.Bias + ((nint)group * schedule.Outputs);
        for (int m = 0; m < schedule.Outputs; m++)
            new Span<T>(start + ((nint)m * nr), nr).Fill(bias == null ? T.Zero : bias[m]);

        T* source = problem.Source + (image * problem.SourceLayout.N) + (group * schedule.Channels * problem.SourceLayout.C);
        filter += group * schedule.FilterSize;
        TargetWindow<TVec, T> target = new(grid, problem.TargetLayout,
            problem.Target + (image * problem.TargetLayout.N) + (group * schedule.Outputs * problem.TargetLayout.C), row, rows);

        fixed (int* offsets = layout.Offsets)
        {
            for (int block = 0; block < schedule.Blocks; block++)
            {
                int channel = block * schedule.ChannelBlock, channels = Math.Min(schedule.ChannelBlock, schedule.Channels - channel);
                int kc = channels * grid.Taps;
                T beta = block > 0 ? T.One : problem.Beta;
                Finish<T> finish = block == schedule.Blocks - 1 ? problem.Finish : default;
                if (kc > 0)
                    StripPacking<TVec, T>.Fill(layout, source + (channel * problem.SourceLayout.C), problem.SourceLayout, channels, row, rows, stripData, sizes.Slack, T.Zero);

                int pitch = schedule.InPlace ? layout.Pitch : grid.Width, positions = rows * pitch;
                int step = schedule.InPlace ? positions : nr;
                for (int position = 0; position < positions; position += step)
                {
                    int count = Math.Min(step, positions - position);
                    if (!schedule.InPlace)
                        StripPacking<TVec, T>.Panel(layout, stripData, offsets, kc, position, count, nr, panelB);
                    for (int panel = firstPanel; panel < lastPanel; panel++)
                    {
                        int m = schedule.Panels.Start(panel), panelRows = schedule.Panels.Rows(panel);
                        T* a = filter + schedule.FilterOffset(block, panel);
                        T* from = start + ((nint)m * nr);
                        bool fromTarget = beta != T.Zero;
                        if (fromTarget)
                            target.Load(m, panelRows, position, count, pitch, scratch, sizes.ScratchLd, beta);
                        for (int j = 0; j < count; j += nr)
                        {
                            T* c = scratch + j;
                            TKernel.Run(panelRows, kc, a, schedule.InPlace ? stripData + j : panelB, nr, schedule.InPlace ? offsets : null,
                                fromTarget ? c : from, fromTarget ? sizes.ScratchLd : nr, c, sizes.ScratchLd);
                        }

                        target.Store(m, panelRows, position, count, pitch, scratch, sizes.ScratchLd, finish);
                    }
                }
            }
        }
    }
}
