namespace SimdConv.Cli.Data;

/// <summary>
/// Brings images to the 32 x 32 pixels that LeNet-5 reads: 28 x 28 ones by bilinear interpolation, pixel i of the result
/// at 0.875(i + 0.5) - 0.5 of the source and mirrored about the centre of the first and last pixel; 32 x 32 ones as they are.
/// </summary>
internal static class ImageResize
{
    public const int Side = 32;

    public const int Pixels = Side * Side;

    private const int SourceSide = 28;

    // The weights are sixteenths, so that interpolating bytes in float is exact.
    private static readonly (int Index, float Next)[] Taps = CreateTaps();

    public static bool CanRead(int height, int width) => height == width && height is SourceSide or Side;

    /// <summary>
    /// Writes the images with values in 0..1, and returns each one's sum and sum of squares.
    /// </summary>
    public static (double Sum, double Squares)[] Convert(ReadOnlyMemory<byte> images, int side, Memory<float> result)
    {
        int count = images.Length / (side * side);
        (double, double)[] sums = new (double, double)[count];
        const int grain = 256;
        Parallel.For(0, (count + grain - 1) / grain, block =>
        {
            Span<float> rows = stackalloc float[SourceSide * Side];
            for (int i = block * grain; i < Math.Min(count, (block + 1) * grain); i++)
            {
                ReadOnlySpan<byte> source = images.Span.Slice(i * side * side, side * side);
                Span<float> target = result.Span.Slice(i * Pixels, Pixels);
                if (side == Side)
                    Copy(source, target);
                else
                    Interpolate(source, target, rows);
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

    private static void Interpolate(ReadOnlySpan<byte> source, Span<float> target, Span<float> rows)
    {
        for (int h = 0; h < SourceSide; h++)
        {
            ReadOnlySpan<byte> from = source.Slice(h * SourceSide, SourceSide);
            Span<float> to = rows.Slice(h * Side, Side);
            for (int w = 0; w < Side; w++)
            {
                (int index, float next) = Taps[w];
                to[w] = (from[index] * (1 - next)) + (from[index + 1] * next);
            }
        }

        for (int h = 0; h < Side; h++)
        {
            (int index, float next) = Taps[h];
            ReadOnlySpan<float> above = rows.Slice(index * Side, Side), below = rows.Slice((index + 1) * Side, Side);
            Span<float> to = target.Slice(h * Side, Side);
            for (int w = 0; w < Side; w++)
                to[w] = ((above[w] * (1 - next)) + (below[w] * next)) / 255f;
        }
    }

    private static (double, double) Sums(ReadOnlySpan<float> values)
    {
        double sum = 0, squares = 0;
        foreach (float value in values)
        {
            sum += value;
            squares += (double)value * value;
        }

        return (sum, squares);
    }

    private static (int, float)[] CreateTaps()
    {
        (int, float)[] taps = new (int, float)[Side];
        for (int i = 0; i < Side; i++)
        {
            const float last = SourceSide - 1;
            float at = Math.Abs(((float)SourceSide / Side * (i + 0.5f)) - 0.5f);
            at = at > last ? (2 * last) - at : at;
            int index = Math.Min((int)at, SourceSide - 2);
            taps[i] = (index, at - index);
        }

        return taps;
    }
}
