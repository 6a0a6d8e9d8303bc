namespace SimdConv.Perf.Fuzz;

/// <summary>
/// Random layers and products as lines of a shapes file. A kind is drawn first, since what is slow is slow by kind; sizes are
/// drawn between powers of two and rounded to what networks have. The same seed gives the same lines.
/// </summary>
internal sealed class RandomShapes(int seed)
{
    /// <summary>Multiply-adds of a shape: enough that a call isn't all overhead, few enough for hundreds of shapes.</summary>
    public const double LeastWork = 2e5, MostWork = 1.5e8;

    private static readonly int[] Channels =
        [1, 3, 8, 12, 16, 24, 32, 40, 48, 64, 80, 96, 128, 160, 192, 256, 320, 384, 512, 768];

    private static readonly string[] ConvKinds =
    [
        "3x3", "3x3", "3x3/2", "1x1", "1x1/2", "5x5", "7x7/2", "first", "patches", "dilated", "1-d", "1-d dilated", "1xS", "Rx1",
        "depthwise", "depthwise/2", "depthwise 1-d", "grouped", "wide, few outputs",
    ];

    private static readonly string[] GemmKinds = ["any", "cube", "few rows", "few columns", "few terms", "large B", "transposed"];

    private readonly Random random = new(seed);

    /// <summary>A layer, and its kind.</summary>
    public (string Kind, string Text) Conv()
    {
        while (true)
        {
            string kind = ConvKinds[random.Next(ConvKinds.Length)];
            Layer layer = Draw(kind);
            if (layer.P >= 1 && layer.Q >= 1 && layer.Work is >= LeastWork and <= MostWork)
                return (kind, layer.Text);
        }
    }

    /// <summary>A product, and its kind.</summary>
    public (string Kind, string Text) Gemm()
    {
        while (true)
        {
            string kind = GemmKinds[random.Next(GemmKinds.Length)];
            int m = Size(4, 2048), n = Size(4, 2048), k = Size(4, 2048);
            (m, n, k) = kind switch
            {
                "cube" => (m, m, m),
                "few rows" => (random.Next(1, 33), n, k),
                "few columns" => (m, random.Next(1, 33), k),
                "few terms" => (m, n, random.Next(1, 33)),
                "large B" => (random.Next(2, 65), Size(1024, 4096), Size(1024, 4096)),
                _ => (m, n, k),
            };
            bool transA = kind == "transposed" && random.Next(2) == 0, transB = kind == "transposed" && !transA;
            if ((double)m * n * k is >= LeastWork / 20 and <= MostWork)
                return (kind, $"m={m},n={n},k={k}{(transA ? ",ta=1" : "")}{(transB ? ",tb=1" : "")}");
        }
    }

    private Layer Draw(string kind)
    {
        int c = Channel(3), k = Channel(3), size = Size(5, 112), other = random.Next(4) == 0 ? Size(5, 112) : size;
        int batch = random.Next(4) == 0 ? random.Next(2, 9) : 1, odd = 3 + (2 * random.Next(3)),
            length = 1 + (2 * random.Next(1, 17));
        Layer square = new(batch, c, size, other, k, 3, 3, 1, 1, 1, 1, 1, 1);
        return kind switch
        {
            "3x3" => square,
            "3x3/2" => square with { StrideH = 2, StrideW = 2 },
            "1x1" => square with { R = 1, S = 1, PadH = 0, PadW = 0 },
            "1x1/2" => square with { R = 1, S = 1, PadH = 0, PadW = 0, StrideH = 2, StrideW = 2 },
            "5x5" => square with { R = 5, S = 5, PadH = 2, PadW = 2 },
            "7x7/2" => square with { C = Channel(0), R = 7, S = 7, PadH = 3, PadW = 3, StrideH = 2, StrideW = 2 },
            "first" => square with
            {
                C = random.Next(2) == 0 ? 3 : 1,
                H = 2 * size,
                W = 2 * size,
                R = odd,
                S = odd,
                PadH = odd / 2,
                PadW = odd / 2,
            },
            "patches" => square with { R = odd + 1, S = odd + 1, PadH = 0, PadW = 0, StrideH = odd + 1, StrideW = odd + 1 },
            "dilated" => square with { Dilation = odd - 1, PadH = odd - 1, PadW = odd - 1 },
            "1-d" => square with { H = 1, W = size * 16, R = 1, S = odd, PadH = 0, PadW = odd / 2 },
            "1-d dilated" => square with { H = 1, W = size * 16, R = 1, S = 3, PadH = 0, PadW = odd, Dilation = odd },
            "1xS" => square with { R = 1, S = odd, PadH = 0, PadW = odd / 2 },
            "Rx1" => square with { R = odd, S = 1, PadH = odd / 2, PadW = 0 },
            "depthwise" => Depthwise(square, odd, 1),
            "depthwise/2" => Depthwise(square, odd, 2),
            "depthwise 1-d" => square with
            {
                K = c,
                Groups = c,
                H = 1,
                W = size * 16,
                R = 1,
                S = length,
                PadH = 0,
                PadW = length / 2,
            },
            "grouped" => Grouped(square, 1 << random.Next(1, 6)),
            _ => square with { C = c, K = random.Next(1, 17), H = 2 * size, W = 2 * other },
        };
    }

    private static Layer Depthwise(Layer layer, int taps, int stride) => layer with
    {
        K = layer.C,
        Groups = layer.C,
        R = taps,
        S = taps,
        PadH = taps / 2,
        PadW = taps / 2,
        StrideH = stride,
        StrideW = stride,
    };

    private static Layer Grouped(Layer layer, int groups) => layer with
    {
        C = (layer.C + groups - 1) / groups * groups,
        K = (layer.K + groups - 1) / groups * groups,
        Groups = groups,
    };

    private int Channel(int least) => Channels[random.Next(least, Channels.Length)];

    /// <summary>As often below the geometric mean as above, and as often a multiple of eight as any number.</summary>
    private int Size(int least, int most)
    {
        int size = (int)Math.Round(least * Math.Pow((double)most / least, random.NextDouble()));
        return size < 16 || random.Next(2) == 0 ? size : size / 8 * 8;
    }

    private readonly record struct Layer(
        int N, int C, int H, int W, int K, int R, int S, int PadH, int PadW, int StrideH, int StrideW, int Dilation, int Groups)
    {
        public int P => (H + (2 * PadH) - (Dilation * (R - 1)) - 1 + StrideH) / StrideH;

        public int Q => (W + (2 * PadW) - (Dilation * (S - 1)) - 1 + StrideW) / StrideW;

        public double Work => (double)N * K * P * Q * (C / Groups) * R * S;

        public string Text => $"n={N},c={C},h={H},w={W},k={K},r={R},s={S}"
            + (StrideH * StrideW > 1 ? $",stride={StrideH}x{StrideW}" : "")
            + (PadH + PadW > 0 ? $",pad={PadH}x{PadW}x{PadH}x{PadW}" : "")
            + (Dilation > 1 ? $",dilation={Dilation}x{Dilation}" : "") + (Groups > 1 ? $",groups={Groups}" : "");
    }
}
