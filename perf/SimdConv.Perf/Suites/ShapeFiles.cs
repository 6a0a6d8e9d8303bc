namespace SimdConv.Perf.Suites;

/// <summary>Shapes a line; # begins a comment. GEMM lines have m=, pooling lines kind=, all others are convolutions.</summary>
internal static class ShapeFiles
{
    private static readonly string BuiltIn = Path.Combine(AppContext.BaseDirectory, "Shapes");

    public static IEnumerable<GemmShape> Gemms(FileInfo? file) => Lines(file, "gemm", "transformer", "lenet5", "resnet50", "mobilenetv2", "vgg16")
        .Where(line => line.Has("m")).Select(GemmShape.Parse);

    private static IEnumerable<ShapeLine> Lines(FileInfo? file, params string[] builtIn)
    {
        IEnumerable<string> paths = file is null ? builtIn.Select(name => Path.Combine(BuiltIn, name + ".txt")) : [file.FullName];
        foreach (string path in paths)
        {
            foreach ((int index, string raw) in File.ReadLines(path).Index())
            {
                string text = raw.Split('#')[0].Trim();
                if (text.Length > 0)
                    yield return new ShapeLine(text, $"{Path.GetFileName(path)}:{index + 1}");
            }
        }
    }
}
