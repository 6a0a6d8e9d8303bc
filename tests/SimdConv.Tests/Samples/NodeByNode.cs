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
        Tensor x = inputs[0]!;
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
            case "Add":
                return x with { Data = [.. x.Data.Zip(inputs[1]!.Data, (a, b) => a + b)] };
            case "Sub":
                return Each((c, v) => v - C(1)[c]);
            case "Mul":
                return Each((_, v) => v * C(1)[0]);
            case "MaxPool" or "AveragePool":
                return Pool(node, x);
            case "Concat":
                return new(inputs.Sum(i => i!.Channels), x.Height, x.Width, [.. inputs.SelectMany(i => i!.Data)]);
            case "Flatten":
                return new(x.Data.Length, 1, 1, x.Data);
            default:
                (double[] w, double[] bias) = (C(1), C(2));
                return new(bias.Length, 1, 1, [.. bias.Select((b, k) =>
                    b + x.Data.Select((v, i) => v * w[(k * x.Data.Length) + i]).Sum())]);
        }
    }

    private static Tensor Convolve(NodeProto node, Tensor x, double[] w, double[] bias)
    {
        int groups = (int)(node.Attribute.FirstOrDefault(a => a.Name == "group")?.I ?? 1), k = bias.Length;
        int size = (int)Math.Sqrt(w.Length / k / (x.Channels / groups));
        bool isSame = node.Attribute.Any(a => a.Name == "auto_pad");
        long[] pads = isSame ? [1, 1, 1, 1] : Ints(node, "pads", 0, 4), strides = Ints(node, "strides", 1, 2);
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
        long[] kernel = Ints(node, "kernel_shape", 1, 2), pads = Ints(node, "pads", 0, 4), strides = Ints(node, "strides", 1, 2),
            dilations = Ints(node, "dilations", 1, 2);
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
