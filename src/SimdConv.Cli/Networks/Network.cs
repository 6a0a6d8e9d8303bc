using System.Numerics;
using System.Numerics.Tensors;
using SimdConv.Cli.Distributed;
using SimdConv.Cli.Training;

namespace SimdConv.Cli.Networks;

/// <summary>
/// A network whose layers an engine runs. A batch is cut into parts, each of which runs through all layers and back while it is
/// in cache; what dense layers read and give is kept of the whole batch, whose weights' gradients are one product.
/// </summary>
/// <remarks>
/// Parts depend on the batch, its shards and the network alone. Threads share parts or, where these are fewer, the calls of each.
/// A part has gradients of its own for the weights of convolutions; those of a shard are added in ascending order. So no result
/// depends on the number of threads.
/// </remarks>
internal sealed class Network<T> : INetwork<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int MaxParts = 64;

    /// <summary>Images that fill registers of any tier.</summary>
    private const int WholeImages = 16;

    private readonly Engine<T> engine;
    private readonly Layer[] layers;
    private readonly Step<T>[] steps;
    private readonly T[] parameters, gradients, logits;
    private readonly T[][] partGradients;

    /// <summary>The parts of the batch at hand.</summary>
    private readonly Part[] parts;

    /// <summary>The first part of each shard, and behind the last part of the last shard.</summary>
    private readonly int[] firstPart;

    /// <summary>Of dense layers, the whole batch: what each reads, and the gradient of its sums; else empty.</summary>
    private readonly T[][] denseInputs, denseGradients;

    private readonly T[] ones;
    private readonly int mostImages, shardImages, width, shards, firstWeighted, partThreads, shardThreads;
    private readonly Stack<Workspace<T>> workspaces = new();
    private readonly (double Loss, int Correct)[] scores;
    private bool isChanged = true;

    /// <param name="plan">The layers.</param>
    /// <param name="engine">Who computes them.</param>
    /// <param name="maxBatch">Images of the largest batch.</param>
    /// <param name="shards">Equal shares of a batch, each with a gradient of its own.</param>
    public Network(NetworkPlan plan, Engine<T> engine, int maxBatch, int shards = 1)
    {
        (Plan, this.engine, MaxBatch, this.shards) = (plan, engine, maxBatch, shards);
        layers = WithReluBehindMaxima(plan.Layers);
        parameters = new T[plan.ParameterCount];
        gradients = new T[checked(shards * plan.ParameterCount)];
        mostImages = engine.PartImages(plan);
        shardImages = (maxBatch + shards - 1) / shards;
        parts = new Part[shards * PartsOf(shardImages)];
        firstPart = new int[shards + 1];
        width = Enumerable.Range(1, shardImages)
            .Max(images => Enumerable.Range(0, PartsOf(images)).Max(part => Start(part + 1, images) - Start(part, images)));
        partThreads = Math.Max(1, engine.Execution.MaxThreads / parts.Length);
        shardThreads = Math.Max(1, engine.Execution.MaxThreads / shards);
        partGradients = [.. Enumerable.Range(0, parts.Length).Select(_ => new T[plan.ConvParameterCount])];
        scores = new (double, int)[parts.Length];
        denseInputs = [.. layers.Select(layer => new T[layer is DenseLayer ? checked(layer.Input.Elements * maxBatch) : 0])];
        denseGradients = [.. layers.Select(layer => new T[layer is DenseLayer ? layer.Output.Elements * maxBatch : 0])];
        ones = new T[maxBatch];
        ones.AsSpan().Fill(T.One);
        firstWeighted = Array.FindIndex(layers, layer => layer.HasWeights);
        steps = [.. layers.Select((layer, i) =>
            engine.Create(layer, width, parameters, needsInput: i > firstWeighted, partThreads))];
        logits = new T[maxBatch * plan.Classes];
    }

    public NetworkPlan Plan { get; }

    public int MaxBatch { get; }

    public ReadOnlySpan<T> Parameters => parameters;

    /// <summary>The gradients of the last batch's mean loss, a shard each, with respect to <see cref="Parameters"/>.</summary>
    public ReadOnlySpan<T> Gradients => gradients;

    /// <summary>How each convolution is computed.</summary>
    public IEnumerable<(string Layer, string Algorithm)> Algorithms =>
        layers.Zip(steps).Where(pair => pair.First is ConvLayer).Select(pair => (pair.First.Name, pair.Second.Algorithm));

    /// <summary>Winograd's if a layer is computed by it.</summary>
    public string Algorithm =>
        Algorithms.Any(layer => layer.Algorithm.StartsWith("winograd", StringComparison.Ordinal)) ? "winograd" : "direct";

    public Span<T> EditParameters()
    {
        isChanged = true;
        return parameters;
    }

    public ReadOnlySpan<T> Forward(int batch, ReadOnlyMemory<T> images)
    {
        Span<int> counts = stackalloc int[shards];
        for (int shard = 0; shard < shards; shard++)
            counts[shard] = Math.Clamp(batch - (shard * shardImages), 0, shardImages);
        Run(Cut(counts), batch, images, default);
        return logits.AsSpan(0, batch * Plan.Classes);
    }

    public (double Loss, int Correct) Train(ReadOnlyMemory<T> images, ReadOnlyMemory<byte> labels, Adam<T>? optimizer = null)
    {
        ShardScore score = default;
        Differentiate(images, labels, [labels.Length], labels.Length, new Span<ShardScore>(ref score));
        optimizer?.Update(parameters, gradients.AsSpan(0, Plan.ParameterCount));
        isChanged |= optimizer is not null;
        return (score.Loss, score.Correct);
    }

    public Span<T> Differentiate(ReadOnlyMemory<T> images, ReadOnlyMemory<byte> labels, ReadOnlySpan<int> counts, int batch,
        Span<ShardScore> shardScores)
    {
        int cut = Cut(counts), shardsOfBatch = counts.Length;
        Run(cut, batch, images, labels);
        if (shardThreads > 1 || shardsOfBatch < 2 || engine.Execution.MaxThreads == 1)
        {
            for (int shard = 0; shard < shardsOfBatch; shard++)
                AddParts(shard);
        }
        else
        {
            Parallel.For(0, shardsOfBatch, new ParallelOptions { MaxDegreeOfParallelism = engine.Execution.MaxThreads },
                AddParts);
        }

        shardScores[..shardsOfBatch].Clear();
        for (int part = 0; part < cut; part++)
        {
            ref ShardScore score = ref shardScores[parts[part].Shard];
            score = new(score.Loss + scores[part].Loss, score.Correct + scores[part].Correct);
        }

        return gradients.AsSpan(0, shardsOfBatch * Plan.ParameterCount);
    }

    /// <summary>Cuts a batch's shards into parts; returns how many there are.</summary>
    private int Cut(ReadOnlySpan<int> counts)
    {
        int cut = 0, first = 0;
        for (int shard = 0; shard < counts.Length; first += counts[shard++])
        {
            firstPart[shard] = cut;
            for (int part = 0; part < PartsOf(counts[shard]); part++)
            {
                int start = Start(part, counts[shard]);
                parts[cut++] = new(shard, first + start, Start(part + 1, counts[shard]) - start);
            }
        }

        firstPart[counts.Length] = cut;
        return cut;
    }

    /// <summary>
    /// The gradient of a shard: dense layers' of all its images at once, convolutions' as the sum over its parts in ascending
    /// order.
    /// </summary>
    private void AddParts(int shard)
    {
        Span<T> gradient = gradients.AsSpan(shard * Plan.ParameterCount, Plan.ParameterCount);
        Span<T> sums = gradient[..Plan.ConvParameterCount];
        int images = 0, first = 0;
        for (int part = firstPart[shard]; part < firstPart[shard + 1]; part++)
        {
            if (images == 0)
            {
                first = parts[part].First;
                partGradients[part].CopyTo(sums);
            }
            else
                TensorPrimitives.Add<T>(sums, partGradients[part], sums);
            images += parts[part].Count;
        }

        if (images == 0)
        {
            gradient.Clear();
            return;
        }

        for (int i = firstWeighted; i < layers.Length; i++)
        {
            if (steps[i] is DenseStep<T> dense)
            {
                dense.BatchGradient(images, MaxBatch, denseInputs[i].AsSpan(first), denseGradients[i].AsSpan(first), ones,
                    Weights(i, gradient), Biases(i, gradient), shardThreads);
            }
        }
    }

    /// <summary>As few as the engine likes: each has gradients of its own.</summary>
    private int PartsOf(int images) => Math.Min(MaxParts, (images + mostImages - 1) / mostImages);

    /// <summary>
    /// The first image of a part: parts are whole registers, as equal as these make it, and the last one has what is left over.
    /// </summary>
    private int Start(int part, int images)
    {
        int unit = mostImages < WholeImages ? 1 : WholeImages, count = PartsOf(images);
        return part == count ? images : ((images / unit * part) + count - 1) / count * unit;
    }

    /// <summary>
    /// The layers, each ReLU of a convolution behind the maxima that follow: the largest value stays the largest, maxima are
    /// fewer, and a window whose maximum isn't positive passes no gradient on, whichever value it would have gone to.
    /// </summary>
    private static Layer[] WithReluBehindMaxima(IReadOnlyList<Layer> given)
    {
        Layer[] layers = [.. given];
        for (int i = 1; i < layers.Length; i++)
        {
            if (layers[i - 1] is ConvLayer { Activation.Kind: Activation.Relu } conv
                && layers[i] is PoolLayer { Kind: PoolKind.Max })
            {
                layers[i] = layers[i] with { Activation = conv.Activation };
                layers[i - 1] = conv with { Activation = default };
            }
        }

        return layers;
    }

    private Span<T> Weights(int layer, Span<T> all) => all.Slice(layers[layer].Weights.Start, layers[layer].Weights.Count);

    private Span<T> Biases(int layer, Span<T> all) => all.Slice(layers[layer].Biases.Start, layers[layer].Biases.Count);

    /// <summary>Runs the parts of a batch; without labels the forward pass alone.</summary>
    private void Run(int cut, int batch, ReadOnlyMemory<T> images, ReadOnlyMemory<byte> labels)
    {
        if (isChanged)
        {
            foreach (Step<T> step in steps)
                step.Refresh();
            isChanged = false;
        }

        int threads = Math.Min(engine.Execution.MaxThreads, cut);
        if (threads <= 1)
        {
            Workspace<T> space = TakeWorkspace();
            for (int part = 0; part < cut; part++)
                RunPart(part, batch, images.Span, labels.Span, space);
            workspaces.Push(space);
            return;
        }

        Parallel.For(0, cut, new ParallelOptions { MaxDegreeOfParallelism = threads },
            () => TakeWorkspace(),
            (part, _, space) =>
            {
                RunPart(part, batch, images.Span, labels.Span, space);
                return space;
            },
            space =>
            {
                lock (workspaces)
                    workspaces.Push(space);
            });
    }

    private Workspace<T> TakeWorkspace()
    {
        lock (workspaces)
        {
            return workspaces.TryPop(out Workspace<T>? space) ? space
                : new Workspace<T>([.. layers.Select(layer => layer.Input).Append(layers[^1].Output)
                    .Select(size => checked(size.Elements * width))], [.. steps.Select(step => step.NoteBytes)]);
        }
    }

    private void RunPart(int part, int batch, ReadOnlySpan<T> images, ReadOnlySpan<byte> labels, Workspace<T> space)
    {
        (_, int first, int count) = parts[part];
        int pixels = Plan.Images.Elements;
        Execution execution = engine.Execution with { MaxThreads = partThreads };
        Plan.Images.ToInnermost(count, images.Slice(first * pixels, count * pixels), space.Values[0], width, execution);
        for (int i = 0; i < layers.Length; i++)
        {
            steps[i].Forward(count, space.Values[i], space.Values[i + 1], space.Notes[i]);
            if (layers[i] is PoolLayer { Activation.Kind: not Activation.None })
                engine.Activate(layers[i].Activation, space.Values[i + 1], space.Values[i + 1], partThreads);
        }

        if (labels.IsEmpty)
        {
            layers[^1].Output.ToOutermost<T>(
                count, space.Values[^1], width, logits.AsSpan(first * Plan.Classes), execution);
            return;
        }

        scores[part] = SoftmaxCrossEntropy.Evaluate<T>(Plan.Classes, space.Values[^1], width, labels.Slice(first, count),
            space.Gradient(layers.Length), batch);
        for (int i = layers.Length - 1; i >= firstWeighted; i--)
        {
            Span<T> dy = space.Gradient(i + 1);

            // Columns behind the last image hold numbers that nobody reads.
            if (layers[i].Activation.Kind != Activation.None)
                engine.ActivationGradient(layers[i].Activation, space.Values[i + 1], dy, partThreads);
            if (layers[i] is ConvLayer)
            {
                steps[i].WeightGradient(count, space.Values[i], dy, Weights(i, partGradients[part]),
                    Biases(i, partGradients[part]));
            }
            else if (layers[i] is DenseLayer)
            {
                Keep(count, space.Values[i], denseInputs[i].AsSpan(first));
                Keep(count, dy, denseGradients[i].AsSpan(first));
            }

            if (i > firstWeighted)
                steps[i].InputGradient(count, dy, space.Notes[i], space.Gradient(i));
        }
    }

    /// <summary>Copies the columns of a part to those of the whole batch.</summary>
    private void Keep(int images, ReadOnlySpan<T> rows, Span<T> batch)
    {
        for (int from = 0, to = 0; from < rows.Length; from += width, to += MaxBatch)
            rows.Slice(from, images).CopyTo(batch[to..]);
    }

    /// <summary>Neighbouring images of a shard that run through the layers together.</summary>
    private readonly record struct Part(int Shard, int First, int Count);
}
