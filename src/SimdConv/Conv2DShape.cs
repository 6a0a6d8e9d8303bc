namespace SimdConv;

/// <summary>
/// The geometry of a 2-D convolution (cross-correlation, as PyTorch's and ONNX's Conv): everything but the batch size.
/// The output is K x P x Q with P = (H + PadTop + PadBottom - DilationH*(R-1) - 1) / StrideH + 1, and Q likewise.
/// </summary>
/// <param name="C">Input channels.</param>
/// <param name="H">Input height in pixels.</param>
/// <param name="W">Input width in pixels.</param>
/// <param name="K">Output channels.</param>
/// <param name="R">Kernel height.</param>
/// <param name="S">Kernel width.</param>
public sealed record Conv2DShape(int C, int H, int W, int K, int R, int S)
{
    /// <summary>Pixels from one window to the next one below it.</summary>
    public int StrideH { get; init; } = 1;

    /// <summary>Pixels from one window to the next one beside it.</summary>
    public int StrideW { get; init; } = 1;

    /// <summary>Rows of zeros above the image.</summary>
    public int PadTop { get; init; }

    /// <summary>Columns of zeros left of the image.</summary>
    public int PadLeft { get; init; }

    /// <summary>Rows of zeros below the image.</summary>
    public int PadBottom { get; init; }

    /// <summary>Columns of zeros right of the image.</summary>
    public int PadRight { get; init; }

    /// <summary>Pixels from one kernel row to the next; 1 is a dense kernel.</summary>
    public int DilationH { get; init; } = 1;

    /// <summary>Pixels from one kernel column to the next; 1 is a dense kernel.</summary>
    public int DilationW { get; init; } = 1;

    /// <summary>Groups that C and K are split into; each sees its own C/Groups channels. C groups make it depthwise.</summary>
    public int Groups { get; init; } = 1;

    /// <summary>Output height: the number of windows down the image.</summary>
    public int P => Shapes.Saturate(OutputSize(H, R, StrideH, PadTop, PadBottom, DilationH));

    /// <summary>Output width: the number of windows across the image.</summary>
    public int Q => Shapes.Saturate(OutputSize(W, S, StrideW, PadLeft, PadRight, DilationW));

    /// <summary>Terms of one output element, C/Groups*R*S: the K of the equivalent GEMM.</summary>
    public int Taps => Groups < 1 ? 0 : Shapes.Multiply(Shapes.Multiply(C / Groups, R), S);

    /// <summary>Elements of the weights, K x C/Groups x R x S.</summary>
    public int WeightCount => Shapes.Multiply(K, Taps);

    /// <summary>
    /// Whether each output pixel sees the input pixel of the same row and column and nothing else: a 1x1 kernel of stride 1
    /// without padding on any side. Then P = H and Q = W; but P = H and Q = W don't imply that, since padding behind the image
    /// can make up for a stride.
    /// </summary>
    internal bool IsPointwise =>
        (R, S, StrideH, StrideW) == (1, 1, 1, 1) && (PadTop, PadLeft, PadBottom, PadRight) == (0, 0, 0, 0);

    /// <summary>Whether each output sees all input channels: there is one group.</summary>
    internal bool IsDense => Groups == 1;

    /// <summary>Whether each group has one input channel, so that planes are convolved and no sums run over channels.</summary>
    internal bool IsDepthwise => C == Groups;

    /// <summary>Whether the kernel is a single pixel, whatever its stride and padding.</summary>
    internal bool HasSingleTap => KernelSize == 1;

    /// <summary>
    /// Whether the kernel is so many pixels high and wide, with stride 1 and without dilation: what Winograd's algorithm is for.
    /// </summary>
    internal bool IsPlain(int size) => (R, S, StrideH, StrideW, DilationH, DilationW) == (size, size, 1, 1, 1, 1);

    /// <summary>Taps of one channel.</summary>
    internal int KernelSize => R * S;

    /// <summary>Input channels of one group.</summary>
    internal int GroupChannels => C / Groups;

