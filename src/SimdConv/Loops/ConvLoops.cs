using System.Numerics;
using SimdConv.Core;
using SimdConv.Kernels;
using SimdConv.Packing;

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
/// item: grid (phase), image or a few together, group, strip of rows, range of filter panels     shared out between threads
///   block of channels (KC terms)     copy the strip: padded, stride 1
///     band of rows with the same taps, jr: NR positions     in place, packed from the strip as a panel, or a row of each image
///       ir: filter panel             one tile into scratch, then to the target with bias and activation
/// </code>
/// A later block of channels starts its chains from the target, so terms ascend in (c, r, s) whatever the block sizes.
/// </summary>
#pragma warning disable CS8500 // Job holds references and lives on the caller's stack, which outlasts every part.
internal static unsafe class ConvLoops<TVec, T, TFlat>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TFlat : struct, IConstant
{
    public static void Run(ConvSchedule[] schedules, in ConvProblem<T> problem, Execution execution)
    {
        long units = 0, work = 0;
        foreach (ConvSchedule schedule in schedules)
        {
            units += Units(schedule, problem);
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
        public readonly long Image, Strip, Panel, Scratch, Start;

        public Sizes(ConvSchedule schedule)
        {
            StripLayout layout = schedule.Layout;
            int nr = schedule.Tile.NR;

            // The last tile in place begins inside the strip and reads at most a register tile further.
            Slack = nr + layout.Pitch;
            Image = ((long)schedule.ChannelBlock * layout.ChannelSize) + Slack;
            Strip = Image * schedule.Together;
            Panel = schedule.InPlace ? 0 : ((long)schedule.ChannelBlock * schedule.Grid.Taps * nr) + TVec.Count;
            ScratchLd = schedule.InPlace ? ((schedule.Positions(layout.Rows, layout.Pitch) + nr - 1) / nr * nr) : nr;
            Scratch = (long)ScratchLd * schedule.Tile.MR;
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
            for (; unit - first >= Units(job->Schedules[index], job->Problem); index++)
                first += Units(job->Schedules[index], job->Problem);
            ConvSchedule schedule = job->Schedules[index];
            int own = (int)(unit - first), share = (int)(item % job->Shares);
            if (schedule.Tile.Vectors == 1)
                RunItem<GemmKernel<TVec, T, N1>>(schedule, job->Problem, own, share, job->Shares, workspace);
            else if (schedule.Tile.Vectors == 2)
                RunItem<GemmKernel<TVec, T, N2>>(schedule, job->Problem, own, share, job->Shares, workspace);
            else
                RunItem<GemmKernel<TVec, T, TFlat>>(schedule, job->Problem, own, share, job->Shares, workspace);
        }
    }

    private static long Units(ConvSchedule schedule, in ConvProblem<T> problem) =>
        (long)((problem.Batch + schedule.Together - 1) / schedule.Together) * problem.Groups * schedule.Strips;

    private static void RunItem<TKernel>(ConvSchedule schedule, in ConvProblem<T> problem, int unit, int share, int shares, Workspace workspace)
        where TKernel : struct, IGemmKernel<T>
    {
        TapGrid grid = schedule.Grid;
        StripLayout layout = schedule.Layout;
        int firstPanel = schedule.Panels.Count * share / shares, lastPanel = schedule.Panels.Count * (share + 1) / shares;
        if (firstPanel == lastPanel)
            return;
        int strip = unit % schedule.Strips, group = unit / schedule.Strips % problem.Groups;
        int firstImage = unit / schedule.Strips / problem.Groups * schedule.Together, images = Math.Min(schedule.Together, problem.Batch - firstImage);
        int row = strip * layout.Rows, rows = Math.Min(layout.Rows, grid.Height - row), nr = TKernel.NR;

        Sizes sizes = new(schedule);
        T* stripData = workspace.Take<T>(sizes.Strip), panelB = workspace.Take<T>(sizes.Panel);
        T* scratch = workspace.Take<T>(sizes.Scratch), start = workspace.Take<T>(sizes.Start);
        T* bias = problem.Bias == null ? null : problem.Bias + ((nint)group * schedule.Outputs);
        for (int m = 0; m < schedule.Outputs; m++)
            new Span<T>(start + ((nint)m * nr), nr).Fill(bias == null ? T.Zero : bias[m]);

        T* source = problem.Source + (group * schedule.Channels * problem.SourceLayout.C);
        T* filter = problem.Filter + schedule.FilterStart + (group * schedule.FilterSize);
        TargetWindow<TVec, T>* targets = stackalloc TargetWindow<TVec, T>[images];
        for (int i = 0; i < images; i++)
        {
            T* image = problem.Target + ((firstImage + i) * problem.TargetLayout.N) + (group * schedule.Outputs * problem.TargetLayout.C);
            targets[i] = new(grid, problem.TargetLayout, image, row, rows);
        }

        // The last images of a batch, too few to fill the tile together, run one at a time: the same chains.
        int together = images == schedule.Together ? images : 1;
        for (int image = 0; image < images; image += together)
        {
            for (int block = 0; block < schedule.Blocks; block++)
            {
                int channel = block * schedule.ChannelBlock, channels = Math.Min(schedule.ChannelBlock, schedule.Channels - channel);
                T beta = block > 0 ? T.One : problem.Beta;
                Finish<T> finish = block == schedule.Blocks - 1 ? problem.Finish : default;
                for (int i = 0; i < together && grid.Taps > 0; i++)
                {
                    T* from = source + ((firstImage + image + i) * problem.SourceLayout.N) + (channel * problem.SourceLayout.C);
                    StripPacking<TVec, T>.Fill(layout, from, problem.SourceLayout, channels, row, rows, stripData + (i * sizes.Image), sizes.Slack, T.Zero);
                }

                foreach (ConvSchedule.Band band in schedule.Bands)
                {
                    int first = Math.Max(band.First - row, 0), last = Math.Min(band.Last - row, rows);
                    if (first >= last)
                        continue;
                    int kc = channels * band.Taps, pitch = schedule.InPlace ? layout.Pitch : grid.Width, end = schedule.Positions(last, pitch);
                    int step = together > 1 ? pitch : schedule.InPlace ? end : nr;
                    fixed (int* offsets = band.Offsets)
                    {
                        for (int position = first * pitch; position < end; position += step)
                        {
                            int count = Math.Min(together > 1 ? grid.Width : step, end - position);
                            if (!schedule.InPlace)
                                StripPacking<TVec, T>.Panel(layout, stripData, offsets, kc, position, count, nr, panelB);
                            for (int panel = firstPanel; panel < lastPanel; panel++)
                            {
                                int m = schedule.Panels.Start(panel), panelRows = schedule.Panels.Rows(panel), ld = sizes.ScratchLd;
                                T* a = filter + band.FilterOffset(block, panel), from = start + ((nint)m * nr), b = schedule.InPlace ? stripData + position : panelB;
                                bool fromTarget = beta != T.Zero;
                                for (int i = 0; i < together && fromTarget; i++)
                                    targets[image + i].Load(m, panelRows, position, count, pitch, scratch + (i * TVec.Count), ld, beta);

                                if (together > 1)
                                    TKernel.RunApart(panelRows, kc, a, b, (nint)sizes.Image, offsets, fromTarget ? scratch : from, fromTarget ? ld : nr, scratch, ld);
                                for (int j = 0; j < count && together == 1; j += nr)
                                    TKernel.Run(panelRows, kc, a, b + j, nr, schedule.InPlace ? offsets : null, fromTarget ? scratch + j : from, fromTarget ? ld : nr, scratch + j, ld);

                                for (int i = 0; i < together; i++)
                                    targets[image + i].Store(m, panelRows, position, count, pitch, scratch + (i * TVec.Count), ld, finish);
                            }
                        }
                    }
                }
            }
        }
    }
}
