using System.Numerics;

namespace SimdConv.Cli.Verification;

/// <summary>
/// The images on one side of a plan that is checked: in NCHW, as checks have them, or copied to the layout with images innermost
/// and back.
/// </summary>
internal sealed class CheckedImages<T>(int batch, int channels, int height, int width, bool inImages)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly ImageLayout nchw = ImageLayout.Nchw(channels, height, width);

    /// <summary>Whether images are innermost: each operation is checked in both layouts.</summary>
    public static readonly bool[] BothLayouts = [false, true];

    public ImageLayout Layout { get; } = inImages
        ? ImageLayout.Chwn(channels, height, width, Math.Max(1, batch))
        : ImageLayout.Nchw(channels, height, width);

    /// <summary>What reports call an operation in the layout.</summary>
    public static string NameOf(string direction, bool inImages) => inImages ? direction + "-chwn" : direction;

    /// <summary>Images of NCHW in the layout of the plan.</summary>
    public ReadOnlySpan<T> To(ReadOnlySpan<T> images, Execution execution)
    {
        if (!inImages)
            return images;
        T[] copy = new T[images.Length];
        Images.Copy(batch, channels, height, width, images, nchw, copy, Layout, execution);
        return copy;
    }

    /// <summary>Runs an operation that writes images in the layout of the plan, and leaves them in NCHW.</summary>
    public void Fill(Span<T> images, Execution execution, Checker<T>.Operation operation)
    {
        if (!inImages)
        {
            operation(images, execution);
            return;
        }

        // NaN stays where the operation forgets to write.
        T[] own = new T[images.Length];
        Array.Fill(own, T.NaN);
        operation(own, execution);
        Images.Copy(batch, channels, height, width, own, Layout, images, nchw, execution);
    }
}
