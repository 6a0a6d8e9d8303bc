using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using SimdConv.Cli.Data;
using SimdConv.Cli.Networks;
using SimdConv.Cli.Training;
using Spectre.Console;

namespace SimdConv.Cli.Commands;

/// <summary><c>simdconv train</c></summary>
internal static class TrainCommand
{
    /// <summary>On the embedded digits; chosen so that 97 % of the test digits are recognised with every seed tried.</summary>
    public const int EmbeddedEpochs = 15;

    private const int DefaultBatch = 100, DefaultSeed = 1, MaxBatch = 10_000, MaxEpochs = 1_000_000;

    public static Command Create()
    {
        Option<string?> data = Options.Path("--data", "DIR",
            "A folder with the four IDX files of MNIST or Fashion-MNIST, gzipped or not, of images of any size (idx3, or idx4 "
            + "with channels). Default: 10,000 digits of MNIST embedded in the tool (7,500 to train, 1,500 to validate, 1,000 to "
            + "test).");
        Option<int?> epochs = Options.OptionalCount("--epochs",
            $"Passes over the training images. Default: {EmbeddedEpochs} on the embedded digits, which suffice for 97 %, else 1.",
            1, MaxEpochs);
        Option<int> batch = Options.Count("--batch", "Images a step.", 1, MaxBatch, DefaultBatch);
        Option<int> seed =
            Options.Count("--seed", "Decides the first weights and the order of images.", 0, int.MaxValue, DefaultSeed);
        Option<int> threads = Options.Threads();
        Option<string?> tier =
            Options.Word("--tier", "The instruction set to use. Default: the best one available.", Tiers.Names);
        Option<string?> net = Options.Path("--net", "TEXT|FILE", NetworkSource.Help);
        Option<string?> algorithm = Options.Word("--algorithm",
            "winograd: convolutions that it suits by Winograd's algorithm, others as sums (the default of simd); direct: all as "
            + "sums.",
            "winograd", "direct");
        Option<string?> engine = Options.Word("--engine",
            "simd: the library (the default). To compare with: im2col: convolutions by way of column matrices; naive: plain "
            + "scalar loops on one thread.",
            "simd", "im2col", "naive");
        Option<int?> limit =
            Options.OptionalCount("--limit", "Train on no more than the first N training images.", 1, int.MaxValue);
        Option<string?> save =
            Options.Path("--save", "W.npz", "Write the network and its weights as NumPy arrays: net, conv1.weight, "
                + "conv1.bias, ..., mean and std.");
        Option<string?> plot = Options.Path("--plot", "FILE.png", "Draw the loss curve and the first convolution's filters.");
        Option<bool> json = Options.Json();
        Command command = new("train", "Trains LeNet-5, or any small network, and tests it.")
        {
            net, data, epochs, batch, seed, threads, tier, engine, algorithm, limit, save, plot, json,
        };
        command.SetAction(parsed =>
        {
            string? folder = parsed.GetValue(data);
            Run(new Settings(
                parsed.GetValue(net),
                folder,
                parsed.GetValue(epochs) ?? (folder is null ? EmbeddedEpochs : 1),
                parsed.GetValue(batch),
                parsed.GetValue(seed),
                parsed.GetValue(threads),
                Tiers.Resolve(parsed.GetValue(tier)),
                parsed.GetValue(engine) ?? "simd",
                parsed.GetValue(algorithm),
                parsed.GetValue(limit) ?? int.MaxValue,
                parsed.GetValue(save),
                parsed.GetValue(plot),
                parsed.GetValue(json)));
            return 0;
        });
        return command;
    }

    private static void Run(Settings settings)
    {
        OutputFile.RequireWritable([new("--save", settings.Save), new("--plot", settings.Plot)],
            [new("--net", NetworkSource.FileOf(settings.Net)),
                .. DigitFiles.FilesOf(settings.Folder).Select(path => new NamedFile("--data", path))]);
        if (settings.Engine != "simd" && settings.Algorithm == "winograd")
        {
            throw new InputException(
                $"--algorithm is winograd, but the engine {settings.Engine} computes sums as they are; expected direct.");
        }


        if (settings.Engine == "naive")
            settings = settings with { Threads = 1, Tier = SimdTier.Scalar };

        RawDigits trainFiles = DigitFiles.ReadTrain(settings.Folder), testFiles = DigitFiles.ReadTest(settings.Folder);
        if (testFiles.Size != trainFiles.Size)
        {
            throw new InputException(
                $"images to test are {testFiles.Size}, those to train {trainFiles.Size}; expected one size.");
        }

        NetworkPlan plan = NetworkSource.Read(settings.Net, trainFiles.Size);
        trainFiles.RequireClasses(plan.Classes);
        testFiles.RequireClasses(plan.Classes);
        Standardisation standardisation = trainFiles.Measure(settings.Folder ?? "the embedded digits", plan.Images);
        (DigitSet train, DigitSet validation) = DigitFiles.Split(trainFiles.Standardise(standardisation, plan.Images));
        train = train.Slice(0, Math.Min(settings.Limit, train.Count));
        DigitSet test = testFiles.Standardise(standardisation, plan.Images);

        Execution execution = new(settings.Threads, null, settings.Tier);
        Engine<float> engine = settings.Engine switch
        {
            "naive" => new NaiveEngine<float>(),
            "im2col" => new Im2ColEngine<float>(execution),
            _ => new SimdEngine<float>(execution, useWinograd: settings.Algorithm != "direct"),
        };
        Network<float> net = new(plan, engine, Math.Min(settings.Batch, train.Count));
        Trainer trainer = new(net, train, settings.Seed);
        using Interruption interruption = new();
        List<Epoch> epochs = [];
        for (int i = 1; i <= settings.Epochs; i++)
            epochs.Add(RunEpoch(trainer, $"epoch {i}/{settings.Epochs}", train.Count, validation, interruption.Token));
        Score testScore = Trainer.Evaluate(trainer.Net, test);

        if (settings.Save is not null)
            WeightFile.Save(settings.Save, plan, net.Parameters.ToArray(), standardisation);
        if (settings.Plot is not null)
            Plots.DrawTraining(settings.Plot, epochs, plan, net.Parameters);
        PrintTable(settings, net, epochs, train.Count, test.Count, testScore);
        if (settings.Json)
            JsonLine.Print(json => WriteJson(json, settings, net, epochs, train.Count, testScore));
    }

