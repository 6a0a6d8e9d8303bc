namespace SimdConv.Arm64;

/// <summary>
/// Random convolutions of the kind that the tests of oneDNN draw: small batches, groups up to depthwise, kernels up to 7,
/// strides, dilations and uneven padding, sizes that are no multiples of registers. One line each, as <c>simdconv verify</c>
/// reads them.
/// </summary>
internal static class RandomShapes
{
    private const long MostMultiplyAdds = 300_000;

    public static int Print(int count, int seed)
    {
        Random random = new(seed);
        for (int printed = 0; printed < count;)
        {
            if (Draw(random) is not { } line)
                continue;
            Console.WriteLine(line);
            printed++;
        }

        return 0;
    }

    /// <summary>A shape; null where the kernel doesn't fit into the image, or where there is too much to compute.</summary>
    private static string? Draw(Random random)
    {
        int n = random.Next(1, 5), groups = random.Next(4) == 0 ? random.Next(2, 20) : 1;
        int c = groups * (random.Next(3) == 0 ? 1 : random.Next(1, 40));
        int k = groups * (random.Next(3) == 0 ? 1 : random.Next(1, 40));
        (int h, int r, int strideH, int top, int bottom, int dilationH, int p) = Axis(random, isFlat: random.Next(8) == 0);
        (int w, int s, int strideW, int left, int right, int dilationW, int q) = Axis(random, isFlat: false);
        return p < 1 || q < 1 || (long)n * k * p * q * (c / groups) * r * s > MostMultiplyAdds
            ? null
            : $"n={n},c={c},h={h},w={w},k={k},r={r},s={s},stride={strideH}x{strideW},pad={top}x{left}x{bottom}x{right},"
            + $"dilation={dilationH}x{dilationW},groups={groups}";
    }

    /// <param name="random">Where numbers come from.</param>
    /// <param name="isFlat">Whether the axis has one element, as the height of a convolution in one dimension.</param>
    private static (int Size, int Kernel, int Stride, int Before, int After, int Dilation, int Outputs) Axis(
        Random random, bool isFlat)
    {
        if (isFlat)
            return (1, 1, 1, 0, 0, 1, 1);
        int size = random.Next(1, 30), kernel = random.Next(3) == 0 ? 3 : random.Next(1, 8);
        int stride = random.Next(2) == 0 ? 1 : random.Next(1, 5), dilation = random.Next(3) == 0 ? random.Next(1, 4) : 1;
        int before = random.Next(kernel), after = random.Next(2) == 0 ? before : random.Next(kernel);
        int room = size + before + after - (((kernel - 1) * dilation) + 1);
        return (size, kernel, stride, before, after, dilation, room < 0 ? 0 : (room / stride) + 1);
    }
}
