using System.Diagnostics;
using System.Globalization;
using SimdConv.Cli.Data;
using SimdConv.Cli.Distributed;
using SimdConv.Cli.Networks;

namespace SimdConv.Cli.Training;

/// <summary>Loss and accuracy (0..1) averaged over the images of one pass.</summary>
internal readonly record struct Score(double Loss, double Accuracy);

/// <summary>
/// Trains a network by mini-batches in an order that the seed decides. A batch is cut in shards, whose gradients are added in one
/// order, whichever ranks compute them: on every rank the parameters are the same after every step.
/// </summary>
internal sealed class Trainer
{
    private readonly INetwork<float> net;
    private readonly Adam<float> adam;
    private readonly Random64 random;
    private readonly DigitSet mine;
    private readonly ShardCut cut;
    private readonly ShardSum sum;
    private readonly int[] order, counts;
    private readonly float[] images;
    private readonly byte[] labels;
    private readonly ShardScore[] scores;

    /// <param name="net">The network, with room for the shards of this rank.</param>
    /// <param name="mine">The training images that the cut gives to this rank.</param>
    /// <param name="seed">Decides the first weights and the order of images.</param>
    /// <param name="cut">Who trains on which images.</param>
    /// <param name="exchange">The ranks.</param>
    /// <param name="execution">Threads and tier of the sum of shards.</param>
    public Trainer(INetwork<float> net, DigitSet mine, int seed, ShardCut cut, IExchange exchange, Execution execution = default)
    {
        (this.net, this.mine, this.cut) = (net, mine, cut);
        random = new Random64((ulong)seed);
        net.Plan.Initialise(net.EditParameters(), random);
        adam = new Adam<float>(net.Plan.ParameterCount);
        sum = new ShardSum(cut, exchange, net.Plan.ParameterCount, execution);
        order = [.. Enumerable.Range(0, cut.Images)];
        counts = new int[cut.Count];
        scores = new ShardScore[cut.Count];
        images = new float[cut.MostImages * mine.Size.Elements];
        labels = new byte[cut.MostImages];
    }

    /// <summary>One process, which trains on a set as one shard.</summary>
    public Trainer(INetwork<float> net, DigitSet train, int seed)
        : this(net, train, seed, new ShardCut(1, train.Count, Math.Min(net.MaxBatch, train.Count)), new LoneExchange())
    {
    }

    public INetwork<float> Net => net;

    /// <summary>How far training has come.</summary>
    public TrainerState State { get; private set; } = new(0, 0, 0, 0, 0);

    /// <summary>Goes on where another trainer with the same settings stopped.</summary>
    /// <param name="state">How far it had come.</param>
    /// <param name="parameters">The parameters then.</param>
    /// <param name="first">The optimizer's first moments.</param>
    /// <param name="second">Its second moments.</param>
    public void Resume(TrainerState state, ReadOnlySpan<float> parameters, ReadOnlySpan<float> first, ReadOnlySpan<float> second)
    {
        for (int epoch = 0; epoch < state.Epochs + (state.Done > 0 ? 1 : 0); epoch++)
            Shuffle();
        parameters.CopyTo(net.EditParameters());
        adam.Restore(state.Steps, first, second);
        State = state;
    }

    /// <summary>The optimizer's first and second moments.</summary>
    public (float[] First, float[] Second) Moments => adam.Moments;

    /// <summary>
    /// Trains on every image once, or on those that are left of an epoch that was begun. The score is of each batch as it was
    /// met, before the step it led to.
    /// </summary>
    /// <param name="report">Told after each batch the images done so far, the batch's mean loss, and that of all so far.</param>
    /// <param name="afterStep">Called after each step.</param>
    /// <param name="cancellation">Ends the epoch of all ranks between two batches.</param>
    /// <exception cref="OperationCanceledException">The epoch was ended.</exception>
    /// <exception cref="InputException">A loss or a parameter is no longer a finite number.</exception>
    public (Score Score, double Seconds) RunEpoch(Action<int, double, double>? report = null, Action? afterStep = null,
        CancellationToken cancellation = default)
    {
        long start = Stopwatch.GetTimestamp();
        if (State.Done == 0)
            Shuffle();
        while (State.Done < cut.Images)
        {
            int done = State.Done, count = Math.Min(cut.Batch, cut.Images - done);
            ShardScore batch = Step(done, count, cancellation.IsCancellationRequested);
            if (batch.Stops > 0)
                throw new OperationCanceledException(cancellation);
            State = new(State.Epochs, State.Steps + 1, done + count, State.Loss + batch.Loss, State.Correct + batch.Correct);
            if (State.Done == cut.Images)
                RequireFiniteParameters();
            report?.Invoke(State.Done, batch.Loss / count, State.Loss / State.Done);
            afterStep?.Invoke();
        }

        Score score = new(State.Loss / cut.Images, (double)State.Correct / cut.Images);
        State = new(State.Epochs + 1, State.Steps, 0, 0, 0);
        return (score, Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    /// <summary>One batch: the shards of this rank, the sum over all shards, and the step that it leads to.</summary>
    private ShardScore Step(int done, int count, bool stop)
    {
        Gather(done, count);
        Span<float> gradients = net.Differentiate(images, labels.AsMemory(0, counts.Sum()), counts, count, scores);
        ShardScore total = sum.Add(scores, stop);
        if (total.Stops > 0)
            return total;
        if (!double.IsFinite(total.Loss))
        {
            throw new InputException(string.Create(CultureInfo.InvariantCulture,
                $"training diverged: the loss of images {done + 1} to {done + count} of the epoch is {total.Loss}; ")
                + "expected a finite number. Nothing was written.");
        }

        adam.Update(net.EditParameters(), sum.Add(gradients));
        return total;
    }

    /// <summary>After the last step of an epoch no loss would show parameters that aren't finite.</summary>
    private void RequireFiniteParameters()
    {
        ReadOnlySpan<float> parameters = net.Parameters;
        for (int i = 0; i < parameters.Length; i++)
        {
            if (!float.IsFinite(parameters[i]))
            {
                throw new InputException(string.Create(CultureInfo.InvariantCulture,
                    $"training diverged: parameter {i} is {parameters[i]}; expected finite numbers. Nothing was written."));
            }
        }
    }

    /// <summary>A new order for each shard's images. All ranks draw the numbers of all shards.</summary>
    private void Shuffle()
    {
        for (int shard = 0; shard < cut.Shards; shard++)
            random.Shuffle(order.AsSpan(cut.Start(shard)..cut.Start(shard + 1)));
    }

    /// <summary>The next images of this rank's shards.</summary>
    private void Gather(int done, int count)
    {
        ReadOnlySpan<float> allImages = mine.Images.Span;
        ReadOnlySpan<byte> allLabels = mine.Labels.Span;
        int pixels = mine.Size.Elements, at = 0;
        for (int shard = cut.First; shard < cut.End; shard++)
        {
            int first = cut.Start(shard) + cut.Taken(shard, done), end = cut.Start(shard) + cut.Taken(shard, done + count);
            counts[shard - cut.First] = end - first;
            for (int i = first; i < end; i++, at++)
            {
                int image = order[i] - cut.FirstImage;
                allImages.Slice(image * pixels, pixels).CopyTo(images.AsSpan(at * pixels));
                labels[at] = allLabels[image];
            }
        }
    }
}
