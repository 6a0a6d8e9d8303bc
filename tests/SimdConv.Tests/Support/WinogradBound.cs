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

    private static readonly double[][] A2Of5 = [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 1]];
    private static readonly double[][] G2Of5 =
        [
            [1 / 4d, 0, 0, 0, 0], [-1 / 6d, -1 / 6d, -1 / 6d, -1 / 6d, -1 / 6d], [-1 / 6d, 1 / 6d, -1 / 6d, 1 / 6d, -1 / 6d],
            [1 / 24d, 1 / 12d, 1 / 6d, 1 / 3d, 2 / 3d], [1 / 24d, -1 / 12d, 1 / 6d, -1 / 3d, 2 / 3d], [0, 0, 0, 0, 1],
        ];

    /// <summary>Terms that the bound counts beside the channels of a group: see the numeric contract.</summary>
    public const int Steps = 28;

    /// <summary>The gauge of y without bias; weights as K x C/Groups x R x R, of stride 1.</summary>
    public static double[] Forward(Conv2DShape s, int batch, double[] x, double[] w, ConvAlgorithm algorithm)
    {
        (double[][] a, double[][] b, double[][] g) = Matrices(s, algorithm);
        int m = a.Length, size = s.R, side = m + size - 1, channels = s.C / s.Groups, outputs = s.K / s.Groups;
        double[] gauge = new double[batch * s.K * s.P * s.Q];
        double[][] u = [.. Enumerable.Range(0, s.K * channels)
            .Select(i => Both(g, (r, c) => w[(((i * size) + r) * size) + c], size))];
        for (int n = 0; n < batch; n++)
        {
            for (int p = 0; p < s.P; p += m)
            {
                for (int q = 0; q < s.Q; q += m)
                {
                    double[][] v = [.. Enumerable.Range(0, s.C)
                        .Select(c => Both(b, (i, j) => Pixel(n, c, p + i - s.PadTop, q + j - s.PadLeft), side))];
                    for (int k = 0; k < s.K; k++)
                    {
                        double[] sum = new double[side * side];
                        for (int c = 0; c < channels; c++)
                        {
                            for (int e = 0; e < sum.Length; e++)
                                sum[e] += u[(k * channels) + c][e] * v[(k / outputs * channels) + c][e];
                        }

                        double[] y = Both(a, (i, j) => sum[(i * side) + j], side);
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
        return Forward(back, batch, dy, turned, algorithm);
    }

    /// <summary>
    /// The gauge of dx by the transposed transforms: the sum of |B| (sum over k of (|G| |g| |G^T|) * (|A| |dy| |A^T|)) |B^T| of
    /// all tiles of the forward pass that see a pixel.
    /// </summary>
    public static double[] TransposedInputGradient(Conv2DShape s, int batch, double[] dy, double[] w, ConvAlgorithm algorithm)
    {
        (double[][] a, double[][] b, double[][] g) = Matrices(s, algorithm);
        int m = a.Length, size = s.R, side = m + size - 1, channels = s.C / s.Groups, outputs = s.K / s.Groups;
        double[] gauge = new double[batch * s.C * s.H * s.W];
        double[][] u = [.. Enumerable.Range(0, s.K * channels)
            .Select(i => Both(g, (r, c) => w[(((i * size) + r) * size) + c], size))];
        double[][] transposedA = Transposed(a), transposedB = Transposed(b);
        for (int tile = 0; tile < batch * s.P * s.Q; tile++)
        {
            (int n, int p, int q) = (tile / s.Q / s.P, tile / s.Q % s.P, tile % s.Q);
            if (p % m != 0 || q % m != 0)
                continue;
            double[][] d = [.. Enumerable.Range(0, s.K)
                .Select(k => Both(transposedA, (i, j) => At(dy, s.P, s.Q, (n * s.K) + k, p + i, q + j), m))];
            for (int c = 0; c < s.C; c++)
            {
                int first = c / channels * outputs;
                double[] sum = [.. Enumerable.Range(0, side * side).Select(e => Enumerable.Range(first, outputs)
                    .Sum(k => u[(k * channels) + (c % channels)][e] * d[k][e]))];
                double[] pixels = Both(transposedB, (i, j) => sum[(i * side) + j], side);
                for (int i = 0; i < side * side; i++)
                {
                    (int h, int column) = (p + (i / side) - s.PadTop, q + (i % side) - s.PadLeft);
                    if (h >= 0 && h < s.H && column >= 0 && column < s.W)
                        gauge[(((((n * s.C) + c) * s.H) + h) * s.W) + column] += pixels[i];
                }
            }
        }

        return gauge;
    }

    /// <summary>
    /// The gauge of dw: |G^T| (sum over tiles of (|A| |dy| |A^T|) * (|B^T| |x| |B|)) |G|, by the tiles of the forward pass.
    /// </summary>
    public static double[] WeightGradient(Conv2DShape s, int batch, double[] x, double[] dy, ConvAlgorithm algorithm)
    {
        (double[][] a, double[][] b, double[][] g) = Matrices(s, algorithm);
        int m = a.Length, size = s.R, side = m + size - 1, channels = s.C / s.Groups, outputs = s.K / s.Groups;
        double[][] sums = [.. Enumerable.Range(0, s.K * channels).Select(_ => new double[side * side])];
        double[][] transposedA = Transposed(a), transposedG = Transposed(g);
        for (int n = 0; n < batch; n++)
        {
            for (int p = 0; p < s.P; p += m)
            {
                for (int q = 0; q < s.Q; q += m)
                {
                    int top = p - s.PadTop, left = q - s.PadLeft;
                    double[][] v = [.. Enumerable.Range(0, s.C)
                        .Select(c => Both(b, (i, j) => At(x, s.H, s.W, (n * s.C) + c, top + i, left + j), side))];
                    double[][] d = [.. Enumerable.Range(0, s.K)
                        .Select(k => Both(transposedA, (i, j) => At(dy, s.P, s.Q, (n * s.K) + k, p + i, q + j), m))];
                    for (int i = 0; i < s.K * channels; i++)
                    {
                        (int k, int c) = (i / channels, i % channels);
                        for (int e = 0; e < side * side; e++)
                            sums[i][e] += d[k][e] * v[(k / outputs * channels) + c][e];
                    }
                }
            }
        }

        return [.. sums.SelectMany(sum => Both(transposedG, (i, j) => sum[(i * side) + j], side))];
    }

    /// <summary>A pixel of a plane, zero outside.</summary>
    private static double At(double[] image, int height, int width, int plane, int h, int w) =>
        h < 0 || h >= height || w < 0 || w >= width ? 0 : image[(((plane * height) + h) * width) + w];

    private static double[][] Transposed(double[][] t) =>
        [.. Enumerable.Range(0, t[0].Length).Select(j => t.Select(row => row[j]).ToArray())];

    private static (double[][] A, double[][] B, double[][] G) Matrices(Conv2DShape s, ConvAlgorithm algorithm) =>
        algorithm == ConvAlgorithm.WinogradF4 ? (A4, B4, G4) : s.R == 3 ? (A2, B2, G2) : (A2Of5, B4, G2Of5);

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
