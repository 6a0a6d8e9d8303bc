namespace SimdConv.Cli.Data;

/// <summary>What is subtracted from every pixel, and what the difference is divided by.</summary>
internal readonly record struct Standardisation(float Mean, float Std);

/// <summary>Standardised 32 x 32 images, one after the other, and their labels.</summary>
internal sealed record DigitSet(ReadOnlyMemory<float> Images, ReadOnlyMemory<byte> Labels)
{
    public const int Classes = 10;

    public int Count => Labels.Length;

    public DigitSet Slice(int start, int count) =>
        new(Images.Slice(start * ImageResize.Pixels, count * ImageResize.Pixels), Labels.Slice(start, count));
}
