using SkiaSharp;

namespace SimdConv.Samples.ImageSearch;

/// <summary>
/// Files of pictures as ResNet-18 takes them: scaled to its size, [channel][row][column], blue first, 0 to 255 less the mean of
/// the pictures that it was trained on.
/// </summary>
internal static class Pictures
{
    /// <summary>Pixels of the largest picture: what a small file says to be larger is refused before it takes memory.</summary>
    public const long MostPixels = 1 << 25;

    /// <summary>Of blue, green and red.</summary>
    private static readonly float[] Means = [103.94f, 116.78f, 123.68f];

    /// <exception cref="SearchException">This is no picture, or it is too large.</exception>
    public static void Read(byte[] file, int height, int width, Span<float> image)
    {
        using SKData data = SKData.CreateCopy(file);
        using SKCodec codec = SKCodec.Create(data) ?? throw new SearchException(
            $"the file of {file.Length:N0} bytes is no picture that can be read; expected JPEG, PNG, WebP, GIF or BMP");
        SKImageInfo info = codec.Info;
        if ((long)info.Width * info.Height > MostPixels)
            throw new SearchException($"the picture has {info.Width} x {info.Height} pixels; expected at most {MostPixels:N0}");
        using SKBitmap whole = new(new SKImageInfo(info.Width, info.Height, SKColorType.Bgra8888, SKAlphaType.Premul));
        if (codec.GetPixels(whole.Info, whole.GetPixels()) is var result && result != SKCodecResult.Success)
            throw new SearchException($"the picture is damaged: {result}");
        using SKBitmap scaled = whole.Resize(new SKImageInfo(width, height, SKColorType.Bgra8888, SKAlphaType.Premul),
            new SKSamplingOptions(SKFilterMode.Linear, SKMipmapMode.Linear));
        ReadOnlySpan<byte> pixels = scaled.GetPixelSpan();
        int plane = height * width;
        for (int i = 0; i < plane; i++)
        {
            for (int c = 0; c < 3; c++)
                image[(c * plane) + i] = pixels[(4 * i) + c] - Means[c];
        }
    }
}
