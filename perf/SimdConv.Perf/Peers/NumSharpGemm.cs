using System.Numerics;
using NumSharp;
using SimdConv.Perf.Compare;
using SimdConv.Perf.Suites;

namespace SimdConv.Perf.Peers;

/// <summary>Products by NumSharp, into an array that is there; transposed operands are views, as NumPy has them.</summary>
internal static class NumSharpGemm
{
    public static bool TryLoad(int threads, out string said)
    {
        said = typeof(np).Assembly.GetName().Version!.ToString(3);
        if (threads == 1)
            return true;
        said = $"it has no number of threads; expected 1 instead of {threads}";
        return false;
    }

    public static Contestant Gemm<T>(GemmOperands<T> operands)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        GemmShape s = operands.Shape;
        NDArray a = ArrayOf(operands.A, s.Lda), b = ArrayOf(operands.B, s.Ldb), c = ArrayOf(operands.NewC(), s.N);
        NDArray left = s.TransA ? a.T : a, right = s.TransB ? b.T : b;
        return new NumSharpContestant<T>(() => np.matmul(left, right, c), c);
    }

    private static NDArray ArrayOf<T>(NativeArray<T> elements, int columns)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        np.array(elements.Span.ToArray()).reshape(elements.Length / columns, columns);

    private sealed class NumSharpContestant<T>(Action call, NDArray result) : CallContestant(PeerSet.NumSharp, call)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public override IReadOnlyList<NativeArray> Results() => [new ManagedArray<T>(result.ToArray<T>())];
    }
}
