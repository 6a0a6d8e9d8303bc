using System.Numerics;
using SimdConv.Perf.Compare;
using SimdConv.Perf.Peers;

namespace SimdConv.Perf.Suites;

/// <summary>im2col and col2im as operations of their own, in PyTorch's order of columns.</summary>
internal sealed class Im2ColSuite<T> : ISuite
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public string Name => "im2col";

    public IEnumerable<Case> Cases(CompareOptions options, PeerSet peers)
    {
        Execution execution = new(options.Threads);
        foreach (ConvShape row in ShapeFiles.Im2Cols(options.Shapes))
        {
            long image = row.Inputs * Tolerances.SizeOf<T>(), columns = row.ColumnElements * Tolerances.SizeOf<T>();
            yield return new Case(row.Network, row.Text, "unfold", 0, new Traffic(image, columns), Tolerances.OfSum<T>(1))
            {
                Create = () => UnfoldParticipants(new ConvOperands<T>(row), row.ColumnElements, execution, peers),
            };
            yield return new Case(row.Network, row.Text, "fold", 0, new Traffic(columns, image),
                Tolerances.OfSum<T>(row.Shape.R * row.Shape.S))
            {
                Create = () =>
                    FoldParticipants(new ConvOperands<T>(row), RandomData.Uniform<T>(row.ColumnElements, 5), execution, peers),
            };
        }
    }

    private static IReadOnlyList<Contestant> UnfoldParticipants(
        ConvOperands<T> o, long columnElements, Execution execution, PeerSet peers)
    {
        IndexTable table = new(o.Shape);
        NativeArray<T> columns = new(columnElements);
        ColumnLayout layout = ColumnLayout.PerImage(table);
        return peers.With(
            new CallContestant(
                PeerSet.SimdConv,
                () => Im2Col.Unfold<T>(table, o.Batch, o.X, columns, layout, execution),
                columns),
            (PeerSet.LibTorch, () => IsSymmetric(o.Shape) ? LibTorch.Unfold(o) : null));
    }

    private static IReadOnlyList<Contestant> FoldParticipants(
        ConvOperands<T> o, NativeArray<T> columns, Execution execution, PeerSet peers)
    {
        IndexTable table = new(o.Shape);
        NativeArray<T> x = o.NewX();
        ColumnLayout layout = ColumnLayout.PerImage(table);
        return peers.With(
            new CallContestant(
                PeerSet.SimdConv,
                () => Col2Im.Fold<T>(table, o.Batch, columns, layout, x, execution),
                x),
            (PeerSet.LibTorch, () => IsSymmetric(o.Shape) ? LibTorch.Fold(o, columns) : null));
    }

    /// <summary>libtorch's unfold and fold know no other padding.</summary>
    private static bool IsSymmetric(Conv2DShape shape) => shape.PadTop == shape.PadBottom && shape.PadLeft == shape.PadRight;
}
