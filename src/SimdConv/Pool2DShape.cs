namespace SimdConv;

/// <summary>The geometry of a 2-D pooling, with PyTorch's rules: everything but the batch size.</summary>
/// <param name="C">Channels.</param>
/// <param name="H">Input height in pixels.</param>
/// <param name="W">Input width in pixels.</param>
/// <param name="R">Window height.</param>
/// <param name="S">Window width.</param>
public sealed record Pool2DShape(int C, int H, int W, int R, int S)
{
    private readonly int? strideH, strideW;

    /// <summary>Average pooling to a given size, as PyTorch's adaptive pooling does it: row p of the output is the mean of rows
    /// p*H/P to (p+1)*H/P, rounded down and up, and columns likewise. 1 x 1 is global pooling.</summary>
    /// <param name="c">Channels.</param>
    /// <param name="h">Input height in pixels.</param>
    /// <param name="w">Input width in pixels.</param>
    /// <param name="p">Output height; may be more than the input's.</param>
    /// <param name="q">Output width; may be more than the input's.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is below 1, or their product exceeds 2^31 - 1 elements.</exception>
    public static Pool2DShape Adaptive(int c, int h, int w, int p, int q)
    {
        ArgumentErrors.RequireAtLeast(c, 1, nameof(c));
        ArgumentErrors.RequireAtLeast(h, 1, nameof(h));
        ArgumentErrors.RequireAtLeast(w, 1, nameof(w));
        ArgumentErrors.RequireAtLeast(p, 1, nameof(p));
        ArgumentErrors.RequireAtLeast(q, 1, nameof(q));
        Shapes.RequireCountable(nameof(c), c, c, h, w);
        Shapes.RequireCountable(nameof(c), c, c, p, q);
        return new Pool2DShape(c, h, w, Longest(h, p), Longest(w, q)) { AdaptiveSize = (p, q) };

        // Window i begins (i*size mod windows) / windows of the way into a pixel, at most 1 - gcd/windows.
        static int Longest(int size, int windows) =>
            (int)(((2L * windows) - Shapes.CommonDivisor(size, windows) + size - 1) / windows);
    }

    /// <summary>
    /// The output's size where the windows follow from it; R and S are then the longest window, and no other setting applies.
    /// </summary>
    public (int Height, int Width)? AdaptiveSize { get; private init; }

    /// <summary>Pixels from one window to the next one below it; the window's height unless set.</summary>
    public int StrideH { get => strideH ?? R; init => strideH = value; }

    /// <summary>Pixels from one window to the next one beside it; the window's width unless set.</summary>
    public int StrideW { get => strideW ?? S; init => strideW = value; }

    /// <summary>Rows of padding above the image.</summary>
    public int PadTop { get; init; }

    /// <summary>Columns of padding left of the image.</summary>
    public int PadLeft { get; init; }

    /// <summary>Rows of padding below the image.</summary>
    public int PadBottom { get; init; }

    /// <summary>Columns of padding right of the image.</summary>
    public int PadRight { get; init; }

    /// <summary>Pixels from one row of a window to the next; 1 is a dense window.</summary>
    public int DilationH { get; init; } = 1;

    /// <summary>Pixels from one column of a window to the next; 1 is a dense window.</summary>
    public int DilationW { get; init; } = 1;

    /// <summary>Whether a last, partial window counts, if it begins inside the image or the padding before it.</summary>
    public bool CeilMode { get; init; }

    /// <summary>Whether padding counts in an average's divisor.</summary>
    public bool CountIncludePad { get; init; } = true;

    /// <summary>What an average divides by, whatever the window holds; null for the number of pixels that count.</summary>
    public int? DivisorOverride { get; init; }

    /// <summary>Output height.</summary>
    public int P =>
        AdaptiveSize is { } size
        ? size.Height
        : Shapes.Saturate(OutputSize(H, R, StrideH, PadTop, PadBottom, DilationH, CeilMode));

    /// <summary>Output width.</summary>
    public int Q =>
        AdaptiveSize is { } size
        ? size.Width
        : Shapes.Saturate(OutputSize(W, S, StrideW, PadLeft, PadRight, DilationW, CeilMode));

    /// <summary>Whether windows cover the rows of a plane side by side, each row once and nothing beside the plane.</summary>
    internal bool TilesRows =>
        AdaptiveSize is null && PadTop == 0 && DilationH == 1 && R == StrideH && H == (long)P * R;

