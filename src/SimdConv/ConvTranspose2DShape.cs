namespace SimdConv;

/// <summary>
/// The geometry of a transposed 2-D convolution, as PyTorch's ConvTranspose2d and ONNX's ConvTranspose: everything but the batch
/// size. It is the gradient of a convolution with respect to its input, from C x H x W to K x P x Q with P = (H - 1)*StrideH -
/// PadTop - PadBottom + DilationH*(R-1) + OutputPaddingH + 1, and Q likewise.
/// </summary>
/// <param name="C">Input channels.</param>
/// <param name="H">Input height in pixels.</param>
/// <param name="W">Input width in pixels.</param>
/// <param name="K">Output channels.</param>
/// <param name="R">Kernel height.</param>
/// <param name="S">Kernel width.</param>
public sealed record ConvTranspose2DShape(int C, int H, int W, int K, int R, int S)
{
    /// <summary>Output pixels from one input pixel's window to that of the one below it.</summary>
    public int StrideH { get; init; } = 1;

    /// <summary>Output pixels from one input pixel's window to that of the one beside it.</summary>
    public int StrideW { get; init; } = 1;

    /// <summary>Rows that are cut off above the output.</summary>
    public int PadTop { get; init; }

    /// <summary>Columns that are cut off left of the output.</summary>
    public int PadLeft { get; init; }

    /// <summary>Rows that are cut off below the output.</summary>
    public int PadBottom { get; init; }

    /// <summary>Columns that are cut off right of the output.</summary>
    public int PadRight { get; init; }

    /// <summary>
    /// Rows added below the output: the choice among the heights that a convolution of this stride takes to H. Less than StrideH,
    /// or less than DilationH, as in PyTorch.
    /// </summary>
    public int OutputPaddingH { get; init; }

    /// <summary>Columns added right of the output; less than StrideW or less than DilationW.</summary>
    public int OutputPaddingW { get; init; }

    /// <summary>Pixels from one kernel row to the next; 1 is a dense kernel.</summary>
    public int DilationH { get; init; } = 1;

    /// <summary>Pixels from one kernel column to the next; 1 is a dense kernel.</summary>
    public int DilationW { get; init; } = 1;

    /// <summary>Groups that C and K are split into; each sees its own C/Groups channels.</summary>
    public int Groups { get; init; } = 1;

    /// <summary>Output height.</summary>
    public int P => Shapes.Saturate(OutputSize(H, R, StrideH, PadTop, PadBottom, DilationH, OutputPaddingH));

    /// <summary>Output width.</summary>
    public int Q => Shapes.Saturate(OutputSize(W, S, StrideW, PadLeft, PadRight, DilationW, OutputPaddingW));

    /// <summary>Elements of the weights, C x K/Groups x R x S.</summary>
    public int WeightCount => Groups < 1 ? 0 : Shapes.Multiply(Shapes.Multiply(C, K / Groups), Shapes.Multiply(R, S));

    /// <summary>
    /// The convolution from K x P x Q to C x H x W that this is the transpose of; it has the same weights. Where the output
    /// padding is a stride or more, PadBottom or PadRight is smaller by whole strides, so that the sizes still belong together.
    /// Below 0 it stands for rows or columns of K x P x Q that no window sees: no operation but the transposed one takes such a
    /// shape.
    /// </summary>
    public Conv2DShape Convolution => new(K, P, Q, C, R, S)
    {
        StrideH = StrideH,
        StrideW = StrideW,
        PadTop = PadTop,
        PadLeft = PadLeft,
        PadBottom = Shapes.Saturate((long)PadBottom - WholeStrides(OutputPaddingH, StrideH)),
        PadRight = Shapes.Saturate((long)PadRight - WholeStrides(OutputPaddingW, StrideW)),
        DilationH = DilationH,
        DilationW = DilationW,
        Groups = Groups,
    };

    /// <summary>
    /// The size of the output along one axis; 0 or less where nothing is left of it, or a size, stride or dilation is below 1.
    /// </summary>
    public static long OutputSize(
        int size, int kernel, int stride, int padBefore, int padAfter, int dilation, int outputPadding) =>
        size < 1 || kernel < 1 || stride < 1 || dilation < 1
            ? 0
            : ((size - 1L) * stride) - padBefore - padAfter + (dilation * (kernel - 1L)) + outputPadding + 1;