    /// <summary>Output channels of one group.</summary>
    internal int GroupOutputs => K / Groups;

    /// <summary>Phases of the pixels of the input modulo the strides: pixels of one phase lie under the same taps.</summary>
    internal long InputPhases => (long)Math.Min(StrideH, H) * Math.Min(StrideW, W);

    /// <summary>The number of windows along one axis; 0 or less where none fits.</summary>
    public static long OutputSize(int size, int kernel, int stride, int padBefore, int padAfter, int dilation)
    {
        long room = (long)size + padBefore + padAfter - (dilation * (kernel - 1L)) - 1;
        return room < 0 || stride < 1 ? 0 : (room / stride) + 1;
    }

    /// <summary>A 1-D convolution: one of height 1, with x as N x C x length, weights K x C/groups x s, y as N x K x Q.</summary>
    /// <param name="c">Input channels.</param>
    /// <param name="length">Input length.</param>
    /// <param name="k">Output channels.</param>
    /// <param name="s">Kernel length.</param>
    /// <param name="stride">Elements from one window to the next.</param>
    /// <param name="padding">Zeros on each side; set PadLeft and PadRight for different ones (causal: dilation * (s - 1) and
    /// 0).</param>
    /// <param name="dilation">Elements from one tap to the next.</param>
    /// <param name="groups">Groups that c and k are split into.</param>
    public static Conv2DShape Conv1D(
        int c, int length, int k, int s, int stride = 1, int padding = 0, int dilation = 1, int groups = 1) =>
        new(c, 1, length, k, 1, s)
        {
            StrideW = stride,
            PadLeft = padding,
            PadRight = padding,
            DilationW = dilation,
            Groups = groups,
        };

    /// <summary>The shape with the same padding on opposite sides.</summary>
    public Conv2DShape WithPadding(int vertical, int horizontal) =>
        this with { PadTop = vertical, PadBottom = vertical, PadLeft = horizontal, PadRight = horizontal };

    /// <summary>
    /// The shape padded so that P = ceil(H/StrideH) and Q = ceil(W/StrideW): ONNX's SAME_UPPER and SAME_LOWER.
    /// </summary>
    /// <param name="isLower">Whether an odd pixel of padding is above and left (SAME_LOWER), not below and right.</param>
    /// <exception cref="ArgumentOutOfRangeException">A property is out of its range.</exception>
    public Conv2DShape WithSamePadding(bool isLower = false)
    {
        ValidateGeometry(C, K);
        RequireImage();
        (int top, int bottom) = SamePadding(H, R, StrideH, DilationH, isLower);
        (int left, int right) = SamePadding(W, S, StrideW, DilationW, isLower);
        return this with { PadTop = top, PadBottom = bottom, PadLeft = left, PadRight = right };
    }

    /// <summary>
    /// The least padding of one axis with which there are ceil(size/stride) windows, of a convolution or a pooling.
    /// </summary>
    /// <param name="size">Pixels of the image.</param>
    /// <param name="kernel">Taps of a window.</param>
    /// <param name="stride">Pixels from one window to the next.</param>
    /// <param name="dilation">Pixels from one tap to the next.</param>
    /// <param name="isLower">Whether an odd pixel is before the image (SAME_LOWER), not behind it (SAME_UPPER).</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is below 1, or the window exceeds 2^31 - 1 pixels.</exception>
    public static (int Before, int After) SamePadding(int size, int kernel, int stride, int dilation, bool isLower = false)
    {
        ArgumentErrors.RequireAtLeast(size, 1, nameof(size));
        ArgumentErrors.RequireAtLeast(kernel, 1, nameof(kernel));
        ArgumentErrors.RequireAtLeast(stride, 1, nameof(stride));
        ArgumentErrors.RequireAtLeast(dilation, 1, nameof(dilation));
        long extent = ((long)dilation * (kernel - 1)) + 1, windows = Shapes.DivideUp(size, stride);
        Shapes.RequireCountable(nameof(kernel), kernel, extent);
        return Shapes.Halves(Math.Max(0, ((windows - 1) * stride) + extent - size), isLower);
    }

