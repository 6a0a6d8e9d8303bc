namespace SimdConv.Reference;

/// <summary>
/// 2-D convolution and its gradients in plain loops: what <see cref="Conv2DPlan{T}"/> is tested against. Images are NCHW and
/// contiguous unless a layout says otherwise; weights are K x C/Groups x R x S. Sums are kept in about twice the precision of T
/// and rounded once. Padding, in x and around dy, is zeros that are multiplied like data, so that infinite and NaN factors of
/// padding show in the results.
/// </summary>
public static class ReferenceConv2D
{
    /// <summary>y = convolution of x with w, plus bias.</summary>
    /// <typeparam name="T">float or double.</typeparam>
    /// <param name="shape">The geometry.</param>
    /// <param name="batch">Images.</param>
    /// <param name="x">Input images.</param>
    /// <param name="w">Weights.</param>
    /// <param name="bias">One element an output channel, or empty.</param>
    /// <param name="y">Output images.</param>
    /// <param name="input">Where the elements of x lie.</param>
    /// <param name="output">Where the elements of y lie.</param>
    public static void Forward<T>(
        Conv2DShape shape, int batch, ReadOnlySpan<T> x, ReadOnlySpan<T> w, ReadOnlySpan<T> bias, Span<T> y,
        ImageLayout? input = null, ImageLayout? output = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Frame f = new(shape, input, output);
        for (int n = 0; n < batch; n++)
        {
            for (int k = 0; k < shape.K; k++)
            {
                for (int p = 0; p < f.P; p++)
                {
                    for (int q = 0; q < f.Q; q++)
                    {
                        Accumulator<T> sum = default;
                        if (!bias.IsEmpty)
                            sum.Add(bias[k]);
                        AddWindow(f, ref sum, x, w, n, k, p, q);
                        y[Geometry.Offset(f.Output, n, k, p, q)] = sum.Result;
                    }
                }
            }
        }
    }

