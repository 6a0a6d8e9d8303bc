using SimdConv.Kernels;
using System.Numerics;

namespace SimdConv.Loops;

/// <summary>The loop nests closed over one tier: the one virtual call between the public API and the kernels.</summary>
internal abstract unsafe class TierLoops<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // The flat tile of 32 registers is 6x4, of 16 registers 4x3.
    private static readonly TierLoops<T>?[] Tiers =
    [
        new TierLoops<ScalarLanes<T>, T, N3>(),
        new TierLoops<VectorLanes<T>, T, N3>(),
        SimdSupport.IsSupported(SimdTier.Avx2) ? new TierLoops<Avx2Lanes<T>, T, N3>() : null,
        SimdSupport.IsSupported(SimdTier.Avx512) ? new TierLoops<Avx512Lanes<T>, T, N4>() : null,
    ];

    public static TierLoops<T> For(SimdTier tier) => Tiers[(int)tier]!;

    public abstract void Gemm(GemmProblem<T>* problem, Execution execution);
}

/// <summary>The loop nests over <typeparamref name="TVec"/>, its wide tile and its flat one.</summary>
internal sealed unsafe class TierLoops<TVec, T, TFlat> : TierLoops<T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TFlat : struct, IConstant
{
    public override void Gemm(GemmProblem<T>* problem, Execution execution)
    {
        // Few rows fill the registers better when each is longer.
        if (problem->M <= GemmKernel<TVec, T, TFlat>.MR)
            GemmLoops<TVec, T, GemmKernel<TVec, T, TFlat>>.Run(problem, execution);
        else
            GemmLoops<TVec, T, GemmKernel<TVec, T, N2>>.Run(problem, execution);
    }
}
