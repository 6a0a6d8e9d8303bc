namespace SimdConv.Cli.Verification;

/// <summary>
/// What the error bound of Winograd's algorithm multiplies, by the matrices as Lavin and Gray print them:
/// |A^T| (sum over channels of (|G| |w| |G^T|) * (|B^T| |x| |B|)) |A| of each tile.
/// </summary>
internal static class WinogradGauge
{
    /// <summary>Roundings that the bound counts beside the channels of a group: see the numeric contract.</summary>
    public const int Steps = 28;

    // Absolute values, as gauges need no signs.
    private static readonly double[,] A2 = { { 1, 1, 1, 0 }, { 0, 1, 1, 1 } };
    private static readonly double[,] B2 = { { 1, 0, 1, 0 }, { 0, 1, 1, 0 }, { 0, 1, 1, 0 }, { 0, 1, 0, 1 } };
    private static readonly double[,] G2 = { { 1, 0, 0 }, { 1 / 2d, 1 / 2d, 1 / 2d }, { 1 / 2d, 1 / 2d, 1 / 2d }, { 0, 0, 1 } };

    private static readonly double[,] A4 = { { 1, 1, 1, 1, 1, 0 }, { 0, 1, 1, 2, 2, 0 }, { 0, 1, 1, 4, 4, 0 },
        { 0, 1, 1, 8, 8, 1 } };
    private static readonly double[,] B4 =
        { { 4, 0, 5, 0, 1, 0 }, { 0, 4, 4, 1, 1, 0 }, { 0, 4, 4, 1, 1, 0 }, { 0, 2, 1, 2, 1, 0 }, { 0, 2, 1, 2, 1, 0 },
            { 0, 4, 0, 5, 0, 1 } };
    private static readonly double[,] G4 =
        { { 1 / 4d, 0, 0 }, { 1 / 6d, 1 / 6d, 1 / 6d }, { 1 / 6d, 1 / 6d, 1 / 6d }, { 1 / 24d, 1 / 12d, 1 / 6d },
            { 1 / 24d, 1 / 12d, 1 / 6d }, { 0, 0, 1 } };

    private static readonly double[,] A2Of5 = { { 1, 1, 1, 1, 1, 0 }, { 0, 1, 1, 2, 2, 1 } };
    private static readonly double[,] G2Of5 =
        { { 1 / 4d, 0, 0, 0, 0 }, { 1 / 6d, 1 / 6d, 1 / 6d, 1 / 6d, 1 / 6d }, { 1 / 6d, 1 / 6d, 1 / 6d, 1 / 6d, 1 / 6d },
            { 1 / 24d, 1 / 12d, 1 / 6d, 1 / 3d, 2 / 3d }, { 1 / 24d, 1 / 12d, 1 / 6d, 1 / 3d, 2 / 3d }, { 0, 0, 0, 0, 1 } };

    /// <summary>The gauge of each element of y; pixels and weights are absolute values.</summary>
    public static double[] OfForward(Conv2DShape s, int batch, double[] x, double[] w, ConvAlgorithm algorithm)
    {
        (double[,] a, double[,] b, double[,] g) = Matrices(s, algorithm);
        int m = a.GetLength(0), taps = s.R * s.S, side = m + s.R - 1, cells = side * side;
        int channels = s.C / s.Groups, outputs = s.K / s.Groups;
        double[] gauge = new double[batch * s.K * s.P * s.Q], u = new double[s.K * channels * cells], v = new double[s.C * cells];
        double[] sums = new double[cells], tile = new double[m * m];
        for (int i = 0; i < s.K * channels; i++)
            Transform(g, w.AsSpan(i * taps, taps), u.AsSpan(i * cells, cells));
        for (int n = 0; n < batch; n++)
        {
            for (int p = 0; p < s.P; p += m)
            {
                for (int q = 0; q < s.Q; q += m)
                {
                    TransformInputs(s, x, b, (n, p, q), v);
                    for (int k = 0; k < s.K; k++)
                    {
                        Array.Clear(sums);
                        for (int c = 0; c < channels; c++)
                        {
                            ReadOnlySpan<double> left = u.AsSpan(((k * channels) + c) * cells, cells);
                            ReadOnlySpan<double> right = v.AsSpan(((k / outputs * channels) + c) * cells, cells);
                            for (int i = 0; i < cells; i++)
                                sums[i] += left[i] * right[i];
                        }

                        Transform(a, sums, tile);
                        for (int i = 0; i < m * m; i++)
                        {
                            if (p + (i / m) < s.P && q + (i % m) < s.Q)
                                gauge[(((((n * s.K) + k) * s.P) + p + (i / m)) * s.Q) + q + (i % m)] = tile[i];
                        }
                    }
                }
            }
        }

        return gauge;
    }

