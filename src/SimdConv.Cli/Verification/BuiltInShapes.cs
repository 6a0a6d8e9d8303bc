using SimdConv.Cli.Training;

namespace SimdConv.Cli.Verification;

/// <summary>
/// What is checked when no shapes are named. The convolutions are layers of well-known networks with fewer or smaller images,
/// and shapes drawn at random, the same ones every time, so that each feature and its neighbours of every vector length come
/// up.
/// </summary>
internal static class BuiltInShapes
{
    private const int Drawn = 208;

    private const long MaxDrawnWork = 250_000;

    // Around the lanes of every vector length, and around tiles.
    private static readonly int[] Edges = [1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33, 47, 48, 49, 63, 64, 65];

    private static readonly string[] Layers =
    [
        "n=3,c=1,h=32,w=32,k=6,r=5,s=5", // LeNet-5
        "n=3,c=6,h=14,w=14,k=16,r=5,s=5",
        "n=1,c=3,h=35,w=35,k=16,r=11,s=11,stride=4x4,pad=2x2x2x2", // AlexNet's first
        "n=1,c=3,h=16,w=16,k=64,r=3,s=3,pad=1x1x1x1", // VGG's first
        "n=1,c=32,h=14,w=14,k=32,r=3,s=3,pad=1x1x1x1",
        "n=1,c=3,h=28,w=28,k=64,r=7,s=7,stride=2x2,pad=3x3x3x3", // ResNet
        "n=1,c=64,h=8,w=8,k=64,r=3,s=3,pad=1x1x1x1",
        "n=1,c=64,h=7,w=7,k=128,r=1,s=1",
        "n=2,c=64,h=8,w=8,k=128,r=1,s=1,stride=2x2",
        "n=1,c=32,h=14,w=14,k=64,r=3,s=3,stride=2x2,pad=1x1x1x1",
        "n=1,c=128,h=7,w=7,k=64,r=3,s=3,pad=1x1x1x1",
        "n=1,c=96,h=28,w=28,k=96,r=3,s=3,pad=1x1x1x1,groups=96", // MobileNet's depthwise
        "n=1,c=144,h=14,w=14,k=144,r=3,s=3,stride=2x2,pad=1x1x1x1,groups=144",
        "n=1,c=72,h=14,w=14,k=72,r=5,s=5,stride=2x2,pad=1x1x2x2,groups=72", // EfficientNet, padded "same"
        "n=1,c=64,h=14,w=14,k=64,r=3,s=3,pad=1x1x1x1,groups=32", // ResNeXt
        "n=1,c=48,h=10,w=10,k=48,r=1,s=1,groups=3", // ShuffleNet
        "n=1,c=16,h=17,w=17,k=16,r=1,s=7,pad=0x3x0x3", // Inception
        "n=1,c=16,h=17,w=17,k=16,r=7,s=1,pad=3x0x3x0",
        "n=1,c=16,h=16,w=16,k=16,r=3,s=3,pad=6x6x6x6,dilation=6x6", // DeepLab
        "n=1,c=1,h=1,w=400,k=8,r=1,s=80,stride=1x4", // sound
        "n=2,c=8,h=1,w=1,k=10,r=1,s=1", // a dense layer
        // Batches that fill registers where images are innermost.
        "n=19,c=6,h=14,w=14,k=16,r=5,s=5",
        "n=35,c=1,h=11,w=10,k=9,r=3,s=3,pad=1x1x1x1",
        "n=64,c=5,h=7,w=6,k=8,r=3,s=2,stride=2x1,pad=1x0x1x1",
        "n=50,c=8,h=6,w=7,k=8,r=3,s=3,pad=1x1x1x1,groups=8",
        "n=70,c=12,h=3,w=2,k=10,r=1,s=1",
        "n=0,c=4,h=8,w=8,k=4,r=3,s=3", // an empty batch
        "n=1,c=1,h=1,w=1,k=1,r=1,s=1",
        "n=2,c=2,h=2,w=2,k=3,r=5,s=5,pad=2x2x2x2", // a kernel larger than the image
        "n=1,c=2,h=3,w=3,k=2,r=2,s=2,pad=4x4x4x4", // windows of padding alone
    ];

