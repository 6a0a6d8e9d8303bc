using System.Numerics;
using SimdConv.Perf.Compare;
using SimdConv.Perf.Peers;

namespace SimdConv.Perf.Suites;

/// <summary>
/// Winograd's algorithm where it pays to ask a plan for it, beside the forward convolutions of the peers, of which none has it.
/// Rates count the multiply-adds of the plain sum, so that they may be above the peak.
/// </summary>
internal sealed class WinogradSuite<T> : ISuite
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int LeastChannels = 64;

    public string Name => "winograd";

    private static readonly (ConvAlgorithm Algorithm, string Direction)[] Ways =
        [(ConvAlgorithm.WinogradF2, "forward-f2"), (ConvAlgorithm.WinogradF4, "forward-f4")];

    public IEnumerable<Case> Cases(CompareOptions options, PeerSet peers) =>
        from shape in ShapeFiles.Convs(options.Shapes)
        where IsWorthIt(shape.Shape)
        from way in Ways
        let row = shape with { Algorithm = way.Algorithm }
        select new Case(row.Network, row.Text, way.Direction, row.Flops, row.TrafficOf(Tolerances.SizeOf<T>()),
            Tolerances.OfConv<T>(row, row.Shape.Taps))
        {
            Create = () => Participants(new ConvOperands<T>(row), options.Threads, peers),
        };

    private static IReadOnlyList<Contestant> Participants(ConvOperands<T> operands, int threads, PeerSet peers) =>
        peers.With(
        ConvSuite<T>.Packed(operands, new Execution(threads)),
        (PeerSet.OnnxRuntime, () => ConvSuite<T>.Onnx(operands, threads)),
        (PeerSet.LibTorch, () => LibTorch.Conv(operands)));

    private static bool IsWorthIt(Conv2DShape shape) => shape is
    {
        R: 3, S: 3, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Groups: 1, C: >= LeastChannels, K: >= LeastChannels,
    };
}