    private static Epoch RunEpoch(Trainer trainer, string title, int images, DigitSet validation, CancellationToken cancellation)
    {
        List<(int, double)> curve = [];
        long start = Stopwatch.GetTimestamp();
        (Score score, double seconds) =
            Progress.Show(title, "images", images, report => trainer.RunEpoch((done, batchLoss, meanLoss) =>
        {
            curve.Add((done, batchLoss));
            report(done, () => $"loss {Screen.Number(meanLoss, "0.0000")}, "
                + $"{Screen.Number(done / Stopwatch.GetElapsedTime(start).TotalSeconds, "0")} images/s");
        }, cancellation));
        Score validated = Trainer.Evaluate(trainer.Net, validation);
        Console.Error.WriteLine($"{title}  {Screen.Number(seconds, "0.00")} s, loss {Screen.Number(score.Loss, "0.0000")}, "
            + $"validation {Screen.Percent(validated.Accuracy)}");
        return new Epoch(seconds, score, validated, curve);
    }

    private static void PrintTable(
        Settings settings, Network<float> net, List<Epoch> epochs, int images, int testImages, Score test)
    {
        Table table = Screen.Table("epoch", "seconds", "images/s", "train loss", "train acc", "val loss", "val acc");
        for (int i = 0; i < epochs.Count; i++)
        {
            Epoch epoch = epochs[i];
            table.AddCells($"{i + 1}", Screen.Number(epoch.Seconds, "0.000"), Screen.Number(images / epoch.Seconds, "0"),
                Screen.Number(epoch.Train.Loss, "0.0000"), Screen.Percent(epoch.Train.Accuracy),
                Screen.Number(epoch.Validation.Loss, "0.0000"), Screen.Percent(epoch.Validation.Accuracy));
        }

        Screen.Output.Write(table);
        Console.Out.WriteLine($"test accuracy {Screen.Percent(test.Accuracy)} of {testImages} images; engine {settings.Engine}, "
            + $"algorithm {net.Algorithm}, tier {Tiers.NameOf(settings.Tier)}, threads {settings.Threads}, "
            + $"batch {settings.Batch}, seed {settings.Seed}");
        Console.Out.WriteLine($"{net.Plan.ParameterCount} parameters: {net.Plan.Text}");
        foreach ((string layer, string algorithm) in net.Algorithms)
            Console.Out.WriteLine($"{layer}: {algorithm}");
    }

    private static void WriteJson(
        Utf8JsonWriter json, Settings settings, Network<float> net, List<Epoch> epochs, int images, Score test)
    {
        json.WriteStartArray("epoch_seconds");
        foreach (Epoch epoch in epochs)
            json.WriteNumberValue(epoch.Seconds);
        json.WriteEndArray();
        json.WriteNumber("images", images);
        json.WriteFinite("train_loss", epochs[^1].Train.Loss);
        json.WriteNumber("train_accuracy", epochs[^1].Train.Accuracy);
        json.WriteFinite("validation_loss", epochs[^1].Validation.Loss);
        json.WriteNumber("validation_accuracy", epochs[^1].Validation.Accuracy);
        json.WriteNumber("test_accuracy", test.Accuracy);
        json.WriteNumber("threads", settings.Threads);
        json.WriteString("tier", Tiers.NameOf(settings.Tier));
        json.WriteString("engine", settings.Engine);
        json.WriteString("algorithm", net.Algorithm);
        json.WriteStartObject("layers");
        foreach ((string layer, string algorithm) in net.Algorithms)
            json.WriteString(layer, algorithm);
        json.WriteEndObject();
        json.WriteString("net", net.Plan.Text);
        json.WriteNumber("parameters", net.Plan.ParameterCount);
        json.WriteNumber("seed", settings.Seed);
    }

    private sealed record Settings(
        string? Net, string? Folder, int Epochs, int Batch, int Seed, int Threads, SimdTier Tier, string Engine,
        string? Algorithm, int Limit, string? Save, string? Plot, bool Json);
}
