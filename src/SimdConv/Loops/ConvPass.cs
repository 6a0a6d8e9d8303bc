using System.Numerics;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>How the forward pass or the input gradient of a plan is run on one tier.</summary>
internal abstract unsafe class ConvPass<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Elements of the packed weights.</summary>
    public abstract long FilterSize { get; }

    /// <summary>Whether weights that are not packed are read as they are, from the problem's RawFilter: packing them ahead would only cost.</summary>
    public virtual bool ReadsWeights(int batch) => false;

    /// <summary>Lays K x C/Groups x R x S weights out as the tiles read them.</summary>
    public abstract void Pack(T* weights, T* panels, Execution execution);

    public abstract void Run(in ConvProblem<T> problem, Execution execution);

    /// <summary>What is left to do where weights aren't finite; null where every tap on padding is multiplied or there is none.</summary>
    public virtual PaddingRule? Padding => null;

    /// <summary>Bytes of workspace that <see cref="Run"/> takes on all threads together.</summary>
    public abstract long WorkspaceBytes(int batch, int threads);
}

/// <summary>One chain of multiply-adds for each output element.</summary>
internal sealed unsafe class DirectPass<T>(TierLoops<T> loops, ConvSchedule[] schedules, Conv2DShape shape, ConvDirection direction) : ConvPass<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>One for each grid.</summary>
    public ConvSchedule[] Schedules => schedules;

    public override long FilterSize => ConvSchedule.FilterSizeOf(schedules, shape.Groups);

    /// <summary>Panels that are read by one item only are packed there, while they are in cache.</summary>
    public override bool ReadsWeights(int batch) => ConvSchedule.UseEachPanelOnce(schedules, batch);

    public override void Pack(T* weights, T* panels, Execution execution) =>
        loops.PackFilter(schedules, new() { Weights = weights, Shape = shape, Direction = direction }, panels, execution);

    public override void Run(in ConvProblem<T> problem, Execution execution) => loops.Convolve(schedules, problem, execution);

    /// <summary>Which taps on padding are skipped depends on the tile; here they all count as such.</summary>
    public override PaddingRule? Padding { get; } = PaddingRule.OfAnyTaps(shape, direction);

    public override long WorkspaceBytes(int batch, int threads) => loops.ConvolveBytes(schedules) * threads;

    public override string ToString() => string.Join("; ", schedules.Select(schedule => schedule.ToString()).Distinct());
}

/// <summary>The same chains where images lie as matrices, as in most 1x1 convolutions: each is multiplied by the weights, which are A.</summary>
internal sealed unsafe class ProductPass<T> : ConvPass<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly TierLoops<T> loops;

    private readonly GemmProblem<T> product;

    public ProductPass(TierLoops<T> loops, Conv2DShape shape, ConvDirection direction, ImageLayout source, ImageLayout target)
    {
        this.loops = loops;
        StridedMatrix<T> weights = new() { RowStride = shape.C, ColumnStride = 1 };
        bool isForward = direction == ConvDirection.Forward;
        product = new()
        {
            M = isForward ? shape.K : shape.C,
            N = shape.H * shape.W,
            K = isForward ? shape.C : shape.K,
            Alpha = T.One,
            A = isForward ? weights : weights.Transposed,
            B = new() { RowStride = source.C, ColumnStride = 1 },
            Ldc = target.C,
        };
    }

    /// <summary>Whether the convolution is pointwise and its planes lie whole, pixels side by side, in both images.</summary>
    public static bool Suits(Conv2DShape shape, ImageLayout source, ImageLayout target) =>
        shape.Groups == 1 && shape.IsPointwise && (source.W, source.H) == (1, shape.W) && (target.W, target.H) == (1, shape.W);

    public override long FilterSize => (long)product.M * product.K;

    /// <summary>A single product packs them on its way.</summary>
    public override bool ReadsWeights(int batch) => batch == 1;

    public override void Pack(T* weights, T* panels, Execution execution)
    {
        StridedMatrix<T> matrix = product.A;
        matrix.Data = weights;
        loops.Pack(GemmSide.A, matrix, product.M, product.K, panels);
    }

    public override void Run(in ConvProblem<T> problem, Execution execution)
    {
        GemmBatch<T> products = new()
        {
            First = product,
            StrideB = problem.SourceLayout.N,
            StrideC = problem.TargetLayout.N,
            Count = problem.Batch,
            Tier = loops.Tier,
        };
        products.First.A.Data = problem.RawFilter.Weights;
        products.First.PackedA = problem.Filter;
        products.First.B.Data = problem.Source;
        products.First.C = problem.Target;
        products.First.Beta = problem.Beta;
        products.First.RowBias = problem.Bias;
        products.First.Finish = problem.Finish;
        GemmBatch<T>.Run(&products, execution);
    }

    public override long WorkspaceBytes(int batch, int threads) => loops.PackedBytes(product.M, product.N, product.K) * threads;

    public override string ToString() => "product of matrices";
}

/// <summary>The same chains for depthwise convolutions, plane by plane.</summary>
internal sealed unsafe class DepthwisePass<TVec, T>(DepthwiseSchedule schedule, Conv2DShape shape) : ConvPass<T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public override long FilterSize => (long)shape.K * schedule.Kernel.Length;

    public override bool ReadsWeights(int batch) =>
        schedule.Direction == ConvDirection.Forward && schedule.Kernel.Length == shape.R * shape.S;

    /// <summary>Tiles multiply padding, but grids need not have the taps that see nothing else.</summary>
    public override PaddingRule? Padding { get; } = PaddingRule.OfUnseenTaps(shape, schedule.Direction);

    public override void Pack(T* weights, T* panels, Execution execution) => schedule.Pack(shape.K, shape.R * shape.S, weights, panels);

    public override void Run(in ConvProblem<T> problem, Execution execution) => DepthwiseLoops<TVec, T>.Run(
        schedule, problem.Filter == null ? problem with { Filter = problem.RawFilter.Weights } : problem, execution);

    public override long WorkspaceBytes(int batch, int threads) => DepthwiseLoops<TVec, T>.WorkspaceBytes(schedule) * threads;

    public override string ToString() => schedule.ToString();
}
