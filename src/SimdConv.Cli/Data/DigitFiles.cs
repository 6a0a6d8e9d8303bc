namespace SimdConv.Cli.Data;

/// <summary>Finds and reads MNIST's pairs of files, in a folder or embedded in the tool.</summary>
internal static class DigitFiles
{
    private const int MaxPixels = 1 << 24;

    private static readonly string[] Dots = ["-", "."];

    /// <param name="folder">The folder, or null for the embedded files.</param>
    /// <param name="kept">Of so many images, which are wanted; all if there is none.</param>
    public static RawDigits ReadTrain(string? folder, Func<int, (int First, int End)[]>? kept = null) =>
        ReadPair(folder, "train", least: 2, kept);

    /// <inheritdoc cref="ReadTrain"/>
    public static RawDigits ReadTest(string? folder, Func<int, (int First, int End)[]>? kept = null) =>
        ReadPair(folder, "t10k", least: 1, kept);

    /// <summary>How many images of the training pair train, as the original divides it: the first 5/6; the rest
    /// validates.</summary>
    public static int TrainImages(int all) => (int)(all * 5L / 6);

    /// <summary>The images that train, and those that validate.</summary>
    public static (DigitSet Train, DigitSet Validation) Split(DigitSet all)
    {
        int train = TrainImages(all.Count);
        return (all.Slice(0, train), all.Slice(train, all.Count - train));
    }

    /// <summary>The files of a folder that a command may read.</summary>
    public static IEnumerable<string> FilesOf(string? folder) => folder is null ? [] :
        from prefix in (string[])["train", "t10k"]
        from kind in ((string What, string Format)[])[("labels", "idx1"), ("images", "idx3"), ("images", "idx4")]
        from path in Candidates(folder, prefix, kind.What, kind.Format)
        where File.Exists(path)
        select path;

    private static RawDigits ReadPair(string? folder, string prefix, int least, Func<int, (int First, int End)[]>? kept)
    {
        if (folder is not null && !Directory.Exists(folder))
            throw new InputException($"--data is '{folder}'; expected a folder with the four IDX files of MNIST.");
        (Stream labelFile, string labelName) = Open(folder, prefix, "labels", "idx1");
        IdxArray labels;
        using (labelFile)
            labels = IdxFile.ReadLabels(labelFile, labelName);
        (Stream imageFile, string imageName) = Open(folder, prefix, "images", "idx3", "idx4");
        using (imageFile)
        {
            (int First, int End)[] parts = kept is null || labels.Count < least ? [(0, labels.Count)] : kept(labels.Count);
            IdxArray images = IdxFile.ReadImages(imageFile, imageName, dimensions =>
            {
                int count = dimensions[0];
                long pixels = dimensions[1..].Aggregate(1L, (product, size) => Math.Min(product * size, MaxPixels + 1L));
                if (pixels is 0 or > MaxPixels)
                {
                    throw new InputException($"{imageName}: its images are {string.Join(" x ", dimensions[1..])}; "
                        + $"expected 1 to {MaxPixels} pixels.");
                }

                if (count != labels.Count)
                    throw new InputException(
                        $"{imageName} holds {count} images, {labelName} {labels.Count} labels; expected as many of both.");
                if (count < least)
                    throw new InputException($"{imageName} holds {count} images; expected {least} or more.");
            }, parts);
            return new RawDigits(images, labels.Values, parts) { LabelName = labelName };
        }
    }

    private static (Stream File, string Name) Open(string? folder, string prefix, string what, params string[] formats)
    {
        string usual = $"{prefix}-{what}-{formats[0]}-ubyte";
        if (folder is null)
        {
            string resource = usual + ".gz";
            Stream embedded = typeof(DigitFiles).Assembly.GetManifestResourceStream(resource)
                ?? throw new InvalidOperationException($"{resource} is not embedded.");
            return (embedded, resource);
        }

        if (formats.SelectMany(format => Candidates(folder, prefix, what, format)).FirstOrDefault(File.Exists) is { } path)
        {
            try
            {
                return (File.OpenRead(path), path);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new InputException($"{path} can't be read: {error.Message}", error);
            }
        }

        throw new InputException($"{folder} holds no {usual} (nor with .gz); expected the four IDX files of MNIST.");
    }

    /// <summary>The names that a file may have, the usual one first.</summary>
    private static IEnumerable<string> Candidates(string folder, string prefix, string what, string format) =>
        from dot in Dots
        from ending in (string[])["", ".gz"]
        select Path.Combine(folder, $"{prefix}-{what}{dot}{format}-ubyte{ending}");
}
