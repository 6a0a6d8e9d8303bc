using SimdConv.Cli.Networks;

namespace SimdConv.Cli.Data;

/// <summary>
/// Brings images to another size by bilinear interpolation: pixel i of n is at (i + 0.5) * m / n - 0.5 of the m of the source,
/// mirrored about the centre of the first and last pixel; images that have the size already stay as they are.
/// </summary>
internal static class ImageResize
{
    private const int Grain = 256;

    /// <summary>
    /// Writes the images with values in 0..1, and returns each one's sum and sum of squares.
    /// </summary>
    public static PixelSums[] Convert(
        ReadOnlyMemory<byte> images, ImageSize from, ImageSize to, Memory<float> result)
    {
        int count = images.Length / from.Elements;
        PixelSums[] sums = new PixelSums[count];
        Axis down = new(from.Height, to.Height), across = new(from.Width, to.Width);
        Parallel.For(0, (count + Grain - 1) / Grain, block =>
        {
            float[] rows = new float[from.Height * to.Width];
            for (int i = block * Grain; i < Math.Min(count, (block + 1) * Grain); i++)
            {
                ReadOnlySpan<byte> source = images.Span.Slice(i * from.Elements, from.Elements);
                Span<float> target = result.Span.Slice(i * to.Elements, to.Elements);
                if (from == to)
                    Copy(source, target);
                else
                    for (int c = 0; c < from.Channels; c++)
                        Interpolate(source.Slice(c * from.Height * from.Width, from.Height * from.Width),
                            target.Slice(c * to.Height * to.Width, to.Height * to.Width), rows, down, across);
                sums[i] = Sums(target);
            }
        });
        return sums;
    }

    private static void Copy(ReadOnlySpan<byte> source, Span<float> target)
    {
        for (int i = 0; i < target.Length; i++)
            target[i] = source[i] / 255f;
    }

    private static void Interpolate(ReadOnlySpan<byte> source, Span<float> target, Span<float> rows, Axis down, Axis across)
    {
        (int width, int stride) = (across.Taps.Length, across.Size);
        for (int h = 0; h < down.Size; h++)
        {
            ReadOnlySpan<byte> from = source.Slice(h * stride, stride);
            Span<float> to = rows.Slice(h * width, width);
            for (int w = 0; w < width; w++)
            {
                (int index, float next) = across.Taps[w];
                to[w] = (from[index] * (1 - next)) + (from[index + 1] * next);
            }
        }

        for (int h = 0; h < down.Taps.Length; h++)
        {
            (int index, float next) = down.Taps[h];
            ReadOnlySpan<float> above = rows.Slice(index * width, width), below = rows.Slice((index + 1) * width, width);
            Span<float> to = target.Slice(h * width, width);
            for (int w = 0; w < width; w++)
                to[w] = ((above[w] * (1 - next)) + (below[w] * next)) / 255f;
        }
    }

    private static PixelSums Sums(ReadOnlySpan<float> values)
    {
        double sum = 0, squares = 0;
        foreach (float value in values)
        {
            sum += value;
            squares += (double)value * value;
        }

        return new PixelSums(sum, squares);
    }

    /// <summary>For each pixel of the result the pixel before it in the source, and the weight of the one behind that.</summary>
    private sealed class Axis
    {
        public Axis(int size, int results)
        {
            Size = size;
            Taps = new (int, float)[results];
            float last = size - 1;
            for (int i = 0; i < results; i++)
            {
                float at = Math.Abs(((float)size / results * (i + 0.5f)) - 0.5f);
                at = at > last ? (2 * last) - at : at;
                int index = Math.Clamp((int)at, 0, size - 2);
                Taps[i] = (index, at - index);
            }
        }

        public int Size { get; }

        public (int Index, float Next)[] Taps { get; }
    }
}
