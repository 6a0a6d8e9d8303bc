using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>
/// The same chains where images lie as matrices, as in most 1x1 convolutions: each is multiplied by the weights, which are A.
/// </summary>
internal sealed unsafe class ProductPass<TVec, THalf, T, TKernel> : ConvPass<T>
    where TVec : unmanaged, ILanes<TVec, T>
    where THalf : unmanaged, ILanes<THalf, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TKernel : struct, IGemmKernel<T>
{
    /// <summary>With 32 registers: least positions of a plane for each column by which its last panel sticks out.</summary>
    private const int LeastPositionsOfPadding = 8;

    private readonly GemmProblem<T> product;

    public ProductPass(Conv2DShape shape, ConvDirection direction, ImageLayout source, ImageLayout target)
    {
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

    /// <summary>
    /// Whether the convolution is pointwise and its planes lie whole, pixels side by side, in both images, and its products pay.
    /// Panels touch few pages, where the tile would read each term of a position from another one: 1.1 to 1.4 times as fast with
    /// the low tiles of sixteen registers, 1.0 to 1.15 times with those of 32, which lose as much again where the last panel of a
    /// plane isn't full.
    /// </summary>
    public static bool Suits(Conv2DShape shape, ImageLayout source, ImageLayout target)
    {
        long positions = (long)shape.P * shape.Q, panels = Shapes.DivideUp(positions, TKernel.NR);
        long padding = (panels * TKernel.NR) - positions;
        return shape.IsDense && shape.IsPointwise && source.HasWholePlanes(shape.W) && target.HasWholePlanes(shape.W)
            && (!TVec.HasManyRegisters || padding <= positions / LeastPositionsOfPadding);
    }

    public override long FilterSize => (long)product.M * product.K;

    /// <summary>A single product packs them on its way.</summary>
    public override bool ReadsWeights(int batch) => batch == 1;

    public override void Pack(T* weights, T* panels, Execution execution)
    {
        StridedMatrix<T> matrix = product.A;
        matrix.Data = weights;
        PackedLoops<TVec, THalf, T, TKernel>.PackWholeA(matrix, product.M, product.K, panels);
    }

    public override void AddLayout(List<int> layout) =>
        PackedLoops<TVec, THalf, T, TKernel>.AddLayoutOfA(product.M, product.K, layout);

    public override void Run(in ConvProblem<T> problem, Execution execution)
    {
        GemmBatch<T> products = new()
        {
            First = product,
            StrideB = problem.SourceLayout.N,
            StrideC = problem.TargetLayout.N,
            Count = problem.Batch,
        };
        products.First.A.Data = problem.RawFilter.Weights;
        products.First.PackedA = problem.Filter;
        products.First.B.Data = problem.Source;
        products.First.C = problem.Target;
        products.First.Beta = problem.Beta;
        products.First.RowBias = problem.Bias;
        products.First.RowBiasStep = 1;
        products.First.Finish = problem.Finish;
        BatchLoops<TVec, THalf, T, TKernel>.Run(&products, execution);
    }

    public override long WorkspaceBytes(int batch, int threads) =>
        PackedLoops<TVec, THalf, T, TKernel>.WorkspaceBytes(product.N, product.K) * threads;

    public override string ToString() => "product of matrices";
}
