using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SimdConv.Samples.OnnxNetwork;

/// <summary>
/// A convolution, or a matrix product if there is no shape: rows of weights, one an output channel. What scales its outputs, the
/// residual and the activation are part of it. Its weights stay in the file until it is made ready to run.
/// </summary>
/// <param name="node">The first of its nodes.</param>
/// <param name="outputs">Output channels.</param>
/// <param name="weightCount">Weights, and the elements of what <paramref name="read"/> fills.</param>
/// <param name="read">Copies the weights as the file has them.</param>
/// <param name="bias">The bias as the file has it.</param>
internal sealed class LinearLayer(Node node, int outputs, int weightCount, Action<Span<float>> read, float[] bias) : Layer(node)
{
    private readonly List<Fold> folds = [];
    private Value? residual;

    /// <summary>Changes weights and bias for what has become part of the layer.</summary>
    private delegate void Fold(Span<float> weights, Span<float> bias);

    public Conv2DShape? Shape { get; init; }

    public int WeightCount => weightCount;

    public int Outputs => outputs;

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

    private int Terms => weightCount / outputs;

    /// <summary>Reads the weights, with all that has become part of them.</summary>
    /// <param name="weights">Takes them, <see cref="WeightCount"/> elements.</param>
    /// <returns>The bias.</returns>
    public float[] FoldTo(Span<float> weights)
    {
        float[] folded = [.. bias];
        read(weights);
        foreach (Fold fold in folds)
            fold(weights, folded);
        return folded;
    }

    /// <inheritdoc cref="FoldTo"/>
    public (float[] Weights, float[] Bias) FoldToArrays()
    {
        float[] weights = new float[weightCount];
        return (weights, FoldTo(weights));
    }

    /// <summary>y = factor * y + shift, each for an output channel.</summary>
    public void Scale(double[] factors, double[] shifts) => folds.Add((weights, folded) =>
    {
        for (int k = 0; k < outputs; k++)
        {
            Multiply(weights.Slice(k * Terms, Terms), (float)factors[k]);
            folded[k] = (float)((folded[k] * factors[k]) + shifts[k]);
        }
    });

    /// <summary>x = factor * x + shift, each for an input channel, where there is no padding or there are no shifts.</summary>
    public void ScaleInput(LinearLayer scale) => folds.Add((weights, folded) =>
    {
        (float[] factors, float[] shifts) = scale.FoldToArrays();
        Conv2DShape shape = Shape!;
        int taps = shape.R * shape.S, channels = shape.C / shape.Groups, groupOutputs = shape.K / shape.Groups;
        for (int k = 0; k < outputs; k++)
        {
            double sum = folded[k];
            for (int i = 0; i < Terms; i++)
            {
                int c = (k / groupOutputs * channels) + (i / taps);
                ref float weight = ref weights[(k * Terms) + i];
                sum += (double)weight * shifts[c];
                weight *= factors[c];
            }

            folded[k] = (float)sum;
        }
    });

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

    // Millions of weights: not unoptimised first.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply(Span<float> weights, float factor)
    {
        Span<Vector<float>> registers = MemoryMarshal.Cast<float, Vector<float>>(weights);
        for (int i = 0; i < registers.Length; i++)
            registers[i] *= factor;
        for (int i = registers.Length * Vector<float>.Count; i < weights.Length; i++)
            weights[i] *= factor;
    }
}
