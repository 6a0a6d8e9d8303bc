using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>
/// Weight and bias gradient of images that are innermost on both sides. Neighbouring positions are the images of one pixel and
/// then those of the next one; lanes are such positions, or output channels where these fill registers.
/// <code>
/// item: chunk of output rows, group, block of input channels, block of output channels     shared out between threads
///   rows, columns             read x in place, or copy what the taps see of it: padded, stride 1
///     piece of positions      copy dY, with zeros behind each row, or lay it out as [position][output channel]; add db
///       output channels and taps by tiles     LaneSums, or WeightGradientSums
///   add virtual lanes, transpose the item's sums to dW
/// several chunks: add them in a balanced tree
/// </code>
/// </summary>
internal sealed unsafe partial class ImageGradientLoops<TVec, THalf, T, TVectors>(Conv2DShape shape) : WeightGradientPass<T>
    where TVec : unmanaged, ILanes<TVec, T>
    where THalf : unmanaged, ILanes<THalf, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TVectors : struct, IConstant
{
    private readonly TapGrid grid = TapGrid.WeightGradient(shape);

    public override void Run(in WeightGradientProblem<T> problem, Execution execution)
    {
        ImageGradientSchedule schedule = new(shape, grid, problem.Batch, TVec.Count, sizeof(T));
        int chunks = ImageGradientSchedule.Order(shape, problem.Batch).Chunks;
        using Workspace workspace = new(Partials(chunks, out Piece<T> partials));
        Job job = new()
        {
            Schedule = schedule,
            Problem = ref problem,
            Chunks = chunks,
            Items = new(shape, chunks, schedule.ChannelBlock, schedule.OutputBlock, problem.DW != null, problem.DB != null),
            Partial = workspace.At(partials),
            ReadsImage = schedule.ReadsImage(problem.XLayout),
        };
        job.Pitch = job.ReadsImage ? grid.StrideH * problem.XLayout.H : (nint)schedule.Pitch * problem.Batch;
        long work = (long)problem.Batch * shape.P * shape.Q * shape.WeightCount;
        WorkQueue.Run(ref job, job.Items.Count, execution.ThreadsFor(work), execution);
        if (chunks > 1)
            ChunkSums<TVec, T>.Finish(in problem, shape, job.Partial, chunks);
    }

    public override long WorkspaceBytes(int batch, int threads)
    {
        int chunks = ImageGradientSchedule.Order(shape, batch).Chunks;
        return Partials(chunks, out _).Bytes + (threads * new Scratch(new(shape, grid, batch, TVec.Count, sizeof(T))).Plan.Bytes);
    }

    public override string ToString() =>
        ImageGradientSchedule.LanesOf(shape) == 1 ? "images innermost, output channels in lanes" : "images in lanes";

    /// <summary>dW and, behind it, db of each of several chunks.</summary>
    private ScratchPlan Partials(int chunks, out Piece<T> partials) =>
        ScratchPlan.Of(chunks == 1 ? 0 : (long)ChunkSums<TVec, T>.Size(shape) * chunks, out partials);

    /// <summary>What one thread works with.</summary>
    private readonly struct Scratch
    {
        public readonly ScratchPlan Plan = default;

        /// <summary>The copy of x, the offsets of taps into it or into x, and a piece of dY.</summary>
        public readonly Piece<T> Strip, DY;
        public readonly Piece<int> Offsets;

        /// <summary>[output][tap][lane], the bias behind; [tap][output]; blocks of the bias that are summed up.</summary>
        public readonly Piece<T> Lanes, Sums, BiasBlocks;

        public Scratch(in ImageGradientSchedule schedule)
        {
            long taps = (long)schedule.ChannelBlock * schedule.Grid.Taps, outputs = schedule.OutputBlock;
            Strip = Plan.Add<T>((long)schedule.ChannelBlock * schedule.ChannelSize * schedule.Batch);
            DY = Plan.Add<T>(schedule.LdOutputs * ImageGradientSchedule.PieceSize);
            Offsets = Plan.Add<int>(taps);
            Lanes = Plan.Add<T>(schedule.Lanes == 1 ? 0 : schedule.Lanes * outputs * (taps + 1));
            Sums = Plan.Add<T>((taps + 1) * schedule.LdOutputs);
            BiasBlocks = Plan.Add<T>(outputs * BiasTree<T>.Levels(schedule.Shape.P, (double)schedule.Shape.Q * schedule.Batch,
                schedule.Lanes));
        }
    }

    private ref struct Job : ISharedWork
    {
        public ImageGradientSchedule Schedule;
        public ref readonly WeightGradientProblem<T> Problem;
        public GradientItems Items;
        public int Chunks;

        /// <summary>Sums of each chunk where there are several: dW with db behind it.</summary>
        public T* Partial;

        /// <summary>Whether x is read in place, and from one row of positions to the next in x or in its copy.</summary>
        public bool ReadsImage;

        /// <inheritdoc cref="ReadsImage"/>
        public nint Pitch;

        /// <summary>What the thread has that runs this copy of the job: see <see cref="Scratch"/>.</summary>
        public T* Strip, DY, Lanes, Sums, BiasBlocks;

        /// <inheritdoc cref="Strip"/>
        public int* Offsets;

        public readonly void Run(ref WorkQueue queue) => RunPart(this, ref queue);
    }
}
