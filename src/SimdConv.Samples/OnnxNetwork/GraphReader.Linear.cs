namespace SimdConv.Samples.OnnxNetwork;

/// <content>Convolutions and products, and what follows them in the same step.</content>
internal sealed partial class GraphReader
{
    private void Convolve(Node node)
    {
        Value input = ImageOf(node);
        Constant filter = ConstantOf(node, 1, "the weights");
        int[] sizes = filter.Sizes;
        if (sizes.Length != 4)
            throw node.Error($"its weights have {sizes.Length} dimensions; expected 4");
        (int k, int r, int s) = (sizes[0], sizes[2], sizes[3]);
        int[] kernel = node.Sizes("kernel_shape", 2, least: 1, absent: 0);
        if (kernel is not [0, 0] && (kernel[0] != r || kernel[1] != s))
            throw node.Error($"kernel_shape is {kernel[0]}x{kernel[1]}; expected {r}x{s}, the size of its weights");
        Window window = Window.Of(node, input, r, s);
        Conv2DShape shape = window.Place(new Conv2DShape(input.Channels, input.Height, input.Width, k, r, s)
        {
            Groups = (int)Math.Clamp(node.Int("group", 1), 0, int.MaxValue),
        });
        shape.Validate();
        if (sizes[1] != shape.C / shape.Groups)
            throw node.Error($"its weights are for {sizes[1]} channels a group; expected {shape.C / shape.Groups}");
        filter.RequireWeights();
        float[] bias = node.Has(2) ? VectorOf(node, 2, k, "the bias") : new float[k];
        AddConvolution(node, input, shape, filter.Read, bias);
    }

    /// <summary>A convolution; scales of its input that nothing else reads become part of it.</summary>
    private void AddConvolution(Node node, Value input, Conv2DShape shape, Action<Span<float>> weights, float[] bias)
    {
        LinearLayer? before = input is { Uses: 1, Producer: { IsScale: true } scale } ? scale : null;
        bool isPadded = (shape.PadTop, shape.PadLeft, shape.PadBottom, shape.PadRight) != (0, 0, 0, 0);
        if (before is not null && isPadded && before.FoldToArrays().Bias.Any(shift => shift != 0))
            before = null;
        LinearLayer layer = new(node, shape.K, (int)shape.WeightCount, weights, bias)
        {
            Input = before?.Input ?? input,
            Shape = shape,
        };
        if (before is not null)
        {
            layer.ScaleInput(before);
            layer.Nodes.InsertRange(0, before.Nodes);
            layers.Remove(before);
        }

        layers.Add(layer);
        Write(node, layer, shape.K, shape.P, shape.Q, input.IsFlat);
    }

    private void Multiply(Node node)
    {
        bool isGemm = node.Operator == "Gemm";
        Value input = ValueOf(node, 0);
        Constant matrix = ConstantOf(node, 1, "the weights");
        bool isTransposed = isGemm && node.Int("transB", 0) != 0;
        if (isGemm)
            node.Require("transA", 0);
        int[] sizes = matrix.Sizes;
        int rowsAre = isTransposed ? 1 : 0;
        if (!input.IsFlat || sizes.Length != 2 || sizes[rowsAre] != input.Channels)
        {
            throw node.Error($"it multiplies {input}{(input.IsFlat ? " features" : "")} by a matrix of "
                + $"[{string.Join(", ", sizes)}]; expected rows of features and as many rows in the matrix");
        }

        int outputs = sizes[1 - rowsAre];
        matrix.RequireWeights();
        int features = input.Channels;
        Action<Span<float>> weights = isTransposed ? matrix.Read : rows => ReadTransposed(matrix, features, outputs, rows);
        float alpha = isGemm ? node.Float("alpha", 1) : 1, beta = isGemm ? node.Float("beta", 1) : 1;
        LinearLayer layer = new(node, outputs, matrix.Count, weights, new float[outputs]) { Input = input };
        double[] shifts = new double[outputs];
        if (isGemm && node.Has(2))
        {
            (float[] c, _) = ChannelsOf(node, 2, outputs, isFlat: true);
            for (int i = 0; i < outputs; i++)
                shifts[i] = (double)beta * c[i];
        }

        layer.Scale([.. Enumerable.Repeat((double)alpha, outputs)], shifts);
        layers.Add(layer);
        Write(node, layer, outputs, 1, 1, isFlat: true);
    }

    private void Normalise(Node node)
    {
        Value input = ValueOf(node, 0);
        double epsilon = node.Float("epsilon", 1e-5f);
        node.Ignore("momentum");
        node.Require("spatial", 1);
        node.Require("training_mode", 0);
        int channels = input.Channels;
        float[] scale = VectorOf(node, 1, channels, "the scale"), shift = VectorOf(node, 2, channels, "B");
        float[] mean = VectorOf(node, 3, channels, "the mean"), variance = VectorOf(node, 4, channels, "the variance");
        double[] factors = new double[channels], shifts = new double[channels];
        for (int c = 0; c < channels; c++)
        {
            factors[c] = scale[c] / Math.Sqrt(variance[c] + epsilon);
            shifts[c] = shift[c] - (mean[c] * factors[c]);
        }

        Scale(node, input, factors, shifts);
    }

    /// <summary>Sums of two values; sums, differences, products and quotients of a value and constants.</summary>
    private void Combine(Node node)
    {
        node.Ignore("consumed_inputs");
        node.Require("broadcast", 0);
        int constant = node.Has(1) && constants.ContainsKey(node.Inputs[1]) ? 1
            : node.Has(0) && constants.ContainsKey(node.Inputs[0]) ? 0 : -1;
        if (constant >= 0)
            CombineConstant(node, ValueOf(node, 1 - constant), constant);
        else if (node.Operator == "Add")
            AddValues(node, ValueOf(node, 0), ValueOf(node, 1));
        else
            throw node.Error("both inputs are computed; expected a constant among them");
    }

