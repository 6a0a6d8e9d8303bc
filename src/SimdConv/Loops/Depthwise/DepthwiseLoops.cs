using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>
/// Forward pass and input gradient of depthwise convolutions, plane by plane.
/// <code>
/// item: some planes, or strips of one     shared out between threads
///   strip of rows, or some small planes   copy, padded and split by the stride: L1
///     phase, column of registers          one tile down all rows of each plane, straight to the target or by way of scratch
/// </code>
/// Scratch is for targets whose pixels aren't neighbours, for beta, and for sums over several output channels.
/// </summary>
internal sealed unsafe partial class DepthwiseLoops<TVec, T>(DepthwiseSchedule schedule, Conv2DShape shape) : ConvPass<T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Elements that a thread takes at a time.</summary>
    private const int Grain = 1 << 14;

    /// <summary>
    /// How much longer a multiply-add takes than in a dense convolution, with the loads, copies and stores that go with so few:
    /// at least.
    /// </summary>
    private const int TimesDense = 3;

    private readonly Scratch scratch = new(schedule);

    public override long FilterSize => (long)shape.K * schedule.Kernel.Length;

    public override bool ReadsWeights(int batch) =>
        schedule.Direction == ConvDirection.Forward && schedule.Kernel.Length == shape.KernelSize;

    /// <summary>Tiles multiply padding, but grids need not have the taps that see nothing else.</summary>
    public override PaddingRule? Padding { get; } = PaddingRule.OfUnseenTaps(shape, schedule.Direction);

    public override void Pack(T* weights, T* panels, Execution execution) =>
        schedule.Pack(shape.K, shape.KernelSize, weights, panels);

    public override void AddLayout(List<int> layout)
    {
        layout.Add((int)PanelOrder.Depthwise);
        layout.AddRange(schedule.Kernel);
    }

    public override void Run(in ConvProblem<T> problem, Execution execution)
    {
        StripLayout strip = schedule.Layout.Strip;
        long units = (long)problem.Batch * problem.Groups * schedule.Layout.Strips;
        long work = (long)problem.Batch * problem.Groups * schedule.Multiplier * schedule.Kernel.Length
            * strip.Grid.Height * strip.Grid.Width;
        int threads = execution.ThreadsFor(work * TimesDense);
        long grain = Math.Clamp(units / (4L * threads), 1, Math.Max(1, Grain / Math.Max(1, strip.ChannelSize)));
        Job job = new() { Pass = this, Problem = ref problem };
        WorkQueue.Run(ref job, units, threads, execution, grain);
    }

    public override long WorkspaceBytes(int batch, int threads) => scratch.Plan.Bytes * threads;

    public override string ToString() => schedule.ToString();

    /// <summary>The strip of the source, and the results of each phase and plane.</summary>
    private readonly struct Scratch
    {
        public readonly ScratchPlan Plan = default;
        public readonly Piece<T> Strip, Results;

        /// <summary>Elements of the strip; from one row of results to the next; of the results of one phase.</summary>
        public readonly long StripSize, PhaseSize;
        public readonly int Ld;

        public Scratch(DepthwiseSchedule schedule)
        {
            StripSize = ((long)schedule.Layout.Planes * schedule.Layout.Strip.ChannelSize) + schedule.Layout.Lead + TVec.Count;
            Ld = Shapes.RoundUp(schedule.Width, TVec.Count);

            // A tile that goes on from results looks two rows ahead.
            PhaseSize = (schedule.Rows + 2L) * Ld;
            Strip = Plan.Add<T>(StripSize);
            Results = Plan.Add<T>(PhaseSize * schedule.Phases.Length * schedule.Layout.Planes);
        }
    }

    private ref struct Job : ISharedWork
    {
        public DepthwiseLoops<TVec, T> Pass;
        public ref readonly ConvProblem<T> Problem;

        public readonly void Run(ref WorkQueue queue) => Pass.RunPart(in Problem, ref queue);
    }

    /// <summary>What a thread has in work: a strip of rows of some channels of an image.</summary>
    private ref struct Part
    {
        public DepthwiseSchedule Schedule;
        public ref readonly ConvProblem<T> Problem;
        public T* Weights;
        public int* Offsets;

        /// <summary>The strips of the source's planes, and of each channel and phase the results.</summary>
        public T* Strip, Scratch;
        public int Ld;
        public nint NextPhase, NextChannel;
        public nint Image, Channel;
        public int Channels, Row;

        /// <summary>Where the next strips begin in the source; null where nothing is fetched ahead.</summary>
        public T* Fetch;

        public readonly int Rows(TapGrid grid) => Math.Min(Schedule.Rows, grid.Height - Row);
    }

    private void RunPart(in ConvProblem<T> problem, ref WorkQueue queue)
    {
        using Workspace workspace = new(scratch.Plan);
        fixed (int* offsets = schedule.Offsets)
        {
            Part part = new()
            {
                Schedule = schedule,
                Problem = ref problem,
                Weights = problem.Filter == null ? problem.RawFilter.Weights : problem.Filter,
                Offsets = offsets,
                Strip = workspace.At(scratch.Strip) + schedule.Layout.Lead,
                Scratch = workspace.At(scratch.Results),
                Ld = scratch.Ld,
                NextPhase = (nint)scratch.PhaseSize,
                NextChannel = (nint)scratch.PhaseSize * schedule.Phases.Length,
            };
            new Span<T>(part.Strip, (int)scratch.StripSize - schedule.Layout.Lead).Clear();
            TapGrid grid = schedule.Layout.Strip.Grid;
            long source = (long)part.Problem.Batch * part.Problem.Groups * grid.SourceHeight * grid.SourceWidth;
            bool isFetching = source * sizeof(T) > 2L * CacheSizes.L2;
            while (queue.Next(out long first, out long last))
            {
                for (long unit = first; unit < last; unit += part.Channels)
                {
                    long plane = unit / schedule.Layout.Strips;
                    part.Row = (int)(unit % schedule.Layout.Strips) * schedule.Rows;
                    part.Image = (nint)(plane / part.Problem.Groups);
                    part.Channel = (nint)(plane % part.Problem.Groups);
                    long most = Math.Min(schedule.Layout.Planes, part.Problem.Groups - part.Channel);
                    part.Channels = (int)Math.Min(most, last - unit);
                    part.Fetch = isFetching ? Next(in part) : null;
                    if (CallTrace.IsOn)
                        CallTrace.Reach("strip", part.Row);
                    if (schedule.Direction == ConvDirection.Forward)
                        Forward(in part);
                    else
                        InputGradient(in part);
                }
            }
        }
    }

    /// <summary>Where the next strips lie in the source.</summary>
    private static T* Next(in Part part)
    {
        DepthwiseSchedule schedule = part.Schedule;
        ImageLayout source = part.Problem.SourceLayout;
        int filters = schedule.Direction == ConvDirection.Forward ? 1 : schedule.Multiplier;
        T* planes = part.Problem.Source + (part.Image * source.N) + (part.Channel * filters * source.C);
        return planes + (schedule.Layout.Strips > 1
            ? (nint)(part.Row + schedule.Rows) * schedule.Layout.Strip.Grid.StrideH * source.H
            : part.Channels * filters * source.C);
    }

    /// <summary>Copies what belongs to the strip of one in <paramref name="filters"/> source planes.</summary>
    private static void Fill(in Part part, int filters, int filter)
    {
        ImageLayout source = part.Problem.SourceLayout;
        PlaneLayout layout = part.Schedule.Layout;
        PlanePacking<TVec, T>.Fill(layout,
            part.Problem.Source + (part.Image * source.N) + (((part.Channel * filters) + filter) * source.C), source,
            part.Channels, filters * source.C, part.Row, part.Rows(layout.Strip.Grid), part.Strip, clear: layout.Strips > 1);
    }

    private static void Forward(in Part part)
    {
        DepthwiseSchedule schedule = part.Schedule;
        ref readonly ConvProblem<T> problem = ref part.Problem;
        ImageLayout layout = problem.TargetLayout;
        DepthwiseSchedule.Phase phase = schedule.Phases[0];
        TapGrid grid = phase.Grid;
        int rows = part.Rows(grid);
        Fill(in part, 1, 0);
        for (int filter = 0; filter < schedule.Multiplier; filter++)
        {
            nint k = (part.Channel * schedule.Multiplier) + filter, next = schedule.Multiplier * layout.C;
            T* target = problem.Target + (part.Image * layout.N) + (k * layout.C);
            if (layout.W != 1 || problem.Beta != T.Zero)
            {
                for (int i = 0; i < part.Channels && problem.Beta != T.Zero; i++)
                    Load(in part, grid, target + (i * next), part.Scratch + (i * part.NextChannel));
                RunPhase(in part, phase, k, problem.Beta != T.Zero, part.Scratch, part.Ld, part.NextChannel, inScratch: true);
                for (int i = 0; i < part.Channels; i++, target += next)
                    Store(in part, grid, target, part.Scratch + (i * part.NextChannel));
                continue;
            }

            target += part.Row * layout.H;
            RunPhase(in part, phase, k, goOn: false, target, layout.H, next, inScratch: false);
            for (int i = 0; i < part.Channels; i++)
                Finish(in problem, target + (i * next), rows, layout.H, grid.Width);
        }
    }

    /// <summary>What follows the last term of rows of outputs.</summary>
    private static void Finish(in ConvProblem<T> problem, T* row, int rows, nint next, int width)
    {
        Finish<T> finish = problem.Finish;
        for (; rows > 0 && !finish.IsNone; rows--, row += next)
            RowCopy<TVec, T>.Finish(in finish, (nint)(row - problem.Target), row, width);
    }

    private static void InputGradient(in Part part)
    {
        DepthwiseSchedule schedule = part.Schedule;
        ref readonly ConvProblem<T> problem = ref part.Problem;
        ImageLayout layout = problem.TargetLayout;
        T* target = problem.Target + (part.Image * layout.N) + (part.Channel * layout.C);
        for (int filter = 0; filter < schedule.Multiplier; filter++)
        {
            nint k = (part.Channel * schedule.Multiplier) + filter;
            bool goOn = problem.Beta != T.Zero || filter > 0;
            Fill(in part, schedule.Multiplier, filter);
            if (layout.W == 1 && schedule.Phases.Length == 1 && schedule.Multiplier == 1 && !goOn)
            {
                RunPhase(in part, schedule.Phases[0], k, goOn: false, target + (part.Row * layout.H), layout.H, layout.C,
                    inScratch: false);
                for (int i = 0; i < part.Channels; i++)
                    Finish(in problem, target + (i * layout.C) + (part.Row * layout.H), part.Rows(schedule.Phases[0].Grid),
                        layout.H, schedule.Phases[0].Grid.Width);
                return;
            }

            T* scratch = part.Scratch;
            foreach (DepthwiseSchedule.Phase phase in schedule.Phases)
            {
                for (int i = 0; i < part.Channels && problem.Beta != T.Zero && filter == 0; i++)
                    Load(in part, phase.Grid, target + (i * layout.C), scratch + (i * part.NextChannel));
                RunPhase(in part, phase, k, goOn, scratch, part.Ld, part.NextChannel, inScratch: true);
                scratch += part.NextPhase;
            }
        }

        for (int i = 0; i < part.Channels; i++)
            Scatter(in part, target + (i * layout.C), part.Scratch + (i * part.NextChannel));
    }

    /// <summary>All columns of a phase, of every <see cref="DepthwiseSchedule.Multiplier"/>th output channel from k on.</summary>
    private static void RunPhase(in Part part, DepthwiseSchedule.Phase phase, nint k, bool goOn, T* target, nint ld,
        nint nextTarget, bool inScratch)
    {
        int w = TVec.Count, width = phase.Grid.Width, last = (width - 1) / w * w, rows = part.Rows(phase.Grid),
            taps = part.Schedule.Kernel.Length;
        bool isForward = part.Schedule.Direction == ConvDirection.Forward;
        if (rows <= 0)
            return;
        DepthwiseColumn<T> column = new()
        {
            Strip = part.Strip + last,
            Offsets = part.Offsets + phase.Start,
            Pitch = part.Schedule.Layout.Strip.Pitch,
            Shared = phase.Shared,
            Taps = phase.Grid.Taps,
            Rows = rows,
            Weights = part.Weights + (k * taps) + phase.Start,
            Bias = part.Problem.Bias == null ? null : part.Problem.Bias + (isForward ? k : part.Channel),
            NextBias = isForward ? part.Schedule.Multiplier : 1,
            GoOn = goOn,
            Target = target + last,
            NextRow = ld,
            Count = width - last,
            WholeRows = rows,
            Planes = part.Channels,
            NextStrip = part.Schedule.Layout.Strip.ChannelSize,
            NextTarget = nextTarget,
            NextWeights = part.Schedule.Multiplier * taps,
            Fetch = part.Fetch,
        };

        // Registers of the only row are rows a register apart to a tile, so that it has several chains under way.
        if (rows == 1 && phase.Shared == 0)
        {
            column.Strip = part.Strip;
            column.Target = target;
            column.Pitch = column.NextRow = w;
            column.Rows = (last / w) + 1;
            column.WholeRows = inScratch || column.Count == w ? column.Rows : column.Rows - 1;
            DepthwiseTile<TVec, T>.Run(in column);
            return;
        }

        // The last column comes first. In scratch, and where rows follow each other, it stores whole registers: what they spoil
        // is written later, but behind the last row nothing may be.
        int ahead = w - column.Count;
        if (ahead > 0 && !inScratch)
            column.WholeRows = ld == width ? Math.Max(0, rows - Shapes.DivideUp(ahead, width)) : 0;
        DepthwiseTile<TVec, T>.Run(in column);
        column.WholeRows = rows;
        for (int j = 0; j < last; j += w)
        {
            column.Strip = part.Strip + j;
            column.Target = target + j;
            column.Fetch = column.Fetch == null
                ? null
                : column.Fetch + ((nint)part.Channels * rows * DepthwiseTile<TVec, T>.Fetched(column.Shared));
            DepthwiseTile<TVec, T>.Run(in column);
        }
    }
}