    /// <summary>Throws for a shape that no convolution can have, naming the property, its value and what was expected.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A property is out of its range, the groups don't divide the channels, the
    /// kernel doesn't fit in the padded image, or a size exceeds 2^31 - 1 elements.</exception>
    public void Validate()
    {
        ValidateGeometry(C, K);
        RequireImage();
        ValidateSizes();
    }

    /// <summary>
    /// Refuses kernels, strides, paddings, dilations and groups that no convolution from <paramref name="c"/> to
    /// <paramref name="k"/> channels can have.
    /// </summary>
    internal void ValidateGeometry(int c, int k)
    {
        ArgumentErrors.RequireAtLeast(c, 1, "shape.C");
        ArgumentErrors.RequireAtLeast(k, 1, "shape.K");
        ArgumentErrors.RequireAtLeast(R, 1, "shape.R");
        ArgumentErrors.RequireAtLeast(S, 1, "shape.S");
        ArgumentErrors.RequireAtLeast(StrideH, 1, "shape.StrideH");
        ArgumentErrors.RequireAtLeast(StrideW, 1, "shape.StrideW");
        ArgumentErrors.RequireAtLeast(PadTop, 0, "shape.PadTop");
        ArgumentErrors.RequireAtLeast(PadLeft, 0, "shape.PadLeft");
        ArgumentErrors.RequireAtLeast(PadBottom, 0, "shape.PadBottom");
        ArgumentErrors.RequireAtLeast(PadRight, 0, "shape.PadRight");
        ArgumentErrors.RequireAtLeast(DilationH, 1, "shape.DilationH");
        ArgumentErrors.RequireAtLeast(DilationW, 1, "shape.DilationW");
        ArgumentErrors.RequireAtLeast(Groups, 1, "shape.Groups");
        if (c % Groups != 0)
            throw ArgumentErrors.OutOfRange("shape.Groups", Groups, $"a divisor of shape.C = {c}");
        if (k % Groups != 0)
            throw ArgumentErrors.OutOfRange("shape.Groups", Groups, $"a divisor of shape.K = {k}");
    }

    private void RequireImage()
    {
        ArgumentErrors.RequireAtLeast(H, 1, "shape.H");
        ArgumentErrors.RequireAtLeast(W, 1, "shape.W");
    }

    /// <summary>
    /// Refuses a kernel that doesn't fit in the padded image, and sizes that are too large. Padding below and right may be
    /// negative: see <see cref="ConvTranspose2DShape.Convolution"/>.
    /// </summary>
    internal void ValidateSizes()
    {

        long p = OutputSize(H, R, StrideH, PadTop, PadBottom, DilationH);
        long q = OutputSize(W, S, StrideW, PadLeft, PadRight, DilationW);
        if (p < 1)
            throw ArgumentErrors.OutOfRange("shape.R", R,
                $"a kernel that fits: H = {H} with padding {PadTop}+{PadBottom} and dilation {DilationH} leaves no output row");
        if (q < 1)
            throw ArgumentErrors.OutOfRange("shape.S", S,
                $"a kernel that fits: W = {W} with padding {PadLeft}+{PadRight} and dilation "
                + $"{DilationW} leaves no output column");
        Shapes.RequireCountable("shape.H", H, (long)H + PadTop + PadBottom);
        Shapes.RequireCountable("shape.W", W, (long)W + PadLeft + PadRight);
        Shapes.RequireCountable("shape.R", R, (long)DilationH * (R - 1) + 1);
        Shapes.RequireCountable("shape.S", S, (long)DilationW * (S - 1) + 1);
        Shapes.RequireCountable("shape.C", C, C, H, W);
        Shapes.RequireCountable("shape.K", K, K, p, q);
        Shapes.RequireCountable("shape.K", K, K, C / Groups, R, S);
        Shapes.RequireCountable("shape.C", C, C / Groups, (long)H + PadTop + PadBottom, (long)W + PadLeft + PadRight);
    }
}
