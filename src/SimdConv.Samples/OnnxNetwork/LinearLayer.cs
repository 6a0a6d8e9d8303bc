namespace SimdConv.Samples.OnnxNetwork;

/// <summary>
/// A convolution, or a matrix product if there is no shape: rows of weights, one an output channel. What scales its outputs, the
/// residual and the activation are part of it.
/// </summary>
internal sealed class LinearLayer(Node node, int outputs, float[] weights) : Layer(node)
{
    private Value? residual;

    public Conv2DShape? Shape { get; init; }

    public float[] Weights { get; } = weights;

    public float[] Bias { get; init; } = new float[outputs];

    public Activation Activation { get; private set; }

    /// <summary>The numbers of the activation, such as leaky ReLU's slope; null for what it has by default.</summary>
    public float? Alpha { get; private set; }

    /// <inheritdoc cref="Alpha"/>
    public float? Beta { get; private set; }

    public override Value? Residual => residual;

    /// <summary>Whether it only multiplies channels by factors and adds shifts.</summary>
    public bool IsScale => Shape is { R: 1, S: 1 } && Shape.Groups == Shape.C && Shape.K == Shape.C && Takes
        && (Shape.StrideH, Shape.StrideW, Shape.PadTop, Shape.PadLeft, Shape.PadBottom, Shape.PadRight) == (1, 1, 0, 0, 0, 0);

    /// <summary>Whether scales and a residual may follow yet.</summary>
    public bool Takes => Activation == Activation.None && residual is null;

    /// <summary>Whether an activation may follow yet.</summary>
    public bool TakesActivation => Activation == Activation.None;

    private int Terms => Weights.Length / outputs;

    /// <summary>y = factor * y + shift, each for an output channel.</summary>
    public void Scale(ReadOnlySpan<double> factors, ReadOnlySpan<double> shifts)
    {
        for (int k = 0; k < outputs; k++)
        {
            foreach (ref float weight in Weights.AsSpan(k * Terms, Terms))
                weight = (float)(weight * factors[k]);
            Bias[k] = (float)((Bias[k] * factors[k]) + shifts[k]);
        }
    }

    /// <summary>x = factor * x + shift, each for an input channel, where there is no padding or there are no shifts.</summary>
    public void ScaleInput(ReadOnlySpan<float> factors, ReadOnlySpan<float> shifts)
    {
        Conv2DShape shape = Shape!;
        int taps = shape.R * shape.S, channels = shape.C / shape.Groups, groupOutputs = shape.K / shape.Groups;
        for (int k = 0; k < outputs; k++)
        {
            double bias = Bias[k];
            for (int i = 0; i < Terms; i++)
            {
                int c = (k / groupOutputs * channels) + (i / taps);
                ref float weight = ref Weights[(k * Terms) + i];
                bias += (double)weight * shifts[c];
                weight *= factors[c];
            }

            Bias[k] = (float)bias;
        }
    }

    public void Add(Node node, Value value)
    {
        Nodes.Add(node);
        residual = value;
    }

    public void Activate(Node node, Activation activation, float? alpha, float? beta)
    {
        Nodes.Add(node);
        (Activation, Alpha, Beta) = (activation, alpha, beta);
    }
}
