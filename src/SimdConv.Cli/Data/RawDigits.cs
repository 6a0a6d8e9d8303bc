using System.Numerics;
using System.Runtime.InteropServices;

namespace SimdConv.Cli.Data;

/// <summary>Images of bytes with labels: a pair of IDX files.</summary>
internal sealed record RawDigits(IdxArray Images, byte[] Labels)
{
    private float[]? converted;
    private (double Sum, double Squares)[]? sums;

    public int Count => Labels.Length;

    /// <summary>Mean and standard deviation over all pixels of the resized images, with values in 0..1.</summary>
    public Standardisation Measure(string name)
    {
        Convert();
        double sum = 0, squares = 0, pixels = (double)Count * ImageResize.Pixels;
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
    public DigitSet Standardise(Standardisation by)
    {
        Convert();
        float[] pixels = converted!;
        converted = null;
        const int grain = 256 * ImageResize.Pixels;
        Parallel.For(0, (pixels.Length + grain - 1) / grain, block =>
        {
            Span<float> part = pixels.AsSpan(block * grain, Math.Min(grain, pixels.Length - (block * grain)));
            Vector<float> mean = new(by.Mean), std = new(by.Std);
            // An image's 1024 pixels are a multiple of every vector's length.
            foreach (ref Vector<float> values in MemoryMarshal.Cast<float, Vector<float>>(part))
                values = (values - mean) / std;
        });
        return new DigitSet(pixels, Labels);
    }

    private void Convert()
    {
        if (converted is not null)
            return;
        converted = GC.AllocateUninitializedArray<float>(Count * ImageResize.Pixels);
        sums = ImageResize.Convert(Images.Values, Images.Dimensions[1], converted);
    }
}
