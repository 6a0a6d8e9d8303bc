namespace SimdConv.Perf.Suites;

/// <summary>Shapes a line; # begins a comment. GEMM lines have m=, pooling lines kind=, all others are convolutions.</summary>
internal static class ShapeFiles
{
    public static FileInfo BuiltIn(string name) => new(Path.Combine(AppContext.BaseDirectory, "Shapes", name + ".txt"));

    public static IEnumerable<GemmShape> Gemms(FileInfo? file) =>
        Lines(file, "lenet5", "resnet50", "mobilenetv2", "vgg16", "transformer", "gemm")
        .Where(line => line.Has("m")).Select(GemmShape.Parse).DistinctBy(shape => shape.Text);

    public static IEnumerable<ConvShape> Convs(FileInfo? file) =>
        Lines(file, "lenet5", "resnet50", "mobilenetv2", "vgg16", "conv")
        .Where(IsConv).Select(ConvShape.Parse);

    /// <summary>Convolutions to train; VGG-16's would take minutes.</summary>
    public static IEnumerable<ConvShape> TrainedConvs(FileInfo? file) => Lines(file, "lenet5", "resnet50", "mobilenetv2", "conv")
        .Where(IsConv).Select(ConvShape.Parse);

    public static IEnumerable<PoolShape> Pools(FileInfo? file) =>
        Lines(file, "lenet5", "resnet50", "mobilenetv2", "vgg16", "pool")
        .Where(line => line.Has("kind")).Select(PoolShape.Parse);

    /// <summary>Convolutions that a column matrix makes sense for.</summary>
    public static IEnumerable<ConvShape> Im2Cols(FileInfo? file) => Lines(file, "lenet5", "resnet50")
        .Where(IsConv).Select(ConvShape.Parse).Where(row => row.Shape.R * row.Shape.S > 1 && row.Shape.Groups == 1);

    private static bool IsConv(ShapeLine line) => !line.Has("m") && !line.Has("kind");

    private static IEnumerable<ShapeLine> Lines(FileInfo? file, params string[] builtIn)
    {
        foreach (FileInfo source in file is null ? builtIn.Select(BuiltIn) : [file])
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
