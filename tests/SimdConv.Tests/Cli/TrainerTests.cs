using SimdConv.Cli;
using SimdConv.Cli.Data;
using SimdConv.Cli.Distributed;
using SimdConv.Cli.Networks;
using SimdConv.Cli.Training;

namespace SimdConv.Tests.Cli;

/// <summary>Which images a trainer gives its network, in which order, what it makes of the answers, and where it stops.</summary>
public sealed class TrainerTests
{
    private const int Images = 53, Batch = 20, Classes = 10;

    private static readonly ImageSize Size = new(1, 8, 8);

    private static readonly NetworkPlan Plan = NetworkParser.Parse("test", "conv 4 3x3; relu; dense 10", Size);

    /// <summary>Every image once an epoch, each with its label, in batches of which the last is what is left.</summary>
    [Fact]
    public void ALastPartialBatchHasTheRest()
    {
        (Net net, Trainer trainer) = Create(seed: 1);
        Assert.Equal(Batch, net.MaxBatch);
        trainer.RunEpoch();
        trainer.RunEpoch();
        Assert.Equal([20, 20, 13, 20, 20, 13], net.Batches.Select(batch => batch.Length));
        foreach (int[][] epoch in net.Batches.Chunk(3))
            Assert.Equal(Enumerable.Range(0, Images), epoch.SelectMany(batch => batch).Order());
    }

    /// <summary>
    /// The seed's numbers, drawn after the first weights, shuffle the order of the epoch before (Fisher and Yates, from the
    /// end).
    /// </summary>
    [Fact]
    public void TheSeedDecidesTheOrder()
    {
        foreach (int seed in (int[])[1, 2, int.MaxValue])
        {
            (Net net, Trainer trainer) = Create(seed);
            Random64 random = new((ulong)seed);
            float[] first = new float[Plan.ParameterCount];
            Plan.Initialise<float>(first, random);
            Assert.Equal(first, net.Parameters.ToArray());
            int[] order = [.. Enumerable.Range(0, Images)];
            for (int epoch = 0; epoch < 2; epoch++)
            {
                for (int i = Images - 1; i > 0; i--)
                {
                    int other = (int)((UInt128)random.Next() * (uint)(i + 1) >> 64);
                    (order[i], order[other]) = (order[other], order[i]);
                }

                trainer.RunEpoch();
                Assert.Equal(order, net.Batches.Skip(3 * epoch).SelectMany(batch => batch));
            }
        }
    }

