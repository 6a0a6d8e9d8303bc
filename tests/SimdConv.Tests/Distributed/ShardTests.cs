using SimdConv.Cli.Data;
using SimdConv.Cli.Distributed;
using SimdConv.Cli.Networks;
using SimdConv.Cli.Training;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Distributed;

/// <summary>No bit of a training depends on how many ranks share its shards; ranks are threads here.</summary>
public sealed class ShardTests
{
    private const int Images = 150;

    private static readonly ImageSize Size = new(1, 9, 8);

    private static readonly NetworkPlan Plan =
        NetworkParser.Parse("test", "conv 4 3x3 pad 1; relu; max 2; conv 6 3x3 pad 1; tanh; dense 12; relu; dense 10", Size);

    [Theory]
    [InlineData(50, 1, false)]
    [InlineData(50, 4, true)]
    [InlineData(37, 5, false)]
    [InlineData(64, 16, true)]
    public void WeightsDependOnNoNumberOfRanks(int batch, int shards, bool useWinograd)
    {
        Outcome alone = Train(new LoneExchange(), batch, shards, useWinograd, threads: 1);
        Assert.Equal(alone, Train(new LoneExchange(), batch, shards, useWinograd, threads: 3));
        foreach (int ranks in (int[])[1, 2, 3, 4, 7, 16, 19])
        {
            Outcome[] outcomes =
                RankThreads.Run(ranks, exchange => Train(exchange, batch, shards, useWinograd, threads: 1 + (ranks % 2)));
            Assert.All(outcomes, outcome => Assert.Equal(alone, outcome));
        }
    }

    /// <summary>A trainer that goes on from what another one had come to ends where that one would have.</summary>
    [Theory]
    [InlineData(50, 1)]
    [InlineData(37, 5)]
    public void BreaksChangeNothing(int batch, int shards) => Assert.Equal(
        Train(new LoneExchange(), batch, shards, useWinograd: false, threads: 1, hasBreaks: false),
        Train(new LoneExchange(), batch, shards, useWinograd: false, threads: 1));

    /// <summary>The shards of a batch have its gradient between them, but for rounding.</summary>
    [Fact]
    public void ShardsAddUpToTheBatch()
    {
        float[] whole = Gradient(1), sum = Gradient(4);
        double largest = whole.Max(Math.Abs);
        for (int i = 0; i < whole.Length; i++)
            Assert.Equal(whole[i], sum[i], 1e-5 * largest);

        static float[] Gradient(int shards)
        {
            const int batch = 50;
            DigitSet set = Digits();
            ShardCut cut = new(shards, batch, batch);
            Network<float> net = new(Plan, new SimdEngine<float>(default, useWinograd: false), cut.MostImages, shards);
            Plan.Initialise(net.EditParameters(), new Random64(1));
            int[] counts = [.. Enumerable.Range(0, shards).Select(shard => cut.Start(shard + 1) - cut.Start(shard))];
            Span<float> gradients = net.Differentiate(
                set.ImagesOf(0, batch), set.Labels[..batch], counts, batch, new ShardScore[shards]);
            return new ShardSum(cut, new LoneExchange(), Plan.ParameterCount, default).Add(gradients).ToArray();
        }
    }

    /// <summary>Every image is in one shard's part, and in one batch of an epoch.</summary>
    [Fact]
    public void EveryImageIsTakenOnce()
    {
        foreach ((int shards, int images, int batch) in ((int, int, int)[])
            [(1, 53, 20), (4, 53, 20), (7, 100, 9), (16, 64, 64), (16, 1000, 33), (5, 6, 100)])
        {
            ShardCut cut = new(shards, images, batch);
            Assert.Equal((0, images), (cut.Start(0), cut.Start(shards)));
            for (int shard = 0; shard < shards; shard++)
            {
                Assert.Equal(0, cut.Taken(shard, 0));
                Assert.Equal(cut.Start(shard + 1) - cut.Start(shard), cut.Taken(shard, images));
            }

            for (int done = 0; done < images; done += batch)
            {
                int end = Math.Min(images, done + batch);
                int[] counts = [.. Enumerable.Range(0, shards).Select(shard => cut.Taken(shard, end) - cut.Taken(shard, done))];
                Assert.Equal(end - done, counts.Sum());
                Assert.InRange(counts.Max() - counts.Min(), 0, 1);
                Assert.InRange(counts.Max(), 0, (batch + shards - 1) / shards);
            }

            foreach (int ranks in (int[])[1, 2, 3, 7, 20])
            {
                Assert.Equal(Enumerable.Range(0, shards), Enumerable.Range(0, ranks).SelectMany(rank =>
                {
                    ShardCut mine = new(shards, images, batch, rank, ranks);
                    Assert.InRange(mine.Count, shards / ranks, (shards + ranks - 1) / ranks);
                    return Enumerable.Range(mine.First, mine.Count);
                }));
            }
        }

        Assert.Equal([1, 1, 2, 4, 4, 8, 16, 16],
            ((int[])[1, 31, 32, 64, 100, 128, 256, 10_000]).Select(ShardCut.DefaultShards));
    }

    /// <summary>
    /// Two epochs that end with a partial batch. Other trainers go on after the first and in the middle of the second, unless
    /// there are no breaks.
    /// </summary>
    private static Outcome Train(
        IExchange exchange, int batch, int shards, bool useWinograd, int threads, bool hasBreaks = true)
    {
        DigitSet all = Digits();
        ShardCut cut = new(shards, Images, batch, exchange.Rank, exchange.Ranks);
        Trainer trainer = Create();
        Score first = trainer.RunEpoch().Score;
        if (hasBreaks)
        {
            trainer = Resume(trainer);
            int steps = 0;
            Assert.Throws<TimeoutException>(() => trainer.RunEpoch(afterStep: () =>
            {
                if (++steps == 2)
                    throw new TimeoutException();
            }));
            trainer = Resume(trainer);
        }

        Score second = trainer.RunEpoch().Score;
        Evaluation evaluation = new(Images, exchange);
        Score test = evaluation.Run(trainer.Net, all.Slice(evaluation.FirstImage, evaluation.EndImage - evaluation.FirstImage));
        return new Outcome(first, second, test, Convert.ToHexString(
            System.Runtime.InteropServices.MemoryMarshal.AsBytes(trainer.Net.Parameters)));

        Trainer Create()
        {
            Engine<float> engine = new SimdEngine<float>(new Execution(threads), useWinograd);
            Network<float> net = cut.Count > 0
                ? new(Plan, engine, cut.MostImages, cut.Count)
                : new(Plan, engine, cut.Batch);
            return new Trainer(net, all.Slice(cut.FirstImage, cut.EndImage - cut.FirstImage), 7, cut, exchange);
        }

        Trainer Resume(Trainer from)
        {
            Trainer to = Create();
            to.Resume(from.State, from.Net.Parameters, from.Moments.First, from.Moments.Second);
            return to;
        }
    }

    private static DigitSet Digits() => new(Data.Make<float>(Images * Size.Elements, DataKind.Real, 3),
        Enumerable.Range(0, Images).Select(image => (byte)(Data.Mix(4, image) % 10)).ToArray(), Size);

    private sealed record Outcome(Score First, Score Second, Score Test, string Weights);
}
