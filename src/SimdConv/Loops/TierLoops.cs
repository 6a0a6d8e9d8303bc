using System.Numerics;
using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>The loop nests closed over one tier: the one virtual call between the public API and the kernels.</summary>
internal abstract unsafe class TierLoops<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // The switches stand here by themselves, where a trimmer sees them. The flat tile of 32 registers is 6x4, of 16 registers 4x3.
    private static readonly TierLoops<T>?[] Tiers =
    [
        SimdSupport.HasScalar ? new TierLoops<ScalarLanes<T>, T, N3>() : null,
        SimdSupport.HasVectorT ? new TierLoops<VectorLanes<T>, T, N3>() : null,
        SimdSupport.HasAvx2 && SimdSupport.IsSupported(SimdTier.Avx2) ? new TierLoops<Avx2Lanes<T>, T, N3>() : null,
        SimdSupport.HasAvx512 && SimdSupport.IsSupported(SimdTier.Avx512) ? new TierLoops<Avx512Lanes<T>, T, N4>() : null,
    ];

    public static TierLoops<T> For(SimdTier tier) => Tiers[(int)tier]!;

    public abstract void Gemm(GemmProblem<T>* problem, in Execution execution);

    /// <summary>The GEMM tiles of this tier, the wide one first.</summary>
    public abstract KernelInfo[] Kernels(SimdTier tier);

    /// <summary>Elements of all panels of op(A), m x k, or of op(B), k x n, of which <paramref name="size"/> is m or n.</summary>
    public abstract long PackedSize(GemmSide side, int size, int k);

    /// <summary>Packs all panels of op(A) or op(B).</summary>
    public abstract void Pack(GemmSide side, StridedMatrix<T> matrix, int size, int k, T* packed);

    public abstract void Elementwise(ElementwiseOperation operation, T* x, T* y, T* target, nint count, T factor);

    /// <summary>The block sizes and tables that this tier runs a pass with.</summary>
    public abstract ConvSchedule[] Schedule(IEnumerable<TapGrid> grids, int outputs, int channels, int groups);

    /// <summary>Forward pass or input gradient.</summary>
    public abstract void Convolve(ConvSchedule[] schedules, in ConvProblem<T> problem, Execution execution);

    /// <summary>Bytes of workspace that <see cref="Convolve"/> takes on each thread.</summary>
    public abstract long ConvolveBytes(ConvSchedule[] schedules);

    /// <summary>Pooling, forward and backward.</summary>
    public abstract void Pool(PoolSchedule schedule, in PoolProblem<T> problem, Execution execution);

    /// <summary>im2col, or col2im where <see cref="ColumnProblem{T}.Fold"/> is set.</summary>
    public abstract void Columns(IndexTable table, in ColumnProblem<T> problem, Execution execution);

    /// <summary>The block sizes and tables of the weight gradient.</summary>
    public abstract FilterSchedule FilterSchedule(Conv2DShape shape);

    /// <summary>Weight and bias gradient.</summary>
    public abstract void FilterGradient(FilterSchedule schedule, in FilterProblem<T> problem, Execution execution);

    /// <summary>Bytes of workspace that <see cref="FilterGradient"/> takes in all.</summary>
    public abstract long FilterGradientBytes(FilterSchedule schedule, int batch, int threads);
}

/// <summary>The loop nests over <typeparamref name="TVec"/>, its wide tile and its flat one.</summary>
internal sealed unsafe class TierLoops<TVec, T, TFlat> : TierLoops<T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TFlat : struct, IConstant
{
    public override void Gemm(GemmProblem<T>* problem, in Execution execution)
    {
        // A packed B doesn't know M: its panels are those of the wide tile.
        if (problem->PackedB == null && IsFlat(problem->M))
            GemmLoops<TVec, T, GemmKernel<TVec, T, TFlat>>.Run(problem, execution);
        else
            GemmLoops<TVec, T, GemmKernel<TVec, T, N2>>.Run(problem, execution);
    }

    public override KernelInfo[] Kernels(SimdTier tier) =>
        [GemmLoops<TVec, T, GemmKernel<TVec, T, N2>>.Info(tier), GemmLoops<TVec, T, GemmKernel<TVec, T, TFlat>>.Info(tier)];

    public override long PackedSize(GemmSide side, int size, int k) => checked((long)k * (side == GemmSide.A
        ? size
        : GemmLoops<TVec, T, GemmKernel<TVec, T, N2>>.PackedColumns(size)));

    public override void Pack(GemmSide side, StridedMatrix<T> matrix, int size, int k, T* packed)
    {
        if (side == GemmSide.B)
            GemmLoops<TVec, T, GemmKernel<TVec, T, N2>>.PackWholeB(matrix, size, k, packed);
        else if (IsFlat(size))
            GemmLoops<TVec, T, GemmKernel<TVec, T, TFlat>>.PackWholeA(matrix, size, k, packed);
        else
            GemmLoops<TVec, T, GemmKernel<TVec, T, N2>>.PackWholeA(matrix, size, k, packed);
    }

    public override void Elementwise(ElementwiseOperation operation, T* x, T* y, T* target, nint count, T factor) =>
        ElementwiseLoops<TVec, T>.Run(operation, x, y, target, count, factor);

    public override ConvSchedule[] Schedule(IEnumerable<TapGrid> grids, int outputs, int channels, int groups) =>
        ConvSchedule.Make(grids, outputs, channels, groups, [Tile<N2>(), Tile<TFlat>(), Tile<N1>()], sizeof(T));

    public override void Convolve(ConvSchedule[] schedules, in ConvProblem<T> problem, Execution execution) =>
        ConvLoops<TVec, T, TFlat>.Run(schedules, problem, execution);

    public override long ConvolveBytes(ConvSchedule[] schedules) => ConvLoops<TVec, T, TFlat>.WorkspaceBytes(schedules);

    public override void Pool(PoolSchedule schedule, in PoolProblem<T> problem, Execution execution) =>
        PoolLoops<TVec, T>.Run(schedule, problem, execution);

    public override void Columns(IndexTable table, in ColumnProblem<T> problem, Execution execution) =>
        ColumnLoops<TVec, T>.Run(table, problem, execution);

    public override FilterSchedule FilterSchedule(Conv2DShape shape) => new(shape, TVec.Count, sizeof(T));

    public override void FilterGradient(FilterSchedule schedule, in FilterProblem<T> problem, Execution execution)
    {
        if (TVec.Registers == 32)
            FilterLoops<TVec, T, N3>.Run(schedule, problem, execution);
        else
            FilterLoops<TVec, T, N2>.Run(schedule, problem, execution);
    }

    public override long FilterGradientBytes(FilterSchedule schedule, int batch, int threads) =>
        FilterLoops<TVec, T, N1>.WorkspaceBytes(schedule, batch, threads);

    private static ConvTile Tile<TVectors>()
        where TVectors : struct, IConstant =>
        new(GemmKernel<TVec, T, TVectors>.MR, TVectors.Value, GemmKernel<TVec, T, TVectors>.NR);

    /// <summary>Few rows of C fill the registers better when each is longer.</summary>
    private static bool IsFlat(int rows) => rows <= GemmKernel<TVec, T, TFlat>.MR;
}