    /// <summary>The shape with the same padding on opposite sides.</summary>
    public ConvTranspose2DShape WithPadding(int vertical, int horizontal) =>
        this with { PadTop = vertical, PadBottom = vertical, PadLeft = horizontal, PadRight = horizontal };

    /// <summary>
    /// The shape whose output has a size: what ONNX's ConvTranspose does with an output_shape. Padding cuts off what there is too
    /// much of, with the output padding as it is; where there is too little, output padding adds it. ONNX's auto_pad is a size of
    /// H*StrideH by W*StrideW.
    /// </summary>
    /// <param name="p">Output height.</param>
    /// <param name="q">Output width.</param>
    /// <param name="isLower">Whether an odd pixel of padding is above and left, which ONNX says unless auto_pad is
    /// SAME_UPPER.</param>
    /// <exception cref="ArgumentOutOfRangeException">A property or a size is out of its range, or so much output padding is
    /// needed that no transposed convolution takes it.</exception>
    public ConvTranspose2DShape WithOutputSize(int p, int q, bool isLower)
    {
        ArgumentErrors.RequireAtLeast(p, 1, nameof(p));
        ArgumentErrors.RequireAtLeast(q, 1, nameof(q));
        RequireRanges();
        (int top, int bottom, int addedH) = PaddingFor(p, H, R, StrideH, DilationH, OutputPaddingH, isLower);
        (int left, int right, int addedW) = PaddingFor(q, W, S, StrideW, DilationW, OutputPaddingW, isLower);
        ConvTranspose2DShape shape = this with
        {
            PadTop = top,
            PadBottom = bottom,
            PadLeft = left,
            PadRight = right,
            OutputPaddingH = addedH,
            OutputPaddingW = addedW,
        };
        shape.RequireOutputPaddings();
        return shape;
    }

    /// <summary>The padding and the output padding of one axis with which its output has a size; both saturate.</summary>
    private static (int Before, int After, int OutputPadding) PaddingFor(
        int output, int size, int kernel, int stride, int dilation, int outputPadding, bool isLower)
    {
        long surplus = OutputSize(size, kernel, stride, 0, 0, dilation, outputPadding) - output;
        (int before, int after) = Shapes.Halves(Math.Max(0, surplus), isLower);
        return (before, after, Shapes.Saturate(outputPadding + Math.Max(0, -surplus)));
    }

    /// <summary>
    /// Throws for a shape that no transposed convolution can have, naming the property, its value and what was expected.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">A property is out of its range, the groups don't divide the channels, the
    /// padding leaves no output, or a size exceeds 2^31 - 1 elements.</exception>
    public void Validate()
    {
        RequireRanges();
        RequireOutputPaddings();
        long p = OutputSize(H, R, StrideH, PadTop, PadBottom, DilationH, OutputPaddingH);
        long q = OutputSize(W, S, StrideW, PadLeft, PadRight, DilationW, OutputPaddingW);
        if (p < 1)
            throw ArgumentErrors.OutOfRange("shape.PadTop", PadTop,
                $"padding that leaves an output row: with PadBottom = {PadBottom} it has {p}");
        if (q < 1)
            throw ArgumentErrors.OutOfRange("shape.PadLeft", PadLeft,
                $"padding that leaves an output column: with PadRight = {PadRight} it has {q}");
        Shapes.RequireCountable("shape.C", C, C, H, W);
        Shapes.RequireCountable("shape.K", K, K, p, q);
        Shapes.RequireCountable("shape.C", C, C, K / Groups, R, S);
        Convolution.ValidateSizes();
    }

    private void RequireRanges()
    {
        (Convolution with { PadBottom = PadBottom, PadRight = PadRight }).ValidateGeometry(C, K);
        ArgumentErrors.RequireAtLeast(H, 1, "shape.H");
        ArgumentErrors.RequireAtLeast(W, 1, "shape.W");
    }

    private void RequireOutputPaddings()
    {
        RequireOutputPadding(OutputPaddingH, StrideH, DilationH, "H");
        RequireOutputPadding(OutputPaddingW, StrideW, DilationW, "W");
    }

    private static void RequireOutputPadding(int padding, int stride, int dilation, string axis)
    {
        if (padding < 0 || padding >= Math.Max(stride, dilation))
            throw ArgumentErrors.OutOfRange($"shape.OutputPadding{axis}", padding,
                $"0 or more and less than the larger of shape.Stride{axis} = {stride} and shape.Dilation{axis} = {dilation}");
    }

    private static int WholeStrides(int padding, int stride) => stride < 1 ? 0 : padding - (padding % stride);
}
