using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>
/// Forward pass and input gradient of depthwise convolutions with channels in lanes, a register of channels at a time.
/// <code>
/// item: channels of a register, a strip of rows     shared out between threads
///   strip: [row][column][channel], padded           transposed from planes, or copied from pixels
///     pair of rows                                  tiles of columns into scratch memory, then to the target
/// </code>
/// For kernels whose taps are many beside the transposes, and where rows of a plane would fill registers badly.
/// </summary>
internal sealed unsafe class DepthwiseChannels<TVec, T> : ConvPass<T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>
    /// How much longer a multiply-add takes than in a dense convolution, with the transposes that go with so few.
    /// </summary>
    private const int TimesDense = 2;

    private const string Name = "depthwise, channels in lanes";

    private readonly DepthwiseChannelSchedule schedule;
    private readonly Conv2DShape shape;
    private readonly Scratch scratch;
    private readonly int[] offsets;

    public DepthwiseChannels(DepthwiseChannelSchedule schedule, Conv2DShape shape, ConvDirection direction)
    {
        (this.schedule, this.shape) = (schedule, shape);
        scratch = new(schedule);
        Padding = PaddingRule.OfUnseenTaps(shape, direction);
        TapGrid grid = schedule.Grid;
        offsets = [.. from row in grid.Rows
            from column in grid.Columns
            select (((row.Offset - grid.Rows[0].Offset) * schedule.Pitch) + column.Offset - grid.Columns[0].Offset)
                * TVec.Count];
    }

    public override long FilterSize => (long)Blocks * schedule.Grid.Taps * TVec.Count;

    /// <summary>Tiles multiply padding, but the grid need not have the taps that see nothing else.</summary>
    public override PaddingRule? Padding { get; }

    private int Blocks => Shapes.DivideUp(shape.C, TVec.Count);

    /// <summary>A block after the other, tap by tap; lanes behind the last channel are zero.</summary>
    public override void Pack(T* weights, T* panels, Execution execution)
    {
        TapGrid grid = schedule.Grid;
        for (int channel = 0; channel < shape.C; channel += TVec.Count)
        {
            int lanes = Math.Min(TVec.Count, shape.C - channel);
            foreach ((int row, _) in grid.Rows)
            {
                foreach ((int column, _) in grid.Columns)
                {
                    T* tap = weights + ((nint)channel * shape.KernelSize) + (row * shape.S) + column;
                    for (int lane = 0; lane < TVec.Count; lane++)
                        *panels++ = lane < lanes ? tap[(nint)lane * shape.KernelSize] : T.Zero;
                }
            }
        }
    }

    public override void AddLayout(List<int> layout)
    {
        layout.Add((int)PanelOrder.DepthwiseChannels);
        layout.Add(TVec.Count);
        schedule.Grid.AddTaps(layout);
    }

    public override void Run(in ConvProblem<T> problem, Execution execution)
    {
        TapGrid grid = schedule.Grid;
        long work = (long)problem.Batch * shape.C * grid.Taps * grid.Height * grid.Width;
        int threads = execution.ThreadsFor(work * TimesDense);
        Job job = new() { Pass = this, Problem = ref problem };
        WorkQueue.Run(ref job, (long)problem.Batch * Blocks * schedule.Strips, threads, execution);
    }

    public override long WorkspaceBytes(int batch, int threads) => scratch.Plan.Bytes * threads;

    public override string ToString() =>
        $"{Name}, {schedule.Strips} strip(s) of {schedule.Rows} rows";

    private readonly struct Scratch
    {
        public readonly ScratchPlan Plan = default;
        public readonly Piece<T> Strip, Outputs, Residuals, Start;

        public Scratch(DepthwiseChannelSchedule schedule)
        {
            // A tile reads, and goes on from, columns behind the last one, which are dropped.
            long outputs = ((2L * schedule.Grid.Width) + ChannelColumns.Wide) * TVec.Count;
            Strip = Plan.Add<T>(schedule.StripPixels * TVec.Count);
            Outputs = Plan.Add<T>(outputs);
            Residuals = Plan.Add<T>(outputs);
            Start = Plan.Add<T>(TVec.Count);
        }
    }

    private ref struct Job : ISharedWork
    {
        public DepthwiseChannels<TVec, T> Pass;
        public ref readonly ConvProblem<T> Problem;

        public readonly void Run(ref WorkQueue queue)
        {
            using Workspace workspace = new(Pass.scratch.Plan);
            new Span<T>(workspace.At(Pass.scratch.Strip), (int)(Pass.schedule.StripPixels * TVec.Count)).Clear();
            while (queue.Next(out long item))
                Pass.RunItem(in Problem, item, workspace);
        }
    }

    private void RunItem(in ConvProblem<T> problem, long item, Workspace workspace)
    {
        TapGrid grid = schedule.Grid;
        int row = (int)(item % schedule.Strips) * schedule.Rows, rows = Math.Min(schedule.Rows, grid.Height - row);
        long blocks = item / schedule.Strips;
        int block = (int)(blocks % Blocks), channel = block * TVec.Count, lanes = Math.Min(TVec.Count, shape.C - channel);
        nint image = (nint)(blocks / Blocks);
        T* strip = workspace.At(scratch.Strip), start = workspace.At(scratch.Start), outputs = workspace.At(scratch.Outputs);
        if (CallTrace.IsOn)
        {
            CallTrace.Reach(Name);
            CallTrace.Reach("strip", row);
        }

        Fill(problem.Source + (image * problem.SourceLayout.N) + (channel * problem.SourceLayout.C), problem.SourceLayout, lanes,
            row, rows, strip);
        TVec.Store(start, problem.Bias == null ? default : RowCopy<TVec, T>.LoadUpTo(problem.Bias + channel, lanes));
        TargetWindow<TVec, T> target = new(grid, problem.TargetLayout, problem.Target,
            (image * problem.TargetLayout.N) + (channel * problem.TargetLayout.C), problem.Finish, row, rows);
        fixed (int* places = offsets)
        {
            ChannelOperands<T> operands = new()
            {
                Weights = problem.Filter + ((nint)block * grid.Taps * TVec.Count),
                Offsets = places,
                Taps = grid.Taps,
                Start = start,
                GoOn = problem.Beta != T.Zero,
                Width = grid.Width,
                Stride = grid.StrideW,
                NextRow = (nint)grid.StrideH * schedule.Pitch * TVec.Count,
            };
            for (int i = 0; i < rows; i += 2)
            {
                int count = Math.Min(2, rows - i), position = i * grid.Width, positions = count * grid.Width;
                if (operands.GoOn)
                    target.LoadTransposed(
                        0, lanes, null, position, positions, grid.Width, outputs, TVec.Count, problem.Beta);
                ChannelTile<TVec, T>.Run(in operands, strip + (i * operands.NextRow), outputs, count);
                target.StoreTransposed(0, lanes, null, position, positions, grid.Width, outputs, TVec.Count,
                    workspace.At(scratch.Residuals), isLast: true);
            }
        }
    }

    /// <summary>
    /// The pixels that rows [row, row + rows) of outputs see. Columns of padding are zero already and stay zero; rows of padding
    /// are cleared where another strip has had pixels there.
    /// </summary>
    private void Fill(T* source, ImageLayout layout, int lanes, int row, int rows, T* strip)
    {
        TapGrid grid = schedule.Grid;
        int top = (row * grid.StrideH) + grid.Rows[0].Offset, seen = ((rows - 1) * grid.StrideH) + schedule.Height;
        int first = Math.Clamp(-top, 0, seen), last = Math.Clamp(grid.SourceHeight - top, first, seen);
        nint pitch = (nint)schedule.Pitch * TVec.Count;
        T* inside = strip + ((nint)schedule.First * TVec.Count), from = source + (schedule.Source * layout.W);
        for (int i = 0; i < seen && schedule.Inside > 0; i++, inside += pitch)
        {
            if (i >= first && i < last)
                LanePacking<TVec, T>.Gather(from + ((top + i) * layout.H), layout, lanes, 1, schedule.Inside, inside);
            else if (schedule.Strips > 1)
                new Span<T>(inside, schedule.Inside * TVec.Count).Clear();
        }
    }
}
