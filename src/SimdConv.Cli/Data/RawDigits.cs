using System.Numerics.Tensors;
using SimdConv.Cli.Networks;

namespace SimdConv.Cli.Data;

/// <summary>Images of bytes with labels: a pair of IDX files.</summary>
internal sealed record RawDigits(IdxArray Images, byte[] Labels)
{
    private ImageSize convertedTo;
    private float[]? converted;
    private (double Sum, double Squares)[]? sums;

    public int Count => Labels.Length;

    /// <summary>What to call the file of labels in errors.</summary>
    public string LabelName { get; init; } = "";

    /// <summary>Refuses labels that are no class of a network.</summary>
    public void RequireClasses(int classes)
    {
        int wrong = Array.FindIndex(Labels, label => label >= classes);
        if (wrong >= 0)
            throw new InputException($"{LabelName}: label {wrong} is {Labels[wrong]}; expected 0 to {classes - 1}.");
    }

    /// <summary>Channels come before rows and columns, where a file has more than one.</summary>
    public ImageSize Size => new(Images.Dimensions.Length == 4 ? Images.Dimensions[1] : 1, Images.Dimensions[^2],
        Images.Dimensions[^1]);

    /// <summary>Mean and standard deviation over all pixels of the images, resized, with values in 0..1.</summary>
    public Standardisation Measure(string name, ImageSize size)
    {
        Convert(size);
        double sum = 0, squares = 0, pixels = (double)Count * size.Elements;
        foreach ((double imageSum, double imageSquares) in sums!)
        {
            sum += imageSum;
            squares += imageSquares;
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
        return new DigitSet(pixels, Labels, size);
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