    private static void AddWindow<T>(
        in Frame f, ref Accumulator<T> sum, ReadOnlySpan<T> x, ReadOnlySpan<T> w, int n, int k, int p, int q)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Conv2DShape shape = f.Shape;
        int firstChannel = k / f.GroupK * f.GroupC;
        for (int c = 0; c < f.GroupC; c++)
        {
            for (int r = 0; r < shape.R; r++)
            {
                int h = (p * shape.StrideH) - shape.PadTop + (r * shape.DilationH);
                for (int s = 0; s < shape.S; s++)
                {
                    int column = (q * shape.StrideW) - shape.PadLeft + (s * shape.DilationW);
                    sum.AddProduct(f.Pixel(x, n, firstChannel + c, h, column), w[f.Weight(k, c, r, s)]);
                }
            }
        }
    }

    /// <summary>dx = beta * dx + the gradient of the convolution with regard to its input; beta = 0 never reads dx.</summary>
    /// <typeparam name="T">float or double.</typeparam>
    /// <param name="shape">The geometry.</param>
    /// <param name="batch">Images.</param>
    /// <param name="dy">Gradient of the output.</param>
    /// <param name="w">Weights.</param>
    /// <param name="dx">Gradient of the input.</param>
    /// <param name="beta">Multiplies what dx holds before.</param>
    /// <param name="input">Where the elements of dx lie.</param>
    /// <param name="output">Where the elements of dy lie.</param>
    public static void InputGradient<T>(
        Conv2DShape shape, int batch, ReadOnlySpan<T> dy, ReadOnlySpan<T> w, Span<T> dx, T beta = default,
        ImageLayout? input = null, ImageLayout? output = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Frame f = new(shape, input, output);
        for (int n = 0; n < batch; n++)
        {
            for (int c = 0; c < shape.C; c++)
            {
                for (int h = 0; h < shape.H; h++)
                {
                    for (int column = 0; column < shape.W; column++)
                    {
                        Accumulator<T> sum = default;
                        ref T element = ref dx[Geometry.Offset(f.Input, n, c, h, column)];
                        if (!T.IsZero(beta))
                            sum.AddProduct(beta, element);
                        AddUses(f, ref sum, dy, w, n, c, h, column);
                        element = sum.Result;
                    }
                }
            }
        }
    }

    /// <summary>Adds every output element's gradient that pixel (c, h, column) had a part in.</summary>
    private static void AddUses<T>(
        in Frame f, ref Accumulator<T> sum, ReadOnlySpan<T> dy, ReadOnlySpan<T> w, int n, int c, int h, int column)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Conv2DShape shape = f.Shape;
        int group = c / f.GroupC;
        for (int r = 0; r < shape.R; r++)
        {
            int top = h + shape.PadTop - (r * shape.DilationH);
            if (top % shape.StrideH != 0)
                continue;
            for (int s = 0; s < shape.S; s++)
            {
                int left = column + shape.PadLeft - (s * shape.DilationW);
                if (left % shape.StrideW != 0)
                    continue;
                int p = top / shape.StrideH, q = left / shape.StrideW;
                bool isInside = p >= 0 && p < f.P && q >= 0 && q < f.Q;
                for (int k = group * f.GroupK; k < (group + 1) * f.GroupK; k++)
                {
                    T gradient = isInside ? dy[Geometry.Offset(f.Output, n, k, p, q)] : T.Zero;
                    sum.AddProduct(gradient, w[f.Weight(k, c % f.GroupC, r, s)]);
                }
            }
        }
    }

    /// <summary>
    /// dw = beta * dw + the gradient of the convolution with regard to its weights, and db likewise for the bias; beta = 0 reads
    /// neither.
    /// </summary>
    /// <typeparam name="T">float or double.</typeparam>
    /// <param name="shape">The geometry.</param>
    /// <param name="batch">Images.</param>
    /// <param name="x">Input images.</param>
    /// <param name="dy">Gradient of the output.</param>
    /// <param name="dw">Gradient of the weights.</param>
    /// <param name="db">Gradient of the bias, or empty.</param>
    /// <param name="beta">Multiplies what dw and db hold before.</param>
    /// <param name="input">Where the elements of x lie.</param>
    /// <param name="output">Where the elements of dy lie.</param>
    public static void WeightGradient<T>(
        Conv2DShape shape, int batch, ReadOnlySpan<T> x, ReadOnlySpan<T> dy, Span<T> dw, Span<T> db = default,
        T beta = default, ImageLayout? input = null, ImageLayout? output = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Frame f = new(shape, input, output);
        for (int k = 0; k < shape.K; k++)
        {
            for (int c = 0; c < f.GroupC; c++)
            {
                for (int r = 0; r < shape.R; r++)
                {
                    for (int s = 0; s < shape.S; s++)
                    {
                        Accumulator<T> sum = default;
                        ref T element = ref dw[f.Weight(k, c, r, s)];
                        if (!T.IsZero(beta))
                            sum.AddProduct(beta, element);
                        AddPixels(f, ref sum, batch, x, dy, k, c, r, s);
                        element = sum.Result;
                    }
                }
            }

            if (!db.IsEmpty)
                db[k] = BiasGradient(f, batch, dy, k, db[k], beta);
        }
    }

    private static void AddPixels<T>(
        in Frame f, ref Accumulator<T> sum, int batch, ReadOnlySpan<T> x, ReadOnlySpan<T> dy, int k, int c, int r, int s)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Conv2DShape shape = f.Shape;
        int channel = (k / f.GroupK * f.GroupC) + c;
        for (int n = 0; n < batch; n++)
        {
            for (int p = 0; p < f.P; p++)
            {
                int h = (p * shape.StrideH) - shape.PadTop + (r * shape.DilationH);
                for (int q = 0; q < f.Q; q++)
                {
                    int column = (q * shape.StrideW) - shape.PadLeft + (s * shape.DilationW);
                    sum.AddProduct(f.Pixel(x, n, channel, h, column), dy[Geometry.Offset(f.Output, n, k, p, q)]);
                }
            }
        }
    }

    private static T BiasGradient<T>(in Frame f, int batch, ReadOnlySpan<T> dy, int k, T before, T beta)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Accumulator<T> sum = default;
        if (!T.IsZero(beta))
            sum.AddProduct(beta, before);
        for (int n = 0; n < batch; n++)
        {
            for (int p = 0; p < f.P; p++)
            {
                for (int q = 0; q < f.Q; q++)
                    sum.Add(dy[Geometry.Offset(f.Output, n, k, p, q)]);
            }
        }

        return sum.Result;
    }

    private readonly struct Frame(Conv2DShape shape, ImageLayout? input, ImageLayout? output)
    {
        public readonly Conv2DShape Shape = shape;
        public readonly int P = OutputHeight(shape);
        public readonly int Q = OutputWidth(shape);
        public readonly int GroupC = shape.C / shape.Groups;
        public readonly int GroupK = shape.K / shape.Groups;
        public readonly ImageLayout Input = input ?? Geometry.Contiguous(shape.C, shape.H, shape.W);
        public readonly ImageLayout Output = output ?? Geometry.Contiguous(shape.K, OutputHeight(shape), OutputWidth(shape));

        public T Pixel<T>(ReadOnlySpan<T> x, int n, int c, int h, int w) where T : unmanaged =>
            h >= 0 && h < Shape.H && w >= 0 && w < Shape.W ? x[Geometry.Offset(Input, n, c, h, w)] : default;

        public int Weight(int k, int c, int r, int s) => (((((k * GroupC) + c) * Shape.R) + r) * Shape.S) + s;
    }

    /// <summary>P, counted by sliding the window down the padded image.</summary>
    /// <param name="shape">The geometry.</param>
    public static int OutputHeight(Conv2DShape shape) =>
        Geometry.CountWindows(shape.H, shape.R, shape.StrideH, shape.PadTop, shape.PadBottom, shape.DilationH);

    /// <summary>Q, counted by sliding the window across the padded image.</summary>
    /// <param name="shape">The geometry.</param>
    public static int OutputWidth(Conv2DShape shape) =>
        Geometry.CountWindows(shape.W, shape.S, shape.StrideW, shape.PadLeft, shape.PadRight, shape.DilationW);
}
