using System.Numerics;

namespace SimdConv.Cli.Verification;

/// <summary>A * B in plain loops, nearly exact, with the sums of absolute values.</summary>
internal sealed class ProductSums<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly int m, n, k;
    private readonly Precise[] sums;
    private readonly double[] gauges;

    public ProductSums(int m, int n, int k, T[] a, T[] b, int threads)
    {
        (this.m, this.n, this.k) = (m, n, k);
        (sums, gauges) = (new Precise[m * n], new double[m * n]);
        double[] wideA = Array.ConvertAll(a, value => double.CreateTruncating(value)),
            wideB = Array.ConvertAll(b, value => double.CreateTruncating(value));
        Parallel.For(0, m, new ParallelOptions { MaxDegreeOfParallelism = threads }, i =>
        {
            Span<Precise> row = sums.AsSpan(i * n, n);
            Span<double> rowGauges = gauges.AsSpan(i * n, n);
            for (int l = 0; l < k; l++)
            {
                double left = wideA[(i * k) + l];
                ReadOnlySpan<double> right = wideB.AsSpan(l * n, n);
                for (int j = 0; j < right.Length; j++)
                {
                    row[j].AddProduct(left, right[j]);
                    rowGauges[j] += Math.Abs(left * right[j]);
                }
            }
        });
    }

    /// <summary>
    /// activation(alpha * A * B + beta * C + bias), its rows <paramref name="ldc"/> apart with NaN between them.
    /// </summary>
    public Expected<T> Expect(double alpha, double beta, T[]? c, int ldc, T[]? rowBias = null, T[]? columnBias = null,
        Activation activation = Activation.None)
    {
        int length = m == 0 || n == 0 ? 0 : ((m - 1) * ldc) + n;
        Expected<T> expected = new(new T[length], new double[length]);
        Array.Fill(expected.Values, T.NaN);
        double scale = double.CreateTruncating(T.CreateTruncating(ActivationRules.Scale)),
            slope = double.CreateTruncating(T.CreateTruncating(ActivationRules.Slope));
        for (int i = 0; i < m; i++)
        {
            for (int j = 0; j < n; j++)
            {
                Precise sum = sums[(i * n) + j].Times(alpha);
                double gauge = gauges[(i * n) + j] * Math.Abs(alpha);
                if (c is not null)
                {
                    sum.AddProduct(beta, double.CreateTruncating(c[(i * n) + j]));
                    gauge += Math.Abs(beta * double.CreateTruncating(c[(i * n) + j]));
                }

                double bias = double.CreateTruncating(rowBias is not null ? rowBias[i] : columnBias is not null ? columnBias[j]
                    : T.Zero);
                sum.Add(bias);
                double y = ActivationRules.Apply(activation, sum.Value, scale, slope);
                expected.Values[(i * ldc) + j] = T.CreateTruncating(y);
                expected.Bounds[(i * ldc) + j] = ActivationRules.Bound<T>(activation, y,
                    ErrorBound.OfSum<T>(gauge + Math.Abs(bias), k));
            }
        }

        return expected;
    }
}
