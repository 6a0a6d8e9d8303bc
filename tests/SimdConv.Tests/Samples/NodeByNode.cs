using Onnx;
using SimdConv.Reference;

namespace SimdConv.Tests.Samples;

/// <summary>Runs the nodes of a <see cref="TinyModel"/> one by one, in double, as ONNX defines them.</summary>
internal sealed class NodeByNode(TinyModel model)
{
    private sealed record Tensor(int Channels, int Height, int Width, double[] Data);

    public double[] Run(ReadOnlySpan<float> image, int channels, int height, int width)
    {
        Dictionary<string, Tensor> values = new() { ["x"] = new(channels, height, width, Widen(image)) };
        foreach (NodeProto node in model.Proto.Graph.Node)
            values[node.Output[0]] = Compute(node, [.. node.Input.Select(name => values.GetValueOrDefault(name))]);
        return values[model.Proto.Graph.Output[0].Name].Data;
    }

    private Tensor Compute(NodeProto node, Tensor?[] inputs)
    {
        Tensor x = (inputs[0] ?? inputs[1])!;
        double[] C(int input) => Widen(model.Constants[node.Input[input]]);
        Tensor Each(Func<int, double, double> f) =>
            x with { Data = [.. x.Data.Select((value, i) => f(i / (x.Height * x.Width), value))] };
        switch (node.OpType)
        {
            case "Conv":
                return Convolve(node, x, C(1), C(2));
            case "BatchNormalization":
                (double[] scale, double[] shift, double[] mean, double[] variance) = (C(1), C(2), C(3), C(4));
                return Each((c, v) => ((v - mean[c]) / Math.Sqrt(variance[c] + 1e-5f) * scale[c]) + shift[c]);
            case "Relu":
                return Each((_, v) => Math.Max(v, 0));
            case "LeakyRelu":
                return Each((_, v) => v > 0 ? v : 0.1f * v);
            case "Sigmoid":
                return Each((_, v) => 1 / (1 + Math.Exp(-v)));
            case "HardSigmoid":
                return Each((_, v) => Math.Clamp((0.7f * v) + 0.1f, 0, 1));
            case "Elu":
                return Each((_, v) => v > 0 ? v : 0.6f * (Math.Exp(v) - 1));
            case "Gelu":
                return Each((_, v) => ReferenceActivation.Value(Activation.Gelu, v));
            case "Clip":
                return Each((_, v) => Math.Min(Math.Max(v, C(1)[0]), C(2)[0]));
            case "Add" when inputs.All(input => input is not null):
                return x with { Data = [.. x.Data.Zip(inputs[1]!.Data, (a, b) => a + b)] };
            case "Add" or "Sub" or "Mul" or "Div":
                bool isFirst = inputs[0] is null;
                double[] constant = C(isFirst ? 0 : 1);
                return Each((c, v) => constant[constant.Length == 1 ? 0 : c] is var other && isFirst
                    ? Apply(node.OpType, other, v) : Apply(node.OpType, v, other));
            case "MaxPool" or "AveragePool":
                return Pool(node, x);
            case "Concat":
                return new(inputs.Sum(i => i!.Channels), x.Height, x.Width, [.. inputs.SelectMany(i => i!.Data)]);
            case "Flatten":
                return new(x.Data.Length, 1, 1, x.Data);
            default:
                return Multiply(node, x, C(1), node.Input.Count > 2 ? C(2) : []);
        }
    }

    private static double Apply(string operation, double a, double b) => operation switch
    {
        "Add" => a + b,
        "Sub" => a - b,
        "Mul" => a * b,
        _ => a / b,
    };