    /// <summary>Every operation of the library.</summary>
    public static IEnumerable<ICheckable> All() =>
    [
        .. Convolutions(), .. WinogradChecks.BuiltIn(), .. TransposedChecks.BuiltIn(), .. ProductChecks.BuiltIn(),
            .. BatchedProductChecks.BuiltIn(),
        .. PoolChecks.BuiltIn(), .. ActivationChecks.BuiltIn(),
    ];

    private static List<ShapeLine> Convolutions()
    {
        List<ShapeLine> lines = [];
        foreach (string layer in Layers)
            lines.Add(ShapeLine.TryParse(layer, out string reason) ?? throw new InvalidOperationException($"{layer}: {reason}"));
        Random64 random = new(2);
        while (lines.Count < Layers.Length + Drawn)
        {
            ShapeLine line = Draw(random, (Feature)(lines.Count % Enum.GetValues<Feature>().Length));
            if (line.MultiplyAdds <= MaxDrawnWork)
                lines.Add(line);
        }

        return lines;
    }

    private enum Feature
    {
        Dense, Pointwise, Strided, Dilated, AsymmetricPadding, Grouped, Depthwise, LargeKernel, Everything, Edge,
    }

    /// <summary>Draws the output first and derives the input from it, so that every shape is possible.</summary>
    private static ShapeLine Draw(Random64 random, Feature feature)
    {
        bool all = feature == Feature.Everything;
        int groups = feature == Feature.Grouped || all
            ? 2 + random.Next(3)
            : feature == Feature.Depthwise
            ? 1 + random.Next(40)
            : 1;
        int groupC = feature == Feature.Depthwise ? 1 : Size(16),
            groupK = feature == Feature.Depthwise ? 1 + random.Next(2) : Size(24);
        (int h, int r, int strideH, int top, int bottom, int dilationH) = Axis();
        (int w, int s, int strideW, int left, int right, int dilationW) = Axis();
        Conv2DShape shape = new(groups * groupC, h, w, groups * groupK, r, s)
        {
            StrideH = strideH,
            StrideW = strideW,
            PadTop = top,
            PadLeft = left,
            PadBottom = bottom,
            PadRight = right,
            DilationH = dilationH,
            DilationW = dilationW,
            Groups = groups,
        };
        return new ShapeLine(1 + random.Next(3), shape);

        int Size(int most) => feature == Feature.Edge ? Edges[random.Next(Edges.Length)] : 1 + random.Next(most);

        (int, int, int, int, int, int) Axis()
        {
            int windows = Size(20);
            int kernel =
                feature switch { Feature.Pointwise => 1, Feature.LargeKernel => 4 + random.Next(6), _ => 1 + random.Next(5) };
            int stride = feature == Feature.Strided || all ? 1 + random.Next(4) : 1;
            int dilation = feature == Feature.Dilated || all ? 1 + random.Next(3) : 1;
            int padded = ((windows - 1) * stride) + (dilation * (kernel - 1)) + 1;
            int before = 0, after = 0;
            if (feature == Feature.AsymmetricPadding || all)
            {
                before = Math.Min(random.Next(5), padded - 1);
                after = Math.Min(random.Next(5), padded - 1 - before);
            }
            else if (feature == Feature.LargeKernel)
            {
                before = (padded - 1) / 2;
                after = (padded - 1 - before) / 2;
            }
            else if (feature is Feature.Dense or Feature.Depthwise)
            {
                before = after = Math.Min(kernel / 2, (padded - 1) / 2);
            }

            // Pixels beyond the last window, which a stride may leave over.
            return (padded - before - after + random.Next(stride), kernel, stride, before, after, dilation);
        }
    }
}
