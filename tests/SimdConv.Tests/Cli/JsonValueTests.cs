using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json;
using SimdConv.Cli;
using SimdConv.Cli.Data;
using SimdConv.Cli.Networks;
using SimdConv.Cli.Training;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Cli;

/// <summary>The numbers that the tool prints, held against the same numbers computed here.</summary>
public sealed class JsonValueTests : IDisposable
{
    private const int Images = 90, TrainImages = 75, TestImages = 23, Batch = 20, Epochs = 2, Seed = 3;

    // Sums in float and double, through some steps of Adam, which divides by small numbers.
    private const double Tolerance = 2e-3;

    private static readonly NetworkPlan LeNet = NetworkParser.Parse("test", NetworkPlan.LeNet5, new ImageSize(1, 28, 28));

    private readonly string folder = Directory.CreateTempSubdirectory("simdconv-").FullName;

    public JsonValueTests()
    {
        foreach ((string prefix, int count) in ((string, int)[])[("train", Images), ("t10k", TestImages)])
        {
            byte[] images = new byte[16 + (count * 784)], labels = new byte[8 + count];
            for (int i = 0; i < count; i++)
            {
                labels[8 + i] = (byte)(Data.Mix(count, -i) % 10);
                // A bar at a height that tells the digit, in noise: to be learnt, but not at once.
                for (int pixel = 0; pixel < 784; pixel++)
                    images[16 + (i * 784) + pixel] = (byte)((Data.Mix((count * 1000) + i, pixel) % 200)
                        + (pixel / 56 == labels[8 + i] + 2 ? 55UL : 0));
            }

            foreach ((int i, int value) in ((int[])[0x803, count, 28, 28]).Index())
                BinaryPrimitives.WriteInt32BigEndian(images.AsSpan(4 * i), value);
            BinaryPrimitives.WriteInt32BigEndian(labels, 0x801);
            BinaryPrimitives.WriteInt32BigEndian(labels.AsSpan(4), count);
            File.WriteAllBytes(Path.Combine(folder, $"{prefix}-images-idx3-ubyte"), images);
            File.WriteAllBytes(Path.Combine(folder, $"{prefix}-labels-idx1-ubyte"), labels);
        }
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    /// <summary>
    /// Two epochs of four batches, the last of 15 images, trained again in double by the layerwise network and an Adam of this
    /// test's own; then evaluate on what was saved.
    /// </summary>
    [Fact]
    public void TrainAndEvaluate()
    {
        string weights = Path.Combine(folder, "W.npz"), digits = Path.Combine(folder, "digits");
        JsonElement trained = Json("train", "--data", folder, "--epochs", $"{Epochs}", "--batch", $"{Batch}", "--seed", $"{Seed}",
            "--threads", "2", "--save", weights, "--json");
        JsonElement evaluated = Json("evaluate", "--data", folder, "--weights", weights, "--predictions", digits, "--json");

        RawDigits raw = DigitFiles.ReadTrain(folder);
        Standardisation standardisation = raw.Measure("train", LeNet.Images);
        DigitSet all = raw.Standardise(standardisation, LeNet.Images),
            test = DigitFiles.ReadTest(folder).Standardise(standardisation, LeNet.Images);
        DigitSet train = all.Slice(0, TrainImages), validation = all.Slice(TrainImages, Images - TrainImages);

        Network<double> net = new(LeNet, new Im2ColEngine<double>(default), Images);
        Random64 random = new(Seed);
        LeNet.Initialise(net.EditParameters(), random);
        int[] order = [.. Enumerable.Range(0, TrainImages)];
        double[] first = new double[LeNet.ParameterCount], second = new double[LeNet.ParameterCount];
        double loss = 0;
        int correct = 0, step = 0;
        for (int epoch = 0; epoch < Epochs; epoch++)
        {
            (loss, correct) = (0, 0);
            random.Shuffle(order);
            foreach (int[] batch in order.Chunk(Batch))
            {
                double[] images = [.. batch.SelectMany(image => Pixels(train, image))];
                (double batchLoss, int batchCorrect) = net.Train(images,
                    batch.Select(image => train.Labels.Span[image]).ToArray());
                (loss, correct, step) = (loss + batchLoss, correct + batchCorrect, step + 1);
                Span<double> parameters = net.EditParameters();
                for (int i = 0; i < parameters.Length; i++)
                {
                    double gradient = net.Gradients[i];
                    first[i] = (0.9 * first[i]) + (0.1 * gradient);
                    second[i] = (0.999 * second[i]) + (0.001 * gradient * gradient);
                    parameters[i] -= 1e-3 * (first[i] / (1 - Math.Pow(0.9,
                        step))) / (Math.Sqrt(second[i] / (1 - Math.Pow(0.999, step))) + 1e-8);
                }
            }
        }

        (double validationLoss, int validationCorrect, _) = Score(net, validation);
        (_, int testCorrect, byte[] guesses) = Score(net, test);
        Assert.Equal(TrainImages, trained.GetProperty("images").GetInt32());
        Assert.Equal(Epochs, trained.GetProperty("epoch_seconds").GetArrayLength());
        Assert.Equal(Seed, trained.GetProperty("seed").GetInt32());
        Assert.Equal(loss / TrainImages, Number("train_loss"), Tolerance);
        Assert.Equal(validationLoss / (Images - TrainImages), Number("validation_loss"), Tolerance);
        AssertShare(correct, TrainImages, Number("train_accuracy"));
        AssertShare(validationCorrect, Images - TrainImages, Number("validation_accuracy"));
        AssertShare(testCorrect, TestImages, Number("test_accuracy"));

        (NetworkPlan plan, float[] saved, Standardisation? savedStandardisation) = WeightFile.Load(weights, raw.Size);
        Assert.Equal(LeNet.Text, plan.Text);
        Assert.Equal(standardisation, savedStandardisation);
        double furthest = saved.Zip(net.Parameters.ToArray()).Max(pair => Math.Abs(pair.First - pair.Second));
        Assert.InRange(furthest, 0, Tolerance);

        string[] lines = File.ReadAllLines(digits);
        int hits = lines.Index().Count(line =>
            int.Parse(line.Item, CultureInfo.InvariantCulture) == test.Labels.Span[line.Index]);
        Assert.Equal(TestImages, evaluated.GetProperty("images").GetInt32());
        Assert.Equal((double)hits / TestImages, evaluated.GetProperty("accuracy").GetDouble(), 1e-12);
        Assert.Equal(Number("test_accuracy"), evaluated.GetProperty("accuracy").GetDouble());
        Assert.InRange(lines.Zip(guesses).Count(pair => pair.First != $"{pair.Second}"), 0, 1);

        double Number(string name) => trained.GetProperty(name).GetDouble();

        // An image that lies between two digits may fall to either.
        static void AssertShare(int right, int count, double share)
        {
            Assert.Equal(Math.Round(share * count), share * count, 1e-9);
            Assert.InRange((share * count) - right, -1.001, 1.001);
        }
    }

    /// <summary>--limit cuts the training images alone, and a batch larger than what is left is that much.</summary>
    [Fact]
    public void ALimitBelowTheBatch()
    {
        JsonElement trained = Json("train", "--data", folder, "--epochs", "1", "--limit", "7", "--json");
        RawDigits raw = DigitFiles.ReadTrain(folder);
        DigitSet all = raw.Standardise(raw.Measure("train", LeNet.Images), LeNet.Images);
        Network<double> net = new(LeNet, new Im2ColEngine<double>(default), Images);
        LeNet.Initialise(net.EditParameters(), new Random64(1));
        (double loss, int correct, _) = Score(net, all.Slice(0, 7));
        Assert.Equal(7, trained.GetProperty("images").GetInt32());
        Assert.Equal(loss / 7, trained.GetProperty("train_loss").GetDouble(), Tolerance);
        Assert.InRange((trained.GetProperty("train_accuracy").GetDouble() * 7) - correct, -1.001, 1.001);
    }

    [Fact]
    public void Info()
    {
        JsonElement info = Json("info", "--json");
        Assert.Equal(Machine.CpuName(), info.GetProperty("cpu").GetString());
        Assert.Equal(Environment.ProcessorCount, info.GetProperty("logical_processors").GetInt32());
        Assert.Equal(SimdConv.Cli.Commands.Tiers.NameOf(SimdSupport.Best), info.GetProperty("active").GetString());
        Assert.Equal(SimdSupport.Caches, info.GetProperty("caches").EnumerateArray().Select(cache =>
            new CpuCache(cache.GetProperty("level").GetInt32(),
                Enum.Parse<CpuCacheKind>(cache.GetProperty("kind").GetString()!, ignoreCase: true),
                cache.GetProperty("bytes").GetInt64())));
        JsonElement[] tiers = [.. info.GetProperty("tiers").EnumerateArray()];
        Assert.Equal(Enum.GetValues<SimdTier>().Select(tier =>
            (SimdConv.Cli.Commands.Tiers.NameOf(tier), SimdSupport.IsAvailable(tier), tier == SimdSupport.Best)),
            tiers.Select(tier => (tier.GetProperty("tier").GetString()!, tier.GetProperty("available").GetBoolean(),
                tier.GetProperty("active").GetBoolean())));
        double[] peaks = [.. tiers.Where(tier => tier.GetProperty("available").GetBoolean()).Select(tier =>
            tier.GetProperty("fma_peak_gflops").GetDouble())];
        Assert.All(peaks, peak => Assert.InRange(peak, 1e-3, 1e5));
        Assert.Equal(peaks.Max(), info.GetProperty("fma_peak_gflops").GetDouble());
        Assert.Equal(KernelInfo.All.Where(tile => Enum.IsDefined(tile.Tier)).Select(tile =>
            (SimdConv.Cli.Commands.Tiers.NameOf(tile.Tier), tile.MR, tile.NR, tile.MC, tile.KC, tile.NC)),
            info.GetProperty("tiles").EnumerateArray().Select(tile => (tile.GetProperty("tier").GetString()!,
                Of(tile, "mr"), Of(tile, "nr"), Of(tile, "mc"), Of(tile, "kc"), Of(tile, "nc"))));

        static int Of(JsonElement tile, string name) => tile.GetProperty(name).GetInt32();
    }

    private static double[] Pixels(DigitSet set, int image) =>
        Array.ConvertAll(set.ImagesOf(image, 1).ToArray(), pixel => (double)pixel);

    /// <summary>Loss and hits summed over a set's images, by softmax as it is written in books, and the digits guessed.</summary>
    private static (double Loss, int Correct, byte[] Guesses) Score(Network<double> net, DigitSet set)
    {
        double[] images = [.. Enumerable.Range(0, set.Count).SelectMany(image => Pixels(set, image))];
        double[][] logits = [.. net.Forward(set.Count, images).ToArray().Chunk(LeNet.Classes)];
        byte[] labels = set.Labels.ToArray(), guesses = [.. logits.Select(row => (byte)Array.IndexOf(row, row.Max()))];
        double loss = logits.Zip(labels).Sum(pair => -Math.Log(Math.Exp(pair.First[pair.Second]) / pair.First.Sum(Math.Exp)));
        return (loss, guesses.Zip(labels).Count(pair => pair.First == pair.Second), guesses);
    }

    private static JsonElement Json(params string[] arguments)
    {
        (int exitCode, string output) = ChildProcess.RunAssembly(typeof(InputException).Assembly.Location, arguments);
        Assert.True(exitCode == 0, $"exit code {exitCode}\n{ChildProcess.Tail(output)}");
        using JsonDocument document = JsonDocument.Parse(output.Split('\n').Last(line => line.StartsWith('{')));
        return document.RootElement.Clone();
    }
}