    /// <summary>A row of features times a matrix: Gemm and MatMul.</summary>
    private static Tensor Multiply(NodeProto node, Tensor x, double[] w, double[] bias)
    {
        double Number(string name) => node.Attribute.FirstOrDefault(a => a.Name == name)?.F ?? 1;
        bool isTransposed = node.Attribute.Any(a => a.Name == "transB" && a.I != 0);
        int features = x.Data.Length, outputs = w.Length / features;
        return new(outputs, 1, 1, [.. Enumerable.Range(0, outputs).Select(k =>
            (Number("alpha") * x.Data.Select((v, i) => v * w[isTransposed ? (k * features) + i : (i * outputs) + k]).Sum())
            + (bias.Length == 0 ? 0 : Number("beta") * bias[bias.Length == 1 ? 0 : k]))]);
    }

    private static Tensor Convolve(NodeProto node, Tensor x, double[] w, double[] bias)
    {
        int groups = (int)(node.Attribute.FirstOrDefault(a => a.Name == "group")?.I ?? 1), k = bias.Length;
        int size = (int)Math.Sqrt(w.Length / k / (x.Channels / groups));
        long[] strides = Ints(node, "strides", 1, 2), pads = Pads(node, x, [size, size], strides);
        Conv2DShape shape = new(x.Channels, x.Height, x.Width, k, size, size)
        {
            StrideH = (int)strides[0],
            StrideW = (int)strides[1],
            PadTop = (int)pads[0],
            PadLeft = (int)pads[1],
            PadBottom = (int)pads[2],
            PadRight = (int)pads[3],
            Groups = groups,
        };
        double[] y = new double[shape.K * shape.P * shape.Q];
        ReferenceConv2D.Forward<double>(shape, 1, x.Data, w, bias, y);
        return new(k, shape.P, shape.Q, y);
    }

    private static Tensor Pool(NodeProto node, Tensor x)
    {
        long[] kernel = Ints(node, "kernel_shape", 1, 2), strides = Ints(node, "strides", 1, 2),
            dilations = Ints(node, "dilations", 1, 2), pads = Pads(node, x, kernel, strides);
        Pool2DShape shape = new(x.Channels, x.Height, x.Width, (int)kernel[0], (int)kernel[1])
        {
            StrideH = (int)strides[0],
            StrideW = (int)strides[1],
            DilationH = (int)dilations[0],
            DilationW = (int)dilations[1],
            PadTop = (int)pads[0],
            PadLeft = (int)pads[1],
            PadBottom = (int)pads[2],
            PadRight = (int)pads[3],
        };
        double[] y = new double[shape.C * shape.P * shape.Q];
        ReferencePool2D.Forward<double>(shape, node.OpType == "MaxPool" ? PoolKind.Max : PoolKind.Average, 1, x.Data, y);
        return new(x.Channels, shape.P, shape.Q, y);
    }

    /// <summary>Top, left, bottom and right; of auto_pad what makes as many windows as strides fit in the image.</summary>
    private static long[] Pads(NodeProto node, Tensor x, long[] kernel, long[] strides)
    {
        string? automatic = node.Attribute.FirstOrDefault(a => a.Name == "auto_pad")?.S.ToStringUtf8();
        if (automatic is null)
            return Ints(node, "pads", 0, 4);
        long[] sizes = [x.Height, x.Width], before = new long[2], after = new long[2];
        for (int i = 0; i < 2; i++)
        {
            long all = Math.Max(0, (((sizes[i] + strides[i] - 1) / strides[i] - 1) * strides[i]) + kernel[i] - sizes[i]);
            before[i] = automatic == "SAME_UPPER" ? all / 2 : all - (all / 2);
            after[i] = all - before[i];
        }

        return [.. before, .. after];
    }

    private static long[] Ints(NodeProto node, string name, long absent, int count) =>
        node.Attribute.FirstOrDefault(a => a.Name == name) is { } found ? [.. found.Ints]
            : [.. Enumerable.Repeat(absent, count)];

    private static double[] Widen(ReadOnlySpan<float> values)
    {
        double[] wide = new double[values.Length];
        for (int i = 0; i < wide.Length; i++)
            wide[i] = values[i];
        return wide;
    }
}
