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

    /// <summary>The gauge of each element of y; pixels and weights are absolute values.</summary>
    public static double[] OfForward(Conv2DShape s, int batch, double[] x, double[] w, ConvAlgorithm algorithm)
    {
        (double[,] a, double[,] b, double[,] g) = algorithm == ConvAlgorithm.WinogradF2 ? (A2, B2, G2) : (A4, B4, G4);
        int m = a.GetLength(0), side = m + 2, cells = side * side, channels = s.C / s.Groups, outputs = s.K / s.Groups;
        double[] gauge = new double[batch * s.K * s.P * s.Q], u = new double[s.K * channels * cells], v = new double[s.C * cells];
        double[] pixels = new double[cells], sums = new double[cells], tile = new double[m * m];
        for (int i = 0; i < s.K * channels; i++)
            Transform(g, w.AsSpan(i * 9, 9), u.AsSpan(i * cells, cells));
        for (int n = 0; n < batch; n++)
        {
            for (int p = 0; p < s.P; p += m)
            {
                for (int q = 0; q < s.Q; q += m)
                {
                    for (int c = 0; c < s.C; c++)
                    {
                        for (int i = 0; i < cells; i++)
                        {
                            int row = p + (i / side) - s.PadTop, column = q + (i % side) - s.PadLeft;
                            bool isInside = row >= 0 && row < s.H && column >= 0 && column < s.W;
                            pixels[i] = isInside ? x[(((((n * s.C) + c) * s.H) + row) * s.W) + column] : 0;
                        }

                        Transform(b, pixels, v.AsSpan(c * cells, cells));
                    }

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

    /// <summary>
    /// The gauge of dx: the input gradient is the forward pass from dy, with the kernels rotated by 180 degrees and a group's
    /// channels exchanged.
    /// </summary>
    public static double[] OfInputGradient(Conv2DShape s, int batch, double[] dy, double[] w, ConvAlgorithm algorithm)
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
        return OfForward(back, batch, dy, turned, algorithm);
    }

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
