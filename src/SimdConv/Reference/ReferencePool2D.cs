namespace SimdConv.Reference;

/// <summary>2-D pooling, forward and backward, in plain loops: what <see cref="Pool2DPlan{T}"/> is tested against.</summary>
public static class ReferencePool2D
{
    /// <summary>y = the maximum or the mean of each window of x.</summary>
    /// <typeparam name="T">float or double.</typeparam>
    /// <param name="shape">The geometry.</param>
    /// <param name="kind">Maximum or mean.</param>
    /// <param name="batch">Images.</param>
    /// <param name="x">Input images.</param>
    /// <param name="y">Output images.</param>
    /// <param name="winners">Max only, may be empty: the tap r*S + s that each window took, in the order n, c, p, q.</param>
    /// <param name="input">Where the elements of x lie; NCHW and contiguous if null.</param>
    /// <param name="output">Where the elements of y lie; NCHW and contiguous if null.</param>
    public static void Forward<T>(
        Pool2DShape shape, PoolKind kind, int batch, ReadOnlySpan<T> x, Span<T> y, Span<int> winners = default,
        ImageLayout? input = null, ImageLayout? output = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Frame f = new(shape, input, output);
        for (int n = 0; n < batch; n++)
        {
            for (int c = 0; c < shape.C; c++)
            {
                for (int p = 0; p < f.P; p++)
                {
                    for (int q = 0; q < f.Q; q++)
                    {
                        int winner = 0;
                        y[Geometry.Offset(f.Output, n, c, p, q)] =
                            kind == PoolKind.Max ? Maximum(f, x, n, c, p, q, out winner) : Mean(f, x, n, c, p, q);
                        if (!winners.IsEmpty)
                            winners[f.Window(n, c, p, q)] = winner;
                    }
                }
            }
        }
    }

    /// <summary>dx = each window's gradient, given to the pixel that won (max) or shared among its pixels (average).</summary>
    /// <typeparam name="T">float or double.</typeparam>
    /// <param name="shape">The geometry.</param>
    /// <param name="kind">Maximum or mean.</param>
    /// <param name="batch">Images.</param>
    /// <param name="dy">Gradient of the output.</param>
    /// <param name="winners">The taps that <see cref="Forward"/> stored; one that its window doesn't have in the image gets
    /// nothing. Empty for averages.</param>
    /// <param name="dx">Gradient of the input, overwritten.</param>
    /// <param name="input">Where the elements of dx lie; NCHW and contiguous if null.</param>
    /// <param name="output">Where the elements of dy lie; NCHW and contiguous if null.</param>
    public static void Backward<T>(
        Pool2DShape shape, PoolKind kind, int batch, ReadOnlySpan<T> dy, ReadOnlySpan<int> winners, Span<T> dx,
        ImageLayout? input = null, ImageLayout? output = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Frame f = new(shape, input, output);
        Accumulator<T>[] plane = new Accumulator<T>[shape.H * shape.W];
        for (int n = 0; n < batch; n++)
        {
            for (int c = 0; c < shape.C; c++)
            {
                Array.Clear(plane);
                for (int p = 0; p < f.P; p++)
                {
                    for (int q = 0; q < f.Q; q++)
                    {
                        T gradient = dy[Geometry.Offset(f.Output, n, c, p, q)];
                        if (kind == PoolKind.Max)
                            Give(f, plane, p, q, winners[f.Window(n, c, p, q)], gradient);
                        else
                            Share(f, plane, p, q, gradient / T.CreateTruncating(Divisor(f, p, q)));
                    }
                }

                for (int h = 0; h < shape.H; h++)
                {
                    for (int w = 0; w < shape.W; w++)
                        dx[Geometry.Offset(f.Input, n, c, h, w)] = plane[(h * shape.W) + w].Result;
                }
            }
        }
    }

    /// <summary>NaN if the window holds one, and the last one of several; else the first of equals.</summary>
    private static T Maximum<T>(in Frame f, ReadOnlySpan<T> x, int n, int c, int p, int q, out int winner)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        winner = -1;
        T best = T.Zero;
        for (int tap = 0; tap < f.Shape.R * f.Shape.S; tap++)
        {
            (int h, int w) = f.Locate(p, q, tap);
            if (!f.IsInside(h, w))
                continue;
            T value = x[Geometry.Offset(f.Input, n, c, h, w)];
            if (winner < 0 || value > best || T.IsNaN(value))
                (best, winner) = (value, tap);
        }