    /// <summary>Averages are over images, so that those of a small batch count as much as others.</summary>
    [Fact]
    public void TheScoreIsAveragedOverImages()
    {
        (Net net, Trainer trainer) = Create(seed: 1);
        net.LossOf = image => image;
        List<(int, double, double)> reports = [];
        Score score = trainer.RunEpoch((done, batch, mean) => reports.Add((done, batch, mean))).Score;
        Assert.Equal((Images - 1) / 2d, score.Loss, 1e-12);
        Assert.Equal(Enumerable.Range(0, Images).Count(Net.IsRight) / (double)Images, score.Accuracy, 1e-12);
        Assert.Equal([20, 40, 53], reports.Select(report => report.Item1));
        Assert.Equal(net.Batches.Select(batch => batch.Average()), reports.Select(report => report.Item2));
        Assert.Equal(score.Loss, reports[^1].Item3);

        byte[] predictions = new byte[Images];
        Score evaluated = Evaluation.Of(net, Digits(), predictions);
        Assert.Equal(score.Accuracy, evaluated.Accuracy);
        Assert.Equal(Enumerable.Range(0, Images).Select(Net.Guess), predictions);
        // Of logits 1 and nine times 0.
        double right = Math.Log(Math.E + 9) - 1, wrong = Math.Log(Math.E + 9);
        Assert.Equal((score.Accuracy * right) + ((1 - score.Accuracy) * wrong), evaluated.Loss, 1e-6);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void ALossThatIsNoNumberEndsTraining(double loss)
    {
        (Net net, Trainer trainer) = Create(seed: 1);
        net.LossOf = image => image == 7 ? loss : 1;
        string message = Assert.Throws<InputException>(() => trainer.RunEpoch()).Message;
        Assert.Contains("training diverged: the loss of images ", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.NegativeInfinity)]
    public void AParameterThatIsNoNumberEndsTraining(float value)
    {
        (Net net, Trainer trainer) = Create(seed: 1);
        trainer.RunEpoch();
        net.EditParameters()[^1] = value;
        string message = Assert.Throws<InputException>(() => trainer.RunEpoch()).Message;
        Assert.Contains($"training diverged: parameter {Plan.ParameterCount - 1} is ", message, StringComparison.Ordinal);
    }

    /// <summary>NaN at any place of the logits is no class, nor is infinity.</summary>
    [Fact]
    public void ALogitThatIsNoNumberIsNoClass()
    {
        foreach (float value in (float[])[float.NaN, float.PositiveInfinity, float.NegativeInfinity])
        {
            for (int at = 0; at < Classes; at++)
            {
                (Net net, Trainer _) = Create(seed: 1);
                net.Spoil = (Image: 41, at, value);
                string message = Assert.Throws<InputException>(() => Evaluation.Of(net, Digits())).Message;
                Assert.Contains($"the weights are too large: logit {at} of image 41 is ", message, StringComparison.Ordinal);
            }
        }
    }

    private static (Net, Trainer) Create(int seed)
    {
        Net net = new(Batch);
        return (net, new Trainer(net, Digits(), seed));
    }

    /// <summary>Each image holds its number in all pixels.</summary>
    private static DigitSet Digits()
    {
        float[] images = new float[Images * Size.Elements];
        for (int i = 0; i < images.Length; i++)
            images[i] = i / Size.Elements;
        return new DigitSet(images, Enumerable.Range(0, Images).Select(image => (byte)(image % Classes)).ToArray(), Size);
    }

    /// <summary>Notes the images that it is given, and guesses by their numbers.</summary>
    private sealed class Net(int maxBatch) : INetwork<float>
    {
        private readonly float[] parameters = new float[TrainerTests.Plan.ParameterCount];

        public NetworkPlan Plan => TrainerTests.Plan;

        public int MaxBatch => maxBatch;

        public ReadOnlySpan<float> Parameters => parameters;

        public List<int[]> Batches { get; } = [];

        public Func<int, double> LossOf { get; set; } = _ => 1;

        public (int Image, int Class, float Value)? Spoil { get; set; }

        public static bool IsRight(int image) => image % 3 != 0;

        public static byte Guess(int image) => (byte)((image + (IsRight(image) ? 0 : 1)) % Classes);

        public Span<float> EditParameters() => parameters;

        public ReadOnlySpan<float> Forward(int batch, ReadOnlyMemory<float> images)
        {
            float[] logits = new float[batch * Classes];
            foreach ((int i, int image) in Numbers(images.Span[..(batch * Size.Elements)]).Index())
            {
                logits[(i * Classes) + Guess(image)] = 1;
                if (Spoil is { } spoil && spoil.Image == image)
                    logits[(i * Classes) + spoil.Class] = spoil.Value;
            }

            return logits;
        }

        public Span<float> Differentiate(ReadOnlyMemory<float> images, ReadOnlyMemory<byte> labels, ReadOnlySpan<int> counts,
            int batch, Span<ShardScore> shardScores)
        {
            Assert.Equal([labels.Length], counts.ToArray());
            Assert.Equal(labels.Length, batch);
            int[] numbers = Numbers(images.Span[..(labels.Length * Size.Elements)]);
            Assert.Equal(numbers.Select(image => (byte)(image % Classes)), labels.ToArray());
            Batches.Add(numbers);
            shardScores[0] = new(numbers.Sum(LossOf), numbers.Count(IsRight));
            return new float[parameters.Length];
        }

        private static int[] Numbers(ReadOnlySpan<float> images)
        {
            int[] numbers = new int[images.Length / Size.Elements];
            for (int i = 0; i < numbers.Length; i++)
            {
                ReadOnlySpan<float> image = images.Slice(i * Size.Elements, Size.Elements);
                numbers[i] = (int)image[0];
                Assert.Equal(-1, image.IndexOfAnyExcept(image[0]));
            }

            return numbers;
        }
    }
}
