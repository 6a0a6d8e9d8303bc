using System.Numerics;
using SimdConv.Perf.Compare;
using SimdConv.Perf.Peers;
using SimdConv.Reference;

namespace SimdConv.Perf.Suites;

/// <summary>Matrix products: cubes, ragged and skinny ones, and those of the networks.</summary>
internal sealed class GemmSuite<T> : ISuite
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public string Name => "gemm";

    public IEnumerable<Case> Cases(CompareOptions options, PeerSet peers) =>
        ShapeFiles.Gemms(options.Shapes).Select(shape => new Case(
            shape.Network, shape.Text, "multiply", shape.Flops, shape.TrafficOf(Tolerances.SizeOf<T>()),
            Tolerances.OfSum<T>(shape.K))
        {
            InMean = !shape.IsMatrixVector,
            Create = () => Participants(shape, options.Threads, peers),
        });

    private static IReadOnlyList<Contestant> Participants(GemmShape shape, int threads, PeerSet peers)
    {
        GemmOperands<T> operands = new(shape);
        return peers.With(
            SimdConvs(operands, new Execution(threads)),
            (PeerSet.OpenBlas, () => OpenBlas.Gemm(operands)),
            (PeerSet.LibTorch, () => LibTorch.Gemm(operands)),
            (PeerSet.Blis, () => Blis.Gemm(operands)),
            (PeerSet.Libxsmm, () => Libxsmm.Gemm(operands, threads)),
            (PeerSet.MathNet, () => MathNetNumerics.Gemm(operands)),
            (PeerSet.NumSharp, () => NumSharpGemm.Gemm(operands)),
            (PeerSet.Native, () => NativeSimdConv.Gemm(operands, threads)),
            (PeerSet.Reference, () => References(operands)));
    }

    public static CallContestant SimdConvs(GemmOperands<T> o, Execution execution)
    {
        NativeArray<T> c = o.NewC();
        GemmShape s = o.Shape;
        Transpose transA = o.TransA, transB = o.TransB;
        return new CallContestant(
            PeerSet.SimdConv,
            () => Gemm.Multiply(transA, transB, s.M, s.N, s.K, T.One, o.A, s.Lda, o.B, s.Ldb, T.Zero, c, s.N, execution),
            c);
    }

    private static ReferenceContestant? References(GemmOperands<T> o)
    {
        NativeArray<T> c = o.NewC();
        GemmShape s = o.Shape;
        return s.Flops > ReferenceContestant.MaxFlops ? null : new ReferenceContestant(
            () => ReferenceGemm.Multiply(o.TransA, o.TransB, s.M, s.N, s.K, T.One, o.A, s.Lda, o.B, s.Ldb, T.Zero, c, s.N),
            c);
    }
}

/// <summary>The matrices that all participants of a row read.</summary>
internal sealed class GemmOperands<T>(GemmShape shape)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public GemmShape Shape => shape;

    public Transpose TransA => shape.TransA ? Transpose.Yes : Transpose.No;

    public Transpose TransB => shape.TransB ? Transpose.Yes : Transpose.No;

    public NativeArray<T> A { get; } = RandomData.Uniform<T>((long)shape.M * shape.K, 1);

    public NativeArray<T> B { get; } = RandomData.Uniform<T>((long)shape.K * shape.N, 2);

    public NativeArray<T> NewC() => new((long)shape.M * shape.N);
}
