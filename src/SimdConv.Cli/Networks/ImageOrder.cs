namespace SimdConv.Cli.Networks;

/// <summary>Brings images that lie one after the other to images innermost, and back.</summary>
internal static class ImageOrder
{
    // Elements of every image at a time: those of one pixel may all map to the same set of the cache.
    private const int Block = 64;

    /// <summary>From images of so many elements to rows of one element of each image.</summary>
    /// <param name="images">Images.</param>
    /// <param name="elements">Elements of an image.</param>
    /// <param name="from">The images, one after the other.</param>
    /// <param name="to">The rows; what lies between them is left alone.</param>
    /// <param name="pitch">Elements from one row to the next.</param>
    public static void ToInnermost<T>(int images, int elements, ReadOnlySpan<T> from, Span<T> to, int pitch)
    {
        for (int first = 0; first < elements; first += Block)
        {
            int length = Math.Min(Block, elements - first);
            for (int n = 0; n < images; n++)
            {
                ReadOnlySpan<T> image = from.Slice((n * elements) + first, length);
                Span<T> rows = to[((first * pitch) + n)..];
                for (int i = 0; i < image.Length; i++)
                    rows[i * pitch] = image[i];
            }
        }
    }

    /// <summary>The inverse.</summary>
    public static void ToOutermost<T>(int images, int elements, ReadOnlySpan<T> from, int pitch, Span<T> to)
    {
        for (int first = 0; first < elements; first += Block)
        {
            int length = Math.Min(Block, elements - first);
            for (int n = 0; n < images; n++)
            {
                Span<T> image = to.Slice((n * elements) + first, length);
                ReadOnlySpan<T> rows = from[((first * pitch) + n)..];
                for (int i = 0; i < image.Length; i++)
                    image[i] = rows[i * pitch];
            }
        }
    }
}
