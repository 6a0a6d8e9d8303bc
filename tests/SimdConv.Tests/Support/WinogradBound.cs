namespace SimdConv.Tests.Support;

/// <summary>
/// What the error bound of Winograd's algorithm multiplies, by plain loops and the matrices as Lavin and Gray print them:
/// |A^T| (sum over c of (|G| |g| |G^T|) * (|B^T| |x| |B|)) |A| of each tile.
/// </summary>
internal static class WinogradBound
{
    private static readonly double[][] A2 = [[1, 1, 1, 0], [0, 1, -1, -1]];
    private static readonly double[][] B2 = [[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]];
    private static readonly double[][] G2 = [[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]];

    private static readonly double[][] A4 = [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]];
    private static readonly double[][] B4 =
        [
            [4, 0, -5, 0, 1, 0], [0, -4, -4, 1, 1, 0], [0, 4, -4, -1, 1, 0], [0, -2, -1, 2, 1, 0], [0, 2, -1, -2, 1, 0],
            [0, 4, 0, -5, 0, 1],
        ];
    private static readonly double[][] G4 =
        [
            [1 / 4d, 0, 0], [-1 / 6d, -1 / 6d, -1 / 6d], [-1 / 6d, 1 / 6d, -1 / 6d], [1 / 24d, 1 / 12d, 1 / 6d],
            [1 / 24d, -1 / 12d, 1 / 6d], [0, 0, 1],
        ];

    /// <summary>Terms that the bound counts beside the channels of a group: see the numeric contract.</summary>
    public const int Steps = 28;

    /// <summary>The gauge of y without bias; weights as K x C/Groups x 3 x 3, of stride 1.</summary>
    public static double[] Forward(Conv2DShape s, int batch, double[] x, double[] w, ConvAlgorithm algorithm)
    {
        (double[][] a, double[][] b, double[][] g) = algorithm == ConvAlgorithm.WinogradF2 ? (A2, B2, G2) : (A4, B4, G4);
        int m = a.Length, channels = s.C / s.Groups, outputs = s.K / s.Groups;
        double[] gauge = new double[batch * s.K * s.P * s.Q];
        double[][] u = [.. Enumerable.Range(0, s.K * channels).Select(i => Both(g, (r, c) => w[(i * 9) + (r * 3) + c], 3))];
        for (int n = 0; n < batch; n++)
        {
            for (int p = 0; p < s.P; p += m)
            {
                for (int q = 0; q < s.Q; q += m)
                {
                    double[][] v = [.. Enumerable.Range(0, s.C)
                        .Select(c => Both(b, (i, j) => Pixel(n, c, p + i - s.PadTop, q + j - s.PadLeft), m + 2))];
                    for (int k = 0; k < s.K; k++)
                    {
                        double[] sum = new double[(m + 2) * (m + 2)];
                        for (int c = 0; c < channels; c++)
                        {
                            for (int e = 0; e < sum.Length; e++)
                                sum[e] += u[(k * channels) + c][e] * v[(k / outputs * channels) + c][e];
                        }

                        double[] y = Both(a, (i, j) => sum[(i * (m + 2)) + j], m + 2);
                        for (int i = 0; i < m * m; i++)
                        {
                            if (p + (i / m) < s.P && q + (i % m) < s.Q)
                                gauge[(((((n * s.K) + k) * s.P) + p + (i / m)) * s.Q) + q + (i % m)] = y[i];
                        }
                    }
                }
            }
        }

        return gauge;

        double Pixel(int n, int c, int h, int column) =>
            h < 0 || h >= s.H || column < 0 || column >= s.W ? 0 : x[(((((n * s.C) + c) * s.H) + h) * s.W) + column];
    }

    /// <summary>
    /// The input gradient is the forward pass from dy, with the kernels rotated by 180 degrees and the channels of a group
    /// exchanged.
    /// </summary>
    public static double[] InputGradient(Conv2DShape s, int batch, double[] dy, double[] w, ConvAlgorithm algorithm)
    {
        int channels = s.C / s.Groups, outputs = s.K / s.Groups;
        double[] turned = new double[w.Length];
        for (int i = 0; i < w.Length; i++)
        {
            int tap = i % 9, c = i / 9 % channels, k = i / 9 / channels % outputs, group = i / 9 / channels / outputs;
            turned[(((((group * channels) + c) * outputs) + k) * 9) + 8 - tap] = w[i];
        }

        Conv2DShape back = new(s.K, s.P, s.Q, s.C, 3, 3)
        {
            Groups = s.Groups,
            PadTop = 2 - s.PadTop,
            PadLeft = 2 - s.PadLeft,
            PadBottom = 2 - s.PadBottom,
            PadRight = 2 - s.PadRight,
        };
        return Forward(back, batch, dy, turned, algorithm);
    }

    /// <summary>|t| |x| |t|^T of a square of elements.</summary>
    private static double[] Both(double[][] t, Func<int, int, double> x, int size)
    {
        double[] y = new double[t.Length * t.Length];
        for (int i = 0; i < t.Length; i++)
        {
            for (int j = 0; j < t.Length; j++)
            {
                for (int r = 0; r < size; r++)
                {
                    for (int c = 0; c < size; c++)
                        y[(i * t.Length) + j] += Math.Abs(t[i][r] * x(r, c) * t[j][c]);
                }
            }
        }

        return y;
    }
}
