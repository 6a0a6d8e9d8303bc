using System.Numerics.Tensors;
using SimdConv.Cli.Distributed;
using SimdConv.Cli.Networks;

namespace SimdConv.Cli.Data;

/// <summary>Images of bytes with labels: a pair of IDX files, or parts of one.</summary>
/// <param name="Images">The images of the parts, one behind the other.</param>
/// <param name="AllLabels">The labels of all images of the files.</param>
/// <param name="Parts">Which images are there, ascending ranges.</param>
internal sealed record RawDigits(IdxArray Images, byte[] AllLabels, (int First, int End)[] Parts)
{
    private ImageSize convertedTo;
    private float[]? converted;
    private PixelSums[]? sums;

    /// <summary>Images of the files.</summary>
    public int AllCount => AllLabels.Length;

    public int Count => Images.Count;

    /// <summary>What to call the file of labels in errors.</summary>
    public string LabelName { get; init; } = "";

    /// <summary>Refuses labels that are no class of a network.</summary>
    public void RequireClasses(int classes)
    {
        int wrong = Array.FindIndex(AllLabels, label => label >= classes);
        if (wrong >= 0)
            throw new InputException($"{LabelName}: label {wrong} is {AllLabels[wrong]}; expected 0 to {classes - 1}.");
    }

    /// <summary>Channels come before rows and columns, where a file has more than one.</summary>
    public ImageSize Size => new(Images.Dimensions.Length == 4 ? Images.Dimensions[1] : 1, Images.Dimensions[^2],
        Images.Dimensions[^1]);

    /// <summary>Mean and standard deviation over all pixels of whole files that this process alone has read.</summary>
    public Standardisation Measure(string name, ImageSize size)
    {
        using LoneExchange alone = new();
        return Measure(name, size, alone);
    }

    /// <summary>Mean and standard deviation over all pixels of the images, resized, with values in 0..1.</summary>
    /// <param name="name">What to call the files in errors.</param>
    /// <param name="size">The size to resize to.</param>
    /// <param name="exchange">
    /// The ranks that hold the other parts. Each of the parts is a range of images that ranks share in their order.
    /// </param>
    public Standardisation Measure(string name, ImageSize size, IExchange exchange)
    {
        Convert(size);
        double sum = 0, squares = 0, pixels = (double)AllCount * size.Elements;
        int at = 0;
        foreach ((int first, int end) in Parts)
        {
            foreach ((double imageSum, double imageSquares) in exchange.GatherAll<PixelSums>(sums.AsSpan(at, end - first)))
            {
                sum += imageSum;
                squares += imageSquares;
            }

            at += end - first;
        }

        double mean = sum / pixels, variance = (squares / pixels) - (mean * mean);
        // Rounded to the float32 they are saved as, so that saved weights see the very images they were trained on.
        Standardisation result = new((float)mean, (float)Math.Sqrt(Math.Max(0, variance)));
        return result.Std > 0 ? result : throw new InputException($"{name}: all pixels are alike; expected images that differ.");
    }

    /// <summary>The images resized and standardised; to be called once.</summary>
    public DigitSet Standardise(Standardisation by, ImageSize size)
    {
        Convert(size);
        float[] pixels = converted!;
        converted = null;
        const int grain = 1 << 18;
        Parallel.For(0, (pixels.Length + grain - 1) / grain, block =>
        {
            Span<float> part = pixels.AsSpan(block * grain, Math.Min(grain, pixels.Length - (block * grain)));
            TensorPrimitives.Subtract(part, by.Mean, part);
            TensorPrimitives.Divide(part, by.Std, part);
        });
        byte[] labels = [.. Parts.SelectMany(part => AllLabels[part.First..part.End])];
        return new DigitSet(pixels, labels, size);
    }

    private void Convert(ImageSize size)
    {
        if (converted is not null && convertedTo == size)
            return;
        long pixels = (long)Count * size.Elements;
        if (pixels > Array.MaxLength)
            throw new InputException($"{Count} images of {size} pixels are too many; expected at most {Array.MaxLength} pixels.");
        (converted, convertedTo) = (GC.AllocateUninitializedArray<float>((int)pixels), size);
        sums = ImageResize.Convert(Images.Values, Size, size, converted);
    }
}
