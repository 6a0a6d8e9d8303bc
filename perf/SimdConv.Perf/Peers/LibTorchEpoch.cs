using SimdConv.Cli.Data;
using SimdConv.Cli.Training;
using SimdConv.Perf.Suites;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace SimdConv.Perf.Peers;

/// <summary>
/// LeNet-5 in libtorch: functional layers, autograd, its own Adam. Batches are views of one tensor made beforehand.
/// </summary>
internal sealed class LibTorchEpoch : EpochContestant, IClassifier
{
    private readonly DigitSet data;
    private readonly Tensor images, labels;
    private readonly Parameter[] parameters;
    private readonly optim.Optimizer optimizer;

    public LibTorchEpoch(DigitSet data, float[] initial)
        : base("libtorch")
    {
        this.data = data;
        (images, labels) = (Images(data), Labels(data));
        parameters = [.. LeNetParameters.WeightShapes.SelectMany((shape, layer) => (Parameter[])
        [
            NewParameter(initial, LeNetParameters.Weights[layer], shape),
            NewParameter(initial, LeNetParameters.Biases[layer], shape[0]),
        ])];
        optimizer = optim.Adam(parameters, lr: 1e-3);
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
        foreach (Parameter parameter in parameters)
            parameter.Dispose();
        images.Dispose();
        labels.Dispose();
    }

    private static Tensor Images(DigitSet set) =>
        LibTorch.NewTensor(set.Images.Span, set.Count, 1, ImageResize.Side, ImageResize.Side);

    private static Tensor Labels(DigitSet set) => tensor(Array.ConvertAll(set.Labels.ToArray(), label => (long)label));

    private Tensor Logits(Tensor x)
    {
        x = F.avg_pool2d(Activate(F.conv2d(x, parameters[0], parameters[1])), 2);
        x = F.avg_pool2d(Activate(F.conv2d(x, parameters[2], parameters[3])), 2);
        x = x.flatten(1);
        x = Activate(F.linear(x, parameters[4], parameters[5]));
        x = Activate(F.linear(x, parameters[6], parameters[7]));
        return F.linear(x, parameters[8], parameters[9]);
    }

    private static Parameter NewParameter(float[] values, (int Start, int Count) part, params int[] sizes) =>
        new(LibTorch.NewTensor<float>(values.AsSpan(part.Start, part.Count), Array.ConvertAll(sizes, size => (long)size)));

    // In place: tanh_ spares a tensor, and its own backward needs only the result, which mul then leaves alone.
    private static Tensor Activate(Tensor x) => x.tanh_().mul((float)LeNetShapes.TanhScale);
}
