using System.Numerics;
using SimdConv.Core;
using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>One call of a convolution: which grids, from where, to where.</summary>
internal unsafe struct ConvProblem<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public int Batch, Groups;
    public T* Source, Target, Bias;

    /// <summary>The packed weights, or null where each item packs those that it reads.</summary>
    public T* Filter;
    public RawFilter<T> RawFilter;
    public ImageLayout SourceLayout, TargetLayout;
    public T Beta;
    public Finish<T> Finish;
}

/// <summary>
/// Forward pass and input gradient: for each group G, C[outputs x positions] = filter * im2col, with im2col never in memory.
/// <code>
/// item: grid (phase), image or a few together, group, strip of rows, range of filter panels     shared out between threads
///   block of channels                copy the strip: padded, stride 1
///     band of rows with the same taps
///       positions in lanes           jr: NR positions, in place, packed from the strip as a panel, or a row of each image
///                                      ir: filter panel      one tile into scratch, then to the target
///       output channels in lanes     jr: filter panel of NR outputs
///                                      ir: MR positions      one tile of C^T into scratch, turned on its way to the target
/// </code>
/// A later block of channels starts its chains from the target, so terms ascend in (c, r, s) whatever the block sizes.
/// </summary>
#pragma warning disable CS8500 // Job holds references and lives on the caller's stack, which outlasts every part.
internal static unsafe partial class ConvLoops<TVec, THalf, T, TFlat>
    where TVec : unmanaged, ILanes<TVec, T>
    where THalf : unmanaged, ILanes<THalf, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TFlat : struct, IConstant
{
    public static void Run(ConvSchedule[] schedules, in ConvProblem<T> problem, Execution execution)
    {
        long units = 0, work = 0;
        int panels = 1;
        bool areKept = true;
        foreach (ConvSchedule schedule in schedules)
        {
            units += Units(schedule, problem);
            work += (long)problem.Batch * problem.Groups * schedule.FilterSize * schedule.Grid.Height * schedule.Grid.Width;
            panels = Math.Max(panels, schedule.Panels.Count);
            areKept &= schedule.KeepsStrip;
        }

        // Too few strips to keep all threads busy to the end: each is shared by filter panels. At the price of one more copy, so for as few as
        // come out even; unless the thread goes on with the same strip: then as finely as there is something to share.
        int threads = execution.ThreadsFor(work);
        long wanted = threads == 1 ? 0 : areKept ? 16L * threads : units % threads == 0 ? units : units > 0 && threads % units == 0 ? threads : 4L * threads;
        int shares = units == 0 ? 1 : (int)Math.Clamp((wanted + units - 1) / units, 1, panels);
        long items = units * shares;
        int parts = (int)Math.Min(threads, items), ranges = Math.Min(parts, MostRanges);
        long* next = stackalloc long[MostRanges];
        for (int range = 0; range < ranges; range++)
            next[range] = items * range / ranges;
        Job job = new() { Schedules = schedules, Problem = problem, Shares = shares, Items = items, Next = next, Ranges = ranges };
        execution.Run(parts, &RunPart, &job);
    }

    /// <summary>Bytes of workspace that one thread takes.</summary>
    public static long WorkspaceBytes(ConvSchedule[] schedules) => PlanOf(schedules).Bytes;

    /// <summary>Memory for an item of any schedule.</summary>
    private static ScratchPlan PlanOf(ConvSchedule[] schedules)
    {
        ScratchPlan plan = default;
        foreach (ConvSchedule schedule in schedules)
            plan = ScratchPlan.Either(plan, new Sizes(schedule).Plan);
        return plan;
    }

    private const int MostRanges = 64;

    private struct Job
    {
        public ConvSchedule[] Schedules;
        public ConvProblem<T> Problem;
        public int Shares, Ranges;
        public long Items;

        /// <summary>The next item of each range: a thread takes a range of its own, so that it stays with a strip, and then what is left of others.</summary>
        public long* Next;
    }

    /// <summary>Elements of each part of a thread's workspace.</summary>
    private readonly struct Sizes
    {
        public readonly ScratchPlan Plan = default;
        public readonly int Slack, ScratchLd;
        public readonly long Image, ScratchSize;
        public readonly Piece<T> Strip, Panel, Scratch, Start;

        public Sizes(ConvSchedule schedule)
        {
            StripLayout layout = schedule.Layout;
            int nr = schedule.Tile.NR;

            // The last tile in place begins inside the strip and reads at most a register tile further.
            Slack = nr + layout.Pitch;
            Image = layout.IsImage ? 0 : ((long)schedule.ChannelBlock * layout.ChannelSize) + Slack;
            Strip = Plan.Add<T>(Image * schedule.Together);
            long panel = schedule.InPlace ? 0 : ((long)schedule.ChannelBlock * schedule.Grid.Taps * nr) + TVec.Count;
            if (schedule.Lanes == ConvLanes.Outputs)
            {
                Panel = Plan.Add<T>(schedule.Strips > 1 ? 0 : (long)schedule.ChannelBlock * schedule.Grid.Taps * nr);
                ScratchLd = nr;
                ScratchSize = (long)nr * ConvSchedule.TurnedRows;
                Scratch = Plan.Add<T>(2 * ScratchSize);
                Start = Plan.Add<T>(schedule.PackedOutputs);
                return;
            }

            ScratchLd = schedule.Lanes == ConvLanes.Rows ? nr : schedule.InPlace ? ((schedule.Positions(layout.Rows, layout.Pitch) + nr - 1) / nr * nr) : nr;
            Panel = Plan.Add<T>(panel);
            ScratchSize = (long)ScratchLd * schedule.Tile.MR;
            Scratch = Plan.Add<T>(2 * ScratchSize);
            Start = Plan.Add<T>((long)schedule.Outputs * nr);
        }
    }

    private static void RunPart(void* state, int part)
    {
        Job* job = (Job*)state;
        using Workspace workspace = new(PlanOf(job->Schedules));
        long kept = -1;
        for (int i = 0; i < job->Ranges; i++)
        {
            int range = (part + i) % job->Ranges, schedule = 0;
            long firstUnit = 0;
            long end = job->Items * (range + 1) / job->Ranges;
            for (long item; (item = Interlocked.Increment(ref job->Next[range]) - 1) < end;)
            {
                Place place = new(job, item, ref schedule, ref firstUnit);
                if (place.FirstPanel == place.LastPanel)
                    continue;
                if (CallTrace.IsOn)
                    CallTrace.Work();
                Run(job, place, place.Unit == kept, workspace);
                kept = place.Unit;
            }
        }
    }

    /// <summary>Where an item is: which strip, of all and of its schedule, and its share of the filter panels, which may be none.</summary>
    private readonly struct Place
    {
        public readonly long Unit;
        public readonly int Schedule, Own, FirstPanel, LastPanel;

        /// <param name="job">All of them.</param>
        /// <param name="item">Its number.</param>
        /// <param name="schedule">The schedule of an earlier item, where the search begins; then that of this one.</param>
        /// <param name="first">The first strip of that schedule.</param>
        public Place(Job* job, long item, ref int schedule, ref long first)
        {
            Unit = item / job->Shares;
            for (long units; Unit - first >= (units = Units(job->Schedules[schedule], job->Problem)); schedule++)
                first += units;
            Schedule = schedule;
            Own = (int)(Unit - first);
            long panels = job->Schedules[Schedule].Panels.Count, share = item % job->Shares;
            FirstPanel = (int)(panels * share / job->Shares);
            LastPanel = (int)(panels * (share + 1) / job->Shares);
        }
    }

    private static void Run(Job* job, Place place, bool isSame, Workspace workspace)
    {
        ConvSchedule schedule = job->Schedules[place.Schedule];
        if (Half<TVec, THalf>.Exists && schedule.Tile.IsHalf)
            RunItem<GemmKernel<THalf, T, N2>>(schedule, job, place, isSame, workspace);
        else if (schedule.Tile.Vectors == 1)
            RunItem<GemmKernel<TVec, T, N1>>(schedule, job, place, isSame, workspace);
        else if (schedule.Tile.Vectors == 2)
            RunItem<GemmKernel<TVec, T, N2>>(schedule, job, place, isSame, workspace);
        else
            RunItem<GemmKernel<TVec, T, TFlat>>(schedule, job, place, isSame, workspace);
    }

    private static void Trace(ConvSchedule schedule, in Item item, int group)
    {
        CallTrace.Reach(schedule.Lanes == ConvLanes.Rows ? "rows in lanes"
            : schedule.Lanes == ConvLanes.Outputs ? "output channels in lanes"
            : "positions in lanes");
        CallTrace.Reach("strip", item.Row);
        CallTrace.Reach("group", group);
        CallTrace.Reach("panels", item.FirstPanel);
    }

    private static long Units(ConvSchedule schedule, in ConvProblem<T> problem) =>
        (long)((problem.Batch + schedule.Together - 1) / schedule.Together) * problem.Groups * schedule.Strips;

    /// <summary>One strip of one image, or of a few together, in work.</summary>
    private struct Item
    {
        public ConvSchedule Schedule;
        public Sizes Sizes;

        /// <summary>Filter panels [FirstPanel, LastPanel) are this item's.</summary>
        public int FirstPanel, LastPanel;

        /// <summary>Rows of the grid.</summary>
        public int Row, Rows;

        /// <summary>Whether tiles have the next one's part of the target fetched: the target is too large to be in L2.</summary>
        public bool FetchesTarget;

        /// <summary>Images that a tile takes together.</summary>
        public int Together;

        /// <summary>The packed filters of the group.</summary>
        public T* Filter;

        /// <summary>What chains begin with: the bias, or zeros, NR wide.</summary>
        public T* Start;
        public T* Strip, Panel, Scratch;
        public TargetWindow<TVec, T>* Targets;
    }

    /// <param name="schedule">What it belongs to.</param>
    /// <param name="job">All of them.</param>
    /// <param name="place">Which one.</param>
    /// <param name="isSame">Whether this thread's last item was of the same strip.</param>
    /// <param name="workspace">As it was for that item, so that the strip is still there.</param>
    private static void RunItem<TKernel>(ConvSchedule schedule, Job* job, Place place, bool isSame, Workspace workspace)
        where TKernel : struct, IGemmKernel<T>
    {
        ref readonly ConvProblem<T> problem = ref job->Problem;
        int unit = place.Own;
        Sizes sizes = new(schedule);
        Item item = new()
        {
            Schedule = schedule,
            Sizes = sizes,
            FirstPanel = place.FirstPanel,
            LastPanel = place.LastPanel,
            FetchesTarget = (long)problem.Batch * problem.Groups * schedule.Outputs * schedule.Grid.Height * schedule.Grid.Width * sizeof(T) > CacheSizes.L2,
            Strip = workspace.At(sizes.Strip),
            Panel = workspace.At(sizes.Panel),
            Scratch = workspace.At(sizes.Scratch),
            Start = workspace.At(sizes.Start),
        };
        TapGrid grid = schedule.Grid;
        int group = unit / schedule.Strips % problem.Groups;
        int firstImage = unit / schedule.Strips / problem.Groups * schedule.Together, images = Math.Min(schedule.Together, problem.Batch - firstImage);
        item.Row = unit % schedule.Strips * schedule.Layout.Rows;
        item.Rows = Math.Min(schedule.Layout.Rows, grid.Height - item.Row);
        item.Filter = problem.Filter + schedule.FilterStart + (group * schedule.FilterSize);
        int firstOutput = schedule.Panels.Start(item.FirstPanel), lastOutput = schedule.Panels.Start(item.LastPanel - 1) + schedule.Panels.Rows(item.LastPanel - 1);
        T* bias = problem.Bias + (group * schedule.PhaseOutputs.Channels);
        if (grid.Phases > 1)
        {
            for (int m = firstOutput; m < lastOutput; m++)
                item.Start[m] = problem.Bias == null || m >= schedule.Outputs ? T.Zero : bias[schedule.PhaseOutputs.Channel(m)];
        }
        else if (schedule.Lanes == ConvLanes.Outputs)
        {
            int biases = problem.Bias == null ? 0 : Math.Min(lastOutput, schedule.Outputs) - firstOutput;
            new Span<T>(bias + firstOutput, biases).CopyTo(new Span<T>(item.Start + firstOutput, biases));
            new Span<T>(item.Start + firstOutput + biases, lastOutput - firstOutput - biases).Clear();
        }
        else
        {
            for (int m = firstOutput; m < lastOutput; m++)
                new Span<T>(item.Start + ((nint)m * TKernel.NR), TKernel.NR).Fill(problem.Bias == null ? T.Zero : bias[m]);
        }

        if (CallTrace.IsOn)
            Trace(schedule, item, group);

        // The last images of a batch, too few to fill the tile together, run one at a time: the same chains.
        item.Together = images == schedule.Together ? images : 1;
        bool isFilled = isSame && schedule.KeepsStrip && item.Together == images;
        TargetWindow<TVec, T>* targets = stackalloc TargetWindow<TVec, T>[images];
        for (int image = 0; image < images; image++)
        {
            nint at = ((firstImage + image) * problem.TargetLayout.N) + (group * schedule.PhaseOutputs.Channels * problem.TargetLayout.C);
            targets[image] = new(grid, problem.TargetLayout, problem.Target, at, problem.Finish, item.Row, item.Rows);
        }

        for (int image = 0; image < images; image += item.Together)
        {
            item.Targets = targets + image;
            for (int block = 0; block < schedule.Blocks; block++)
            {
                int channel = block * schedule.ChannelBlock, channels = Math.Min(schedule.ChannelBlock, schedule.Channels - channel);
                if (CallTrace.IsOn)
                    CallTrace.Reach("block", block);
                for (int i = 0; i < item.Together && grid.Taps > 0; i++)
                {
                    T* source = problem.Source + ((firstImage + image + i) * problem.SourceLayout.N)
                        + ((((nint)group * schedule.Channels) + channel) * problem.SourceLayout.C);
                    if (schedule.Layout.IsImage)
                        item.Strip = source + (item.Row * problem.SourceLayout.H);
                    else if (!isFilled)
                        StripPacking<TVec, T>.Fill(schedule.Layout, source, problem.SourceLayout, channels, item.Row, item.Rows, item.Strip + (i * sizes.Image), sizes.Slack);
                }

                T beta = block > 0 ? T.One : problem.Beta;
                foreach (ConvSchedule.Band band in schedule.Bands)
                {
                    if (CallTrace.IsOn)
                        CallTrace.Reach("band", band.First);
                    // Half registers and single ones have no other way: ahead of time, the tiles of others are left out.
                    if (typeof(TKernel) == typeof(GemmKernel<TVec, T, N1>) || (Half<TVec, THalf>.Exists && typeof(TKernel) == typeof(GemmKernel<THalf, T, N2>)))
                        RunTurned<TKernel>(in item, problem, group, band, block, channels, beta);
                    else if (schedule.Lanes == ConvLanes.Outputs)
                        RunTurned<TKernel>(in item, problem, group, band, block, channels, beta);
                    else if (schedule.Lanes == ConvLanes.Rows)
                        RunRows<TKernel>(in item, band, channels * band.Taps, problem.TargetLayout, beta);
                    else
                        RunBand<TKernel>(in item, band, block, channels * band.Taps, beta);
                }
            }
        }
    }
}
