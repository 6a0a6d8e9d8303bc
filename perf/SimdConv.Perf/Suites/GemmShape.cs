using SimdConv.Perf.Compare;

namespace SimdConv.Perf.Suites;

/// <summary>C (m x n) = op(A) (m x k) * op(B) (k x n), row-major and contiguous.</summary>
internal sealed record GemmShape(string Network, int M, int N, int K, bool TransA, bool TransB) : IWork
{
    public double Flops => 2.0 * M * N * K;

    public double FlopsIn(SimdTier tier) => Flops;

    public Traffic TrafficOf(int size) => new((((long)M * K) + ((long)K * N)) * size, (long)M * N * size);

    /// <summary>Bound by memory, not by arithmetic.</summary>
    public bool IsMatrixVector => M == 1 || N == 1;

    public int Lda => TransA ? M : K;

    public int Ldb => TransB ? K : N;

    public string Text => $"m={M},n={N},k={K}{(TransA ? ",ta=1" : "")}{(TransB ? ",tb=1" : "")}";

    public override string ToString() => Text;

    public static GemmShape Parse(ShapeLine line)
    {
        GemmShape shape =
            new(line.Network, line.Number("m", 1), line.Number("n", 1), line.Number("k", 1), line.Flag("ta"), line.Flag("tb"));
        line.RequireAllRead();
        return shape;
    }
}