    /// <summary>The number of windows along one axis, as PyTorch counts them; 0 where none fits.</summary>
    public static long OutputSize(int size, int kernel, int stride, int padBefore, int padAfter, int dilation, bool ceilMode)
    {
        long room = (long)size + padBefore + padAfter - (dilation * (kernel - 1L)) - 1;
        if (stride < 1)
            return 0;
        if (room < 0)
            return ceilMode && room > -stride && size > 0 ? 1 : 0;
        long windows = ((room + (ceilMode ? stride - 1 : 0)) / stride) + 1;
        return ceilMode && (windows - 1) * stride >= (long)size + padBefore ? windows - 1 : windows;
    }

    /// <summary>
    /// The shape padded so that P = ceil(H/StrideH) and Q = ceil(W/StrideW): ONNX's SAME_UPPER and SAME_LOWER.
    /// </summary>
    /// <param name="isLower">Whether an odd pixel of padding is above and left (SAME_LOWER), not below and right.</param>
    /// <exception cref="ArgumentOutOfRangeException">A property is out of its range, or the shape is adaptive.</exception>
    public Pool2DShape WithSamePadding(bool isLower = false)
    {
        RequireRanges();
        if (AdaptiveSize is not null)
            throw ArgumentErrors.OutOfRange("shape", this, "one that isn't adaptive, whose windows take no padding");
        (int top, int bottom) = Conv2DShape.SamePadding(H, R, StrideH, DilationH, isLower);
        (int left, int right) = Conv2DShape.SamePadding(W, S, StrideW, DilationW, isLower);
        return this with { PadTop = top, PadBottom = bottom, PadLeft = left, PadRight = right };
    }

    /// <summary>
    /// Throws for a shape that no pooling of that kind can have, naming the property, its value and what was expected.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">A property is out of its range, a window would hold no pixel of the image,
    /// or a size exceeds 2^31 - 1 elements.</exception>
    public void Validate(PoolKind kind)
    {
        if (kind is not (PoolKind.Max or PoolKind.Average))
            throw ArgumentErrors.OutOfRange(nameof(kind), kind, "Max or Average");
        RequireRanges();
        if (AdaptiveSize is not null && this != Adaptive(C, H, W, P, Q))
            throw ArgumentErrors.OutOfRange("shape", this, "an adaptive shape as Adaptive makes it, with nothing else set");
        if (AdaptiveSize is not null && kind != PoolKind.Average)
            throw ArgumentErrors.OutOfRange(nameof(kind), kind, "Average for an adaptive shape");
        if (DivisorOverride is 0 or < 0)
            throw ArgumentErrors.OutOfRange("shape.DivisorOverride", DivisorOverride, "1 or more, or null");
        if (kind == PoolKind.Max && (long)R * S > 1 << 24)
            throw ArgumentErrors.OutOfRange("shape.R", R,
                $"at most 2^24 taps for max pooling, whose winners are numbered; R x S is {(long)R * S}");
        Shapes.RequireCountable("shape.H", H, (long)H + PadTop + PadBottom + ((long)DilationH * (R - 1)) + StrideH);
        Shapes.RequireCountable("shape.W", W, (long)W + PadLeft + PadRight + ((long)DilationW * (S - 1)) + StrideW);
        if (AdaptiveSize is null)
        {
            RequirePixels("shape.R", R, H, StrideH, PadTop, DilationH,
                OutputSize(H, R, StrideH, PadTop, PadBottom, DilationH, CeilMode));
            RequirePixels("shape.S", S, W, StrideW, PadLeft, DilationW,
                OutputSize(W, S, StrideW, PadLeft, PadRight, DilationW, CeilMode));
        }

        Shapes.RequireCountable("shape.C", C, C, H, W);
        Shapes.RequireCountable("shape.C", C, C, P, Q);
    }

    private void RequireRanges()
    {
        ArgumentErrors.RequireAtLeast(C, 1, "shape.C");
        ArgumentErrors.RequireAtLeast(H, 1, "shape.H");
        ArgumentErrors.RequireAtLeast(W, 1, "shape.W");
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
    }

    /// <summary>Refuses an axis on which there is no window, or one window misses the image altogether.</summary>
    private static void RequirePixels(string argument, int kernel, int size, int stride, int pad, int dilation, long windows)
    {
        if (windows < 1)
            throw ArgumentErrors.OutOfRange(argument, kernel,
                $"a window that fits: a size of {size} with that padding and dilation leaves no output");
        for (long i = 0; i < windows; i++)
        {
            // From the first pixel of the image on, only the last window can miss it.
            if (i * stride >= pad)
                i = windows - 1;
            long start = (i * stride) - pad;
            long firstTap = start >= 0 ? 0 : Shapes.DivideUp(-start, dilation);
            if (firstTap >= kernel || start + (firstTap * dilation) >= size)
                throw ArgumentErrors.OutOfRange(argument, kernel,
                    $"every window to hold a pixel of the image; window {i} of {windows} holds only padding");
        }
    }
}
