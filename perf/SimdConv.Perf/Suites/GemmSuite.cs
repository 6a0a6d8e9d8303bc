using System.Numerics;
using SimdConv.Perf.Compare;
using SimdConv.Perf.Peers;

namespace SimdConv.Perf.Suites;

/// <summary>Matrix products: cubes, ragged and skinny ones, and those of the networks.</summary>
internal sealed class GemmSuite<T> : ISuite
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public string Name => "gemm";

    public IEnumerable<Case> Cases(CompareOptions options, PeerSet peers) =>
        ShapeFiles.Gemms(options.Shapes).Distinct().OrderBy(shape => shape.Flops).Select(shape => new Case(
            shape.ToString(), "multiply", shape.Flops, (double)shape.Elements * Tolerances.SizeOf<T>(), Tolerances.OfSum<T>(shape.K))
        {
            InMean = !shape.IsMatrixVector,
            Create = () => Participants(shape, options.Threads, peers),
        });

    private static IReadOnlyList<Contestant> Participants(GemmShape shape, int threads, PeerSet peers)
    {
        GemmOperands<T> operands = new(shape);
        return peers.With(
            new SimdConvGemm<T>(operands, threads),
            (PeerSet.OpenBlas, () => new OpenBlasGemm<T>(operands)),
            (PeerSet.LibTorch, () => new LibTorchGemm<T>(operands)));
    }
}

/// <summary>The matrices that all participants of a row read.</summary>
internal sealed class GemmOperands<T>(GemmShape shape)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public GemmShape Shape => shape;

    public NativeArray<T> A { get; } = RandomData.Uniform<T>((long)shape.M * shape.K, 1);

    public NativeArray<T> B { get; } = RandomData.Uniform<T>((long)shape.K * shape.N, 2);

    public NativeArray<T> NewC() => new((long)shape.M * shape.N);
}

internal sealed class SimdConvGemm<T>(GemmOperands<T> operands, int threads) : Contestant("SimdConv")
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly NativeArray<T> c = operands.NewC();
    private readonly Execution execution = new(threads);

    public override IReadOnlyList<double[]> Results() => [RandomData.ToDoubles<T>(c)];

    protected override void Call()
    {
        GemmShape s = operands.Shape;
        Gemm.Multiply(s.TransA ? Transpose.Yes : Transpose.No, s.TransB ? Transpose.Yes : Transpose.No, s.M, s.N, s.K,
            T.One, operands.A, s.Lda, operands.B, s.Ldb, T.Zero, c, s.N, execution);
    }
}
