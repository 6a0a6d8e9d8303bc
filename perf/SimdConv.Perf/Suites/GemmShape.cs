namespace SimdConv.Perf.Suites;

/// <summary>C (m x n) = op(A) (m x k) * op(B) (k x n), row-major and contiguous.</summary>
internal sealed record GemmShape(int M, int N, int K, bool TransA, bool TransB) : IWork
{
    public double Flops => 2.0 * M * N * K;

    public double FlopsIn(SimdTier tier) => Flops;

    public long Elements => ((long)M * K) + ((long)K * N) + ((long)M * N);

    /// <summary>Bound by memory, not by arithmetic.</summary>
    public bool IsMatrixVector => M == 1 || N == 1;

    public int Lda => TransA ? M : K;

    public int Ldb => TransB ? K : N;

    public override string ToString() => $"m={M},n={N},k={K}{(TransA ? ",ta=1" : "")}{(TransB ? ",tb=1" : "")}";

    public static GemmShape Parse(ShapeLine line)
    {
        GemmShape shape = new(line.Number("m", 1), line.Number("n", 1), line.Number("k", 1),
            line.Number("ta", 0, 0) != 0, line.Number("tb", 0, 0) != 0);
        line.RequireAllRead();
        return shape;
    }
}