    /// <summary>B^T x B of each channel, of the tile of outputs that begins at (p, q) of image n.</summary>
    private static void TransformInputs(Conv2DShape s, double[] x, double[,] b, (int N, int P, int Q) tile, double[] v)
    {
        int side = b.GetLength(0), cells = side * side;
        double[] pixels = new double[cells];
        for (int c = 0; c < s.C; c++)
        {
            for (int i = 0; i < cells; i++)
            {
                int row = tile.P + (i / side) - s.PadTop, column = tile.Q + (i % side) - s.PadLeft;
                bool isInside = row >= 0 && row < s.H && column >= 0 && column < s.W;
                pixels[i] = isInside ? x[(((((tile.N * s.C) + c) * s.H) + row) * s.W) + column] : 0;
            }

            Transform(b, pixels, v.AsSpan(c * cells, cells));
        }
    }

    /// <summary>
    /// The gauge of dw, of weights K x C/Groups x R x R: |G^T| (sum over tiles of (|A| |dY| |A^T|) * (|B^T| |x| |B|)) |G|.
    /// </summary>
    public static double[] OfWeightGradient(Conv2DShape s, int batch, double[] x, double[] dy, ConvAlgorithm algorithm)
    {
        (double[,] a, double[,] b, double[,] g) = Matrices(s, algorithm);
        int m = a.GetLength(0), side = m + s.R - 1, cells = side * side, channels = s.C / s.Groups, outputs = s.K / s.Groups;
        double[] sums = new double[s.WeightCount / (s.R * s.S) * cells], v = new double[s.C * cells], d = new double[cells];
        double[] tile = new double[m * m], gauge = new double[s.WeightCount];
        for (int t = 0; t < batch * s.P * s.Q; t++)
        {
            (int n, int p, int q) = (t / s.Q / s.P, t / s.Q % s.P, t % s.Q);
            if (p % m != 0 || q % m != 0)
                continue;
            TransformInputs(s, x, b, (n, p, q), v);
            for (int k = 0; k < s.K; k++)
            {
                for (int i = 0; i < m * m; i++)
                {
                    (int h, int w) = (p + (i / m), q + (i % m));
                    tile[i] = h < s.P && w < s.Q ? dy[(((((n * s.K) + k) * s.P) + h) * s.Q) + w] : 0;
                }

                Transform(Transposed(a), tile, d);
                for (int c = 0; c < channels; c++)
                {
                    for (int i = 0; i < cells; i++)
                        sums[(((k * channels) + c) * cells) + i] += d[i] * v[(((k / outputs * channels) + c) * cells) + i];
                }
            }
        }

        for (int i = 0; i < s.K * channels; i++)
            Transform(Transposed(g), sums.AsSpan(i * cells, cells), gauge.AsSpan(i * s.R * s.S, s.R * s.S));
        return gauge;
    }

    private static double[,] Transposed(double[,] t)
    {
        double[,] transposed = new double[t.GetLength(1), t.GetLength(0)];
        for (int i = 0; i < t.GetLength(0); i++)
        {
            for (int j = 0; j < t.GetLength(1); j++)
                transposed[j, i] = t[i, j];
        }

        return transposed;
    }

    /// <summary>
    /// The gauge of dx: the input gradient is the forward pass from dy, with the kernels rotated by 180 degrees and a group's
    /// channels exchanged.
    /// </summary>
    public static double[] OfInputGradient(Conv2DShape s, int batch, double[] dy, double[] w, ConvAlgorithm algorithm)
    {
        int channels = s.C / s.Groups, outputs = s.K / s.Groups, taps = s.R * s.S, edge = s.R - 1;
        double[] turned = new double[w.Length];
        for (int i = 0; i < w.Length; i++)
        {
            int tap = i % taps, c = i / taps % channels, k = i / taps / channels % outputs, group = i / taps / channels / outputs;
            turned[(((((group * channels) + c) * outputs) + k + 1) * taps) - 1 - tap] = w[i];
        }

        Conv2DShape back = new(s.K, s.P, s.Q, s.C, s.R, s.S)
        {
            Groups = s.Groups,
            PadTop = edge - s.PadTop,
            PadLeft = edge - s.PadLeft,
            PadBottom = edge - s.PadBottom,
            PadRight = edge - s.PadRight,
        };
        return OfForward(back, batch, dy, turned, algorithm);
    }

    private static (double[,] A, double[,] B, double[,] G) Matrices(Conv2DShape s, ConvAlgorithm algorithm) =>
        algorithm == ConvAlgorithm.WinogradF4 ? (A4, B4, G4) : s.R == 3 ? (A2, B2, G2) : (A2Of5, B4, G2Of5);

    /// <summary>to = t * from * t^T, from being square.</summary>
    private static void Transform(double[,] t, ReadOnlySpan<double> from, Span<double> to)
    {
        int rows = t.GetLength(0), size = t.GetLength(1);
        Span<double> half = stackalloc double[rows * size];
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < size; j++)
            {
                double sum = 0;
                for (int r = 0; r < size; r++)
                    sum += t[i, r] * from[(r * size) + j];
                half[(i * size) + j] = sum;
            }
        }

        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < rows; j++)
            {
                double sum = 0;
                for (int r = 0; r < size; r++)
                    sum += half[(i * size) + r] * t[j, r];
                to[(i * rows) + j] = sum;
            }
        }
    }
}
