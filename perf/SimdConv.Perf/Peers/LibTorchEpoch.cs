using SimdConv.Cli.Data;
using SimdConv.Cli.Networks;
using SimdConv.Perf.Suites;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace SimdConv.Perf.Peers;

/// <summary>
/// A network in libtorch: functional layers, autograd, its own Adam. Batches are views of one tensor made beforehand.
/// </summary>
internal sealed class LibTorchEpoch : EpochContestant, IClassifier
{
    private readonly NetworkPlan plan;
    private readonly DigitSet data;
    private readonly Tensor images, labels;
    private readonly Dictionary<Layer, (Parameter Weights, Parameter Biases)> parameters;
    private readonly optim.Optimizer optimizer;

    public LibTorchEpoch(NetworkPlan plan, DigitSet data, float[] initial)
        : base("libtorch")
    {
        (this.plan, this.data) = (plan, data);
        (images, labels) = (Images(data), Labels(data));
        parameters = plan.Layers.Where(layer => layer.HasWeights).ToDictionary(layer => layer, layer =>
            (NewParameter(initial, layer.Weights, layer.WeightShape), NewParameter(initial, layer.Biases, layer.Biases.Count)));
        optimizer = optim.Adam(parameters.Values.SelectMany(pair => (Parameter[])[pair.Weights, pair.Biases]), lr: 1e-3);
    }

    protected override void Call()
    {
        using DisposeScope scope = NewDisposeScope();
        long first = EpochSuite.FirstOf(data, Losses.Count);
        Tensor x = Logits(images.narrow(0, first, EpochSuite.BatchSize));
        Tensor loss = F.cross_entropy(x, labels.narrow(0, first, EpochSuite.BatchSize));
        optimizer.zero_grad();
        loss.backward();
        optimizer.step();
        Losses.Add(loss.item<float>());
    }

    public double Accuracy(DigitSet set)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable withoutGradients = no_grad();
        long correct = 0;
        for (int start = 0; start < set.Count; start += EpochSuite.BatchSize)
        {
            DigitSet part = set.Slice(start, Math.Min(EpochSuite.BatchSize, set.Count - start));
            correct += Logits(Images(part)).argmax(1).eq(Labels(part)).sum().item<long>();
        }

        return (double)correct / set.Count;
    }

    public override void Dispose()
    {
        optimizer.Dispose();
        foreach ((Parameter weights, Parameter biases) in parameters.Values)
        {
            weights.Dispose();
            biases.Dispose();
        }

        images.Dispose();
        labels.Dispose();
    }

    private static Tensor Images(DigitSet set) =>
        LibTorch.NewTensor(set.Images.Span, set.Count, set.Size.Channels, set.Size.Height, set.Size.Width);

    private static Tensor Labels(DigitSet set) => tensor(Array.ConvertAll(set.Labels.ToArray(), label => (long)label));

    private Tensor Logits(Tensor x)
    {
        foreach (Layer layer in plan.Layers)
            x = Activate(Apply(layer, x), layer.Activation);
        return x.flatten(1);
    }

    private Tensor Apply(Layer layer, Tensor x)
    {
        switch (layer)
        {
            case ConvLayer { Shape: var s }:
                return F.conv2d(x, parameters[layer].Weights, parameters[layer].Biases, strides: [s.StrideH, s.StrideW],
                    padding: [s.PadTop, s.PadLeft], dilation: [s.DilationH, s.DilationW], groups: s.Groups);
            case DenseLayer:
                return F.linear(x.flatten(1), parameters[layer].Weights, parameters[layer].Biases);
            case PoolLayer { Shape: var s, Kind: var kind }:
                long[] window = [s.R, s.S], stride = [s.StrideH, s.StrideW], padding = [s.PadTop, s.PadLeft];
                return kind == PoolKind.Max ? F.max_pool2d(x, window, stride, padding) : F.avg_pool2d(x, window, stride, padding);
            default:
                return x;
        }
    }

    private static Parameter NewParameter(float[] values, (int Start, int Count) part, params int[] sizes) =>
        new(LibTorch.NewTensor<float>(values.AsSpan(part.Start, part.Count), Array.ConvertAll(sizes, size => (long)size)));

    // In place where the layer before made a tensor of its own: that spares one, and the backward passes need the result alone.
    // mul leaves tanh's result alone.
    private static Tensor Activate(Tensor x, LayerActivation activation) => activation switch
    {
        { Kind: Activation.Relu } => x.is_leaf ? x.relu() : x.relu_(),
        { Kind: Activation.Tanh, Scale: 1 } => x.is_leaf ? x.tanh() : x.tanh_(),
        { Kind: Activation.Tanh } => (x.is_leaf ? x.tanh() : x.tanh_()).mul((float)activation.Scale),
        _ => x,
    };
}
