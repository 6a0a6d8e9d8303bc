using SimdConv.Cli.Networks;

namespace SimdConv.Cli.Data;

/// <summary>What is subtracted from every pixel, and what the difference is divided by.</summary>
internal readonly record struct Standardisation(float Mean, float Std);

/// <summary>Standardised images, one after the other, and their labels.</summary>
internal sealed record DigitSet(ReadOnlyMemory<float> Images, ReadOnlyMemory<byte> Labels, ImageSize Size)
{
    public int Count => Labels.Length;

    public DigitSet Slice(int start, int count) =>
        this with { Images = ImagesOf(start, count), Labels = Labels.Slice(start, count) };

    /// <summary>The pixels of some images.</summary>
    public ReadOnlyMemory<float> ImagesOf(int start, int count) => Images.Slice(start * Size.Elements, count * Size.Elements);
}
