using System.Numerics;
using MathNet.Numerics;
using MathNet.Numerics.LinearAlgebra;
using SimdConv.Perf.Compare;
using SimdConv.Perf.Suites;

namespace SimdConv.Perf.Peers;

/// <summary>Math.NET Numerics with its managed provider, which users have if they install nothing else.</summary>
internal static class MathNetNumerics
{
    /// <summary>The most operations of a call that it is asked for: a second or so.</summary>
    private const double MaxFlops = 1e9;

    public static bool TryLoad(int threads, out string said)
    {
        Control.UseManaged();
        if (threads == 1)
            Control.UseSingleThread();
        else
            Control.UseMultiThreading();
        Control.MaxDegreeOfParallelism = threads;
        said = typeof(Control).Assembly.GetName().Version!.ToString(3);
        return true;
    }

    /// <summary>
    /// Null for a product that takes it too long, or whose operands are both transposed. Its matrices lie by columns: C' = B' A'.
    /// </summary>
    public static Contestant? Gemm<T>(GemmOperands<T> operands)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        GemmShape s = operands.Shape;
        if (s.Flops > MaxFlops || (s.TransA && s.TransB))
            return null;
        T[] result = new T[s.M * s.N];
        Matrix<T> left = OfColumns(s.Ldb, operands.B.Span.ToArray()), right = OfColumns(s.Lda, operands.A.Span.ToArray()),
            c = OfColumns(s.N, result);
        return new FewSamples(PeerSet.MathNet,
            s.TransA ? () => left.TransposeAndMultiply(right, c)
            : s.TransB ? () => left.TransposeThisAndMultiply(right, c)
            : () => left.Multiply(right, c),
            new ManagedArray<T>(result));
    }

    private static Matrix<T> OfColumns<T>(int rows, T[] columns)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Matrix<T>.Build.Dense(rows, columns.Length / rows, columns);
}
