using SimdConv.Perf.Compare;
using SimdConv.Perf.Suites;
using SimdConv.Samples.OnnxNetwork;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace SimdConv.Perf.Peers;

/// <summary>
/// A network in libtorch, layer by layer: the weights with batch normalisation folded in, sums and activations in place.
/// </summary>
internal static class LibTorchNetwork
{
    /// <summary>Null where a layer has no counterpart here.</summary>
    public static Contestant? Create(NetworkOperands operands)
    {
        Graph graph = GraphReader.Read(new WireReader(new MemoryStream(operands.File)));
        List<Tensor> constants = [];
        List<Func<Dictionary<Value, Tensor>, Tensor>> calls = [];
        foreach (Layer layer in graph.Layers)
        {
            if (layer.Input.Whole is not null || layer.Output.Whole is not null || CallOf(layer, constants) is not { } call)
                return null;
            calls.Add(call);
        }

        Value input = graph.Input;
        Tensor x = LibTorch.NewTensor<float>(operands.Images, operands.Batch, input.Channels, input.Height, input.Width);
        return new TorchContestant<float>([x, .. constants], () =>
        {
            using IDisposable mode = inference_mode();
            Dictionary<Value, Tensor> values = new() { [input] = x };
            foreach ((int i, Layer layer) in graph.Layers.Index())
            {
                values[layer.Output] = calls[i](values);
                foreach (Value last in LastReads(graph, i))
                    values[last].Dispose();
            }

            return [values[graph.Output]];
        });
    }

    private static IEnumerable<Value> LastReads(Graph graph, int i) => graph.Layers[i] is var layer
        ? new[] { layer.Input, layer.Residual }.OfType<Value>().Distinct().Where(value => !value.IsInput
            && !graph.Layers.Skip(i + 1).Any(later => later.Input == value || later.Residual == value))
        : [];

    private static Func<Dictionary<Value, Tensor>, Tensor>? CallOf(Layer layer, List<Tensor> constants)
    {
        switch (layer)
        {
            case LinearLayer { Shape: { } s } conv:
                (float[] weights, float[] shifts) = conv.FoldToArrays();
                Tensor w = LibTorch.NewTensor<float>(weights, s.K, s.C / s.Groups, s.R, s.S);
                Tensor bias = LibTorch.NewTensor<float>(shifts, s.K);
                constants.AddRange([w, bias]);
                long[] strides = [s.StrideH, s.StrideW], dilations = [s.DilationH, s.DilationW];
                if (!LibTorch.IsSymmetric(s) || conv.Activation is not (Activation.None or Activation.Relu))
                    return null;
                return values =>
                {
                    Tensor y = F.conv2d(values[conv.Input], w, bias, strides, [s.PadTop, s.PadLeft], dilations, s.Groups);
                    if (conv.Residual is { } residual)
                        y.add_(values[residual]);
                    return conv.Activation == Activation.Relu ? y.relu_() : y;
                };
            case PoolLayer { Shape: { AdaptiveSize: null } p } pool when LibTorch.IsSymmetric(p):
                long[] kernel = [p.R, p.S], stride = [p.StrideH, p.StrideW], padding = [p.PadTop, p.PadLeft];
                return pool.Kind == PoolKind.Max
                    ? values => F.max_pool2d(values[pool.Input], kernel, stride, padding, [p.DilationH, p.DilationW], p.CeilMode)
                    : values => F.avg_pool2d(values[pool.Input], kernel, stride, padding, p.CeilMode, p.CountIncludePad);
            case PoolLayer { Shape: { AdaptiveSize: { } size } } pool:
                return values => F.adaptive_avg_pool2d(values[pool.Input], [size.Height, size.Width]);
            default:
                return null;
        }
    }
}