        return best;
    }

    private static T Mean<T>(in Frame f, ReadOnlySpan<T> x, int n, int c, int p, int q)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Accumulator<T> sum = default;
        for (int tap = 0; tap < f.Shape.R * f.Shape.S; tap++)
        {
            (int h, int w) = f.Locate(p, q, tap);
            if (f.IsInside(h, w))
                sum.Add(x[Geometry.Offset(f.Input, n, c, h, w)]);
        }

        return sum.DividedBy(Divisor(f, p, q));
    }

    private static void Give<T>(in Frame f, Accumulator<T>[] plane, int p, int q, int tap, T gradient)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (tap < 0 || tap >= f.Shape.R * f.Shape.S)
            return;
        (int h, int w) = f.Locate(p, q, tap);
        if (f.IsInside(h, w))
            plane[(h * f.Shape.W) + w].Add(gradient);
    }

    private static void Share<T>(in Frame f, Accumulator<T>[] plane, int p, int q, T part)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int tap = 0; tap < f.Shape.R * f.Shape.S; tap++)
        {
            (int h, int w) = f.Locate(p, q, tap);
            if (f.IsInside(h, w))
                plane[(h * f.Shape.W) + w].Add(part);
        }
    }

    /// <summary>What the window at (p, q) divides by: the pixels that count, unless the shape sets it.</summary>
    private static int Divisor(in Frame f, int p, int q)
    {
        Pool2DShape shape = f.Shape;
        if (shape.DivisorOverride is { } divisor)
            return divisor;
        int count = 0;
        for (int tap = 0; tap < shape.R * shape.S; tap++)
        {
            (int h, int w) = f.Locate(p, q, tap);
            // Padding counts if asked for; what ceil mode adds beyond the padding never does.
            if (shape.CountIncludePad && shape.AdaptiveSize is null
                ? h < shape.H + shape.PadBottom && w < shape.W + shape.PadRight
                : f.IsInside(h, w))
                count++;
        }

        return count;
    }

    private readonly struct Frame(Pool2DShape shape, ImageLayout? input, ImageLayout? output)
    {
        public readonly Pool2DShape Shape = shape;
        public readonly int P = OutputHeight(shape);
        public readonly int Q = OutputWidth(shape);
        public readonly ImageLayout Input = input ?? Geometry.Contiguous(shape.C, shape.H, shape.W);
        public readonly ImageLayout Output = output ?? Geometry.Contiguous(shape.C, OutputHeight(shape), OutputWidth(shape));

        public int Window(int n, int c, int p, int q) => (((((n * Shape.C) + c) * P) + p) * Q) + q;

        public (int H, int W) Locate(int p, int q, int tap) => Shape.AdaptiveSize is null
            ? ((p * Shape.StrideH) - Shape.PadTop + (tap / Shape.S * Shape.DilationH),
                (q * Shape.StrideW) - Shape.PadLeft + (tap % Shape.S * Shape.DilationW))
            : (LocateAdaptive(p, P, Shape.H, tap / Shape.S), LocateAdaptive(q, Q, Shape.W, tap % Shape.S));

        /// <summary>
        /// Tap t of a window that reaches from floor(i*size/windows) to ceil((i+1)*size/windows); -1 behind it.
        /// </summary>
        private static int LocateAdaptive(int i, int windows, int size, int tap)
        {
            int pixel = (int)Math.Floor(i * (double)size / windows) + tap;
            return pixel < (int)Math.Ceiling((i + 1) * (double)size / windows) ? pixel : -1;
        }

        public bool IsInside(int h, int w) => h >= 0 && h < Shape.H && w >= 0 && w < Shape.W;
    }

    /// <summary>P, counted by sliding the window down the padded image.</summary>
    /// <param name="shape">The geometry.</param>
    public static int OutputHeight(Pool2DShape shape) => shape.AdaptiveSize is { } size ? size.Height : shape.CeilMode
        ? Geometry.CountWindowsCeil(shape.H, shape.R, shape.StrideH, shape.PadTop, shape.PadBottom, shape.DilationH)
        : Geometry.CountWindows(shape.H, shape.R, shape.StrideH, shape.PadTop, shape.PadBottom, shape.DilationH);

    /// <summary>Q, counted by sliding the window across the padded image.</summary>
    /// <param name="shape">The geometry.</param>
    public static int OutputWidth(Pool2DShape shape) => shape.AdaptiveSize is { } size ? size.Width : shape.CeilMode
        ? Geometry.CountWindowsCeil(shape.W, shape.S, shape.StrideW, shape.PadLeft, shape.PadRight, shape.DilationW)
        : Geometry.CountWindows(shape.W, shape.S, shape.StrideW, shape.PadLeft, shape.PadRight, shape.DilationW);
}
