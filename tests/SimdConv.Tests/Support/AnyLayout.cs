using System.Numerics;

namespace SimdConv.Tests.Support;

/// <summary>
/// A batch of images with strides that a seed chooses: of what is read any that aren't negative, 0 and overlapping ones too; of
/// what is written any by
/// which each element has its own place, nested in any order or interleaved. Dimensions of size 1 have strides that no array
/// could have.
/// </summary>
internal sealed class AnyLayout<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Longest = 1 << 18;

    private static readonly nint[] Unused = [0, 1, 3, -1, int.MaxValue, (nint)1 << 62, nint.MaxValue, nint.MinValue];

    private readonly int[] sizes;

    private AnyLayout(ImageLayout layout, int[] sizes)
    {
        (Layout, this.sizes) = (layout, sizes);
        Data = Support.Data.Filled(Places().DefaultIfEmpty(-1).Max() + 1, Support.Data.Canary<T>());
    }

    public ImageLayout Layout { get; }

    public T[] Data { get; }

    /// <summary>Images to be read; the second array holds their elements in the order n, c, h, w.</summary>
    public static (AnyLayout<T> Image, T[] Packed) ToRead(int seed, DataKind data, params int[] sizes)
    {
        Random random = new(seed);
        for (Draws draws = new($"strides to read images of {string.Join('x', sizes)} with"); ; draws.Next())
        {
            nint[] strides = new nint[4];
            nint next = 1;
            for (int i = 3; i >= 0; next *= Math.Max(1, sizes[i--]))
                strides[i] = random.Next(4) switch { 0 => 0, 1 => random.Next(1, 8), _ => next };
            if (random.Next(4) == 0)
                random.Shuffle(strides);
            if (Create(random, strides, sizes) is not { } image)
                continue;
            Support.Data.Fill<T>(image.Data, data, seed);
            return (image, image.Pack());
        }
    }

    /// <summary>
    /// Images to be written, which hold <paramref name="before"/>, or where that is empty what mustn't be read.
    /// </summary>
    public static AnyLayout<T> ToWrite(int seed, ReadOnlySpan<T> before, params int[] sizes)
    {
        Random random = new(seed);
        for (Draws draws = new($"strides to write images of {string.Join('x', sizes)} with"); ; draws.Next())
        {
            // Dimensions in any order, each beyond the ones inside it; sometimes by any stride.
            nint[] strides = new nint[4];
            int[] order = [3, 2, 1, 0];
            if (random.Next(2) == 0)
                random.Shuffle(order);
            nint next = random.Next(4) == 0 ? 2 : 1;
            foreach (int i in order)
            {
                strides[i] = random.Next(8) == 0 ? random.Next(1, 40) : next + (random.Next(4) == 0 ? random.Next(1, 5) : 0);
                next = Math.Max(1, sizes[i]) * strides[i];
            }

            if (Create(random, strides, sizes) is not { } image || !image.IsOneToOne())
                continue;
            int at = 0;
            foreach (long place in image.Places())
                image.Data[place] = before.IsEmpty ? T.NaN : before[at++];
            return image;
        }
    }

    public T[] Pack() => [.. Places().Select(place => Data[place])];

    /// <summary>The results; fails if anything else was written.</summary>
    public T[] Results(string what)
    {
        T[] expected = Support.Data.Filled(Data.Length, Support.Data.Canary<T>());
        foreach (long place in Places())
            expected[place] = Data[place];
        Compare.Untouched<T>(expected, Data, $"{what}: a gap of {Layout}");
        return Pack();
    }

    private static AnyLayout<T>? Create(Random random, nint[] strides, int[] sizes)
    {
        for (int i = 0; i < 4; i++)
        {
            if (sizes[i] <= 1)
                strides[i] = random.Next(3) == 0 ? strides[i] : Unused[random.Next(Unused.Length)];
        }

        long last = Enumerable.Range(0, 4).Sum(i => strides[i] * Math.Max(0, (nint)sizes[i] - 1));
        long elements = sizes.Aggregate(1L, (product, size) => product * Math.Max(1, size));

        // Images of many elements take some multiple of them.
        return last > Math.Max(Longest, 8 * elements) ? null : new(new(strides[0], strides[1], strides[2], strides[3]), sizes);
    }

    /// <summary>Of one image at least: a plan looks at that whatever the batch will be.</summary>
    private bool IsOneToOne()
    {
        HashSet<long> places = [];
        return Places(Math.Max(1, sizes[0])).All(places.Add);
    }

    private IEnumerable<long> Places() => Places(sizes[0]);

    private IEnumerable<long> Places(int batch)
    {
        for (int n = 0; n < batch; n++)
        {
            for (int c = 0; c < sizes[1]; c++)
            {
                for (int h = 0; h < sizes[2]; h++)
                {
                    for (int w = 0; w < sizes[3]; w++)
                        yield return (n * Layout.N) + (c * Layout.C) + (h * Layout.H) + (w * Layout.W);
                }
            }
        }
    }
}
