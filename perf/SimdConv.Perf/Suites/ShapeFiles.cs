namespace SimdConv.Perf.Suites;

/// <summary>Shapes a line; # begins a comment. GEMM lines have m=, pooling lines kind=, all others are convolutions.</summary>
internal static class ShapeFiles
{
    /// <summary>What <c>--shapes</c> calls all of <see cref="Networks"/>.</summary>
    public const string AllNetworks = "networks";

    /// <summary>Networks whose layers nobody tuned for: a run has them where they are asked for.</summary>
    public static readonly string[] Networks =
        ["yolov8n", "convnext-tiny", "inceptionv3", "resnext50", "unet", "deeplabv3", "wavenet", "vit-base"];

    public static FileInfo[] BuiltIn(params string[] names) =>
        Array.ConvertAll(names, name => new FileInfo(Path.Combine(AppContext.BaseDirectory, "Shapes", name + ".txt")));

    /// <summary>A file, or built-in ones by their names with commas between them.</summary>
    public static FileInfo[] Named(string text)
    {
        FileInfo[] files = BuiltIn(text == AllNetworks ? Networks : text.Split(','));
        return files.All(file => file.Exists) ? files : [new FileInfo(text)];
    }

    public static IEnumerable<GemmShape> Gemms(IReadOnlyList<FileInfo>? files) =>
        Lines(files, "lenet5", "resnet50", "mobilenetv2", "vgg16", "transformer", "gemm")
        .Where(line => line.Has("m")).Select(GemmShape.Parse).DistinctBy(shape => shape.Text);

    public static IEnumerable<ConvShape> Convs(IReadOnlyList<FileInfo>? files) =>
        Lines(files, "lenet5", "resnet50", "mobilenetv2", "vgg16", "conv")
        .Where(IsConv).Select(ConvShape.Parse);

    /// <summary>Convolutions to train; VGG-16's would take minutes.</summary>
    public static IEnumerable<ConvShape> TrainedConvs(IReadOnlyList<FileInfo>? files) =>
        Lines(files, "lenet5", "resnet50", "mobilenetv2", "conv")
        .Where(IsConv).Select(ConvShape.Parse);

    public static IEnumerable<PoolShape> Pools(IReadOnlyList<FileInfo>? files) =>
        Lines(files, "lenet5", "resnet50", "mobilenetv2", "vgg16", "pool")
        .Where(line => line.Has("kind")).Select(PoolShape.Parse);

    /// <summary>Convolutions that a column matrix makes sense for.</summary>
    public static IEnumerable<ConvShape> Im2Cols(IReadOnlyList<FileInfo>? files) => Lines(files, "lenet5", "resnet50")
        .Where(IsConv).Select(ConvShape.Parse).Where(row => row.Shape.R * row.Shape.S > 1 && row.Shape.Groups == 1);

    private static bool IsConv(ShapeLine line) => !line.Has("m") && !line.Has("kind");

    private static IEnumerable<ShapeLine> Lines(IReadOnlyList<FileInfo>? files, params string[] builtIn)
    {
        foreach (FileInfo source in files ?? BuiltIn(builtIn))
        {
            foreach ((int index, string raw) in File.ReadLines(source.FullName).Index())
            {
                string text = raw.Split('#')[0].Trim();
                if (text.Length > 0)
                    yield return new ShapeLine(text, Path.GetFileNameWithoutExtension(source.Name), $"{source.Name}:{index + 1}");
            }
        }
    }
}
