using System.Numerics;
using SimdConv.Kernels;
using SimdConv.Packing;
using SimdConv.Simd;

namespace SimdConv.Perf.Benchmarks;

/// <summary>One tier's tile and packing, behind a virtual call.</summary>
internal abstract unsafe class KernelCalls<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Rows and columns of the tallest tile.</summary>
    public abstract int MR { get; }

    public abstract int NR { get; }

    /// <param name="tier">Whose registers.</param>
    /// <param name="vectors">Registers across a row of the tile: 2, 3 or 4.</param>
    public static KernelCalls<T> For(SimdTier tier, int vectors) =>
        TierTable.Find(tier)!.Use<T, Maker, KernelCalls<T>>(new(vectors));

    /// <summary>The tile with panels that follow each other without a gap.</summary>
    public abstract void Tile(int kc, T* a, T* b, T* c);

    public abstract void PackA(StridedMatrix<T> a, int kc, T* panel);

    public abstract void PackB(StridedMatrix<T> b, int kc, T* panel);

    private readonly struct Maker(int vectors) : ILanesUser<T, KernelCalls<T>>
    {
        public KernelCalls<T> Use<TVec, THalf>()
            where TVec : unmanaged, ILanes<TVec, T>
            where THalf : unmanaged, ILanes<THalf, T> => vectors switch
            {
                2 => new Closed<TVec, N2>(),
                3 => new Closed<TVec, N3>(),
                _ => new Closed<TVec, N4>(),
            };
    }

    private sealed class Closed<TVec, TVectors> : KernelCalls<T>
        where TVec : unmanaged, ILanes<TVec, T>
        where TVectors : struct, IConstant
    {
        public override int MR => GemmKernel<TVec, T, TVectors>.MR;

        public override int NR => GemmKernel<TVec, T, TVectors>.NR;

        public override void Tile(int kc, T* a, T* b, T* c)
        {
            StridedB way = new(NR);
            GemmKernel<TVec, T, TVectors>.Run(MR, kc, a, b, c, NR, c, NR, &way);
        }

        public override void PackA(StridedMatrix<T> a, int kc, T* panel) => MatrixPacking<TVec, T>.PackA(a, MR, kc, T.One, panel);

        public override void PackB(StridedMatrix<T> b, int kc, T* panel) => MatrixPacking<TVec, T>.PackB(b, kc, NR, NR, panel);
    }
}
