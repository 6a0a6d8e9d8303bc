using SimdConv.Cli.Networks;

namespace SimdConv.Cli.Commands;

/// <summary>The value of <c>--net</c>: lenet5, a file with a description, or the description itself.</summary>
internal static class NetworkSource
{
    public const string Help =
        "lenet5 (the default), or layers in order, such as \"conv 32 3x3 pad 1; relu; max 2; conv 64 3x3 pad 1; relu; max 2; "
        + "dense 128; relu; dense 10\", or a file that holds them, on lines too, # beginning a comment. Layers: "
        + "conv OUTPUTS SIZE [stride SIZE] [pad SIZE] [dilation SIZE] [groups N]; max|avg SIZE [stride SIZE] [pad SIZE]; relu; "
        + "tanh [SCALE]; dense OUTPUTS; in front resize SIZE. A SIZE is N or HEIGHTxWIDTH. The last layer gives a value a "
        + "class.";

    private const string Default = "lenet5";

    private const long MaxFileBytes = 1 << 20;

    /// <summary>The file, if the value names one.</summary>
    public static string? FileOf(string? value) => value is not null && value != Default && File.Exists(value) ? value : null;

    /// <summary>The network that the value describes.</summary>
    /// <exception cref="InputException">The value describes none, or its file can't be read.</exception>
    public static NetworkPlan Read(string? value, ImageSize images)
    {
        if (FileOf(value) is { } path)
            return NetworkParser.Parse(path, ReadFile(path), images);
        return NetworkParser.Parse("--net", value is null or Default ? NetworkPlan.LeNet5 : value, images);
    }

    private static string ReadFile(string path)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            using MemoryStream content = InputFile.ReadAtMost(file, MaxFileBytes)
                ?? throw new InputException($"--net is '{path}', of more than {MaxFileBytes} bytes; expected at most as many.");
            using StreamReader text = new(content);
            return text.ReadToEnd();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"--net is '{path}', which can't be read: {error.Message}", error);
        }
    }
}