    private void CombineConstant(Node node, Value input, int constant)
    {
        (float[] c, _) = ChannelsOf(node, constant, input.Channels, input.IsFlat);
        double[] factors = new double[c.Length], shifts = new double[c.Length];
        for (int i = 0; i < c.Length; i++)
        {
            (factors[i], shifts[i]) = (node.Operator, constant) switch
            {
                ("Add", _) => (1.0, c[i]),
                ("Sub", 1) => (1.0, -c[i]),
                ("Sub", _) => (-1.0, c[i]),
                ("Mul", _) => (c[i], 0.0),
                ("Div", 1) => (1.0 / c[i], 0.0),
                _ => throw node.Error("a constant is divided by a value; expected a value divided by a constant"),
            };
        }

        Scale(node, input, factors, shifts);
    }

    /// <summary>A sum is the residual of the one of its terms that is computed last.</summary>
    private void AddValues(Node node, Value a, Value b)
    {
        if (a.ToString() != b.ToString())
            throw node.Error($"it adds {a} and {b}; expected values of one size");
        int IndexOf(Value value) => value is { Uses: 1, Producer: { Takes: true } layer } ? layers.IndexOf(layer) : -1;
        (int ofA, int ofB) = (IndexOf(a), IndexOf(b));
        (Value sum, Value residual) = ofA >= ofB ? (a, b) : (b, a);
        LinearLayer layer = sum.Producer!;
        if (Math.Max(ofA, ofB) < 0 || layer.Shape is null || a == b || !IsWrittenBefore(residual, layer))
            layer = AddScale(node, sum);
        layer.Add(node, residual.Root == residual ? residual : CopyOf(node, residual, before: layer));
        Write(node, layer, sum);
    }

    /// <summary>A value of the same strides as the output of a layer, which residuals have.</summary>
    private Value CopyOf(Node node, Value value, Layer before)
    {
        Value copy = new(value.Name, value.Channels, value.Height, value.Width, value.IsFlat) { Uses = 1 };
        layers.Insert(layers.IndexOf(before), new CopyLayer(node) { Input = value, Output = copy });
        return copy;
    }

    /// <summary>Whether a value is there when a layer runs.</summary>
    private bool IsWrittenBefore(Value value, Layer layer) =>
        !layers.Skip(layers.IndexOf(layer)).Any(later => later.Output.Root == value.Root);

    private void Scale(Node node, Value input, double[] factors, double[] shifts)
    {
        LinearLayer layer = input is { Uses: 1, Producer: { Takes: true } last } ? last : AddScale(node, input);
        layer.Scale(factors, shifts);
        layer.Nodes.Add(node);
        Write(node, layer, input);
    }

    private void Activate(Node node, Activation activation, float? alpha = null, float? beta = null)
    {
        Value input = ValueOf(node, 0);
        LinearLayer layer = input is { Uses: 1, Producer: { TakesActivation: true } last } ? last : AddScale(node, input);
        layer.Activate(node, activation, alpha, beta);
        Write(node, layer, input);
    }

    private void Clip(Node node)
    {
        float least = Bound("min", 1, float.NegativeInfinity), most = Bound("max", 2, float.PositiveInfinity);
        if (!(least <= most))
            throw node.Error($"it clips to {least} to {most}; expected a lower bound that isn't above the upper one");
        Activate(node, Activation.Clip, least, most);

        float Bound(string name, int input, float absent) =>
            node.Has(input) ? VectorOf(node, input, 1, name)[0] : node.Float(name, absent);
    }

    private void ActivateGelu(Node node)
    {
        if (node.Text("approximate", "none") is var approximate && approximate != "none")
            throw node.Error($"approximate is '{approximate}'; expected 'none', the exact function");
        Activate(node, Activation.Gelu);
    }

    /// <summary>A layer that changes nothing yet: what scales, sums and activations become that follow no convolution.</summary>
    private LinearLayer AddScale(Node node, Value input)
    {
        Conv2DShape shape = new(input.Channels, input.Height, input.Width, input.Channels, 1, 1) { Groups = input.Channels };
        LinearLayer layer = new(node, input.Channels, input.Channels, ones => ones.Fill(1), new float[input.Channels])
        {
            Input = input,
            Shape = shape,
        };
        layer.Nodes.Clear();
        layers.Add(layer);
        return layer;
    }

    /// <summary>A constant with an element for each channel, or one for all.</summary>
    private (float[] Elements, bool IsOne) ChannelsOf(Node node, int input, int channels, bool isFlat)
    {
        Constant constant = ConstantOf(node, input, "the other operand");
        int[] sizes = constant.Sizes;
        int behind = isFlat ? 0 : 2, axis = sizes.Length - 1 - behind;
        if (constant.Count == 1)
            return ([.. Enumerable.Repeat(constant.Floats()[0], channels)], true);
        return constant.Count == channels && axis >= 0 && sizes[axis] == channels ? (constant.Floats(), false)
            : throw node.Error($"its constant '{node.Inputs[input]}' has the shape [{string.Join(", ", sizes)}]; expected one "
                + $"element, or one for each of {channels} channels");
    }

    private static void ReadTransposed(Constant matrix, int rows, int columns, Span<float> transposed)
    {
        float[] elements = new float[matrix.Count];
        matrix.Read(elements);
        Transpose(elements, rows, columns, transposed);
    }

    internal static void Transpose(ReadOnlySpan<float> matrix, int rows, int columns, Span<float> transposed)
    {
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < columns; j++)
                transposed[(j * rows) + i] = matrix[(i * columns) + j];
        }
    }
}
