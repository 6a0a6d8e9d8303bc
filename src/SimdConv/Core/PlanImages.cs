namespace SimdConv.Core;

/// <summary>
/// The images of one side of a plan, its input or its output: their strides, and which batches have been checked.
/// </summary>
internal sealed unsafe class PlanImages
{
    private readonly ImageStrides strides;

    /// <summary>
    /// The largest batch that has been found to have no two elements at one address. Several threads may find that at the same
    /// time.
    /// </summary>
    private int distinct;

    /// <param name="layout">The strides that the caller gave.</param>
    /// <param name="channels">Channels of an image, at least one.</param>
    /// <param name="height">Rows of a channel, at least one.</param>
    /// <param name="width">Pixels of a row, at least one.</param>
    /// <param name="argument">What the caller calls the layout.</param>
    /// <param name="isOutput">Whether an image with two elements at one address is refused here already, rather than when the
    /// images are written.</param>
    public PlanImages(ImageLayout layout, int channels, int height, int width, string argument, bool isOutput)
    {
        strides = new(layout, channels, height, width, argument);
        if (isOutput && !strides.AreDistinct(1))
            throw ArgumentErrors.OutOfRange(argument, layout, "strides that give every element of the output a place of its own");
    }

    /// <summary>
    /// The strides of a plan's tables. No element's address depends on the stride of a dimension of size 1, which a caller may
    /// leave at anything: here it is that of a contiguous image. The stride of images is open until the batch is known: it is 1
    /// where they are innermost, and else larger than any.
    /// </summary>
    public ImageLayout Layout => strides.Of(1) with { N = AreInnermost ? 1 : nint.MaxValue };

    /// <inheritdoc cref="ImageStrides.AreInnermost"/>
    public bool AreInnermost => strides.AreInnermost;

    /// <inheritdoc cref="ImageStrides.Of"/>
    public ImageLayout Of(int batch) => strides.Of(batch);

    /// <inheritdoc cref="ImageStrides.Length"/>
    public long Length(int batch, string argument) => strides.Length(batch, argument);

    /// <inheritdoc cref="ImageStrides.ExactLength"/>
    public long ExactLength(int batch, string argument) => strides.ExactLength(batch, argument);

    /// <inheritdoc cref="ImageStrides.RequireDistinct"/>
    public void RequireDistinct(int batch, string argument)
    {
        if (batch <= distinct)
            return;
        strides.RequireDistinct(batch, argument);
        distinct = strides.AreApart ? int.MaxValue : batch;
    }

    public ElementSet<T> Elements<T>(T* data, int batch)
        where T : unmanaged =>
        strides.Elements(data, batch);
}
