using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using SimdConv.Cli.Data;
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
            "A folder with the four IDX files of MNIST or Fashion-MNIST, gzipped or not. Default: 10,000 digits of "
            + "MNIST embedded in the tool "
            + "(7,500 to train, 1,500 to validate, 1,000 to test).");
        Option<int?> epochs = Options.OptionalCount("--epochs",
            $"Passes over the training images. Default: {EmbeddedEpochs} on the embedded digits, which suffice for 97 %, else 1.",
            1, MaxEpochs);
        Option<int> batch = Options.Count("--batch", "Images a step.", 1, MaxBatch, DefaultBatch);
        Option<int> seed =
            Options.Count("--seed", "Decides the first weights and the order of images.", 0, int.MaxValue, DefaultSeed);
        Option<int> threads = Options.Threads();
        Option<string?> tier =
            Options.Word("--tier", "The instruction set to use. Default: the best one available.", Tiers.Names);
        Option<string?> engine = Options.Word("--engine",
            "simd: the library (the default). To compare with: im2col: convolutions by way of column matrices; naive: plain "
            + "scalar loops on one thread.",
            "simd", "im2col", "naive");
        Option<int?> limit =
            Options.OptionalCount("--limit", "Train on no more than the first N training images.", 1, int.MaxValue);
        Option<string?> save =
            Options.Path("--save", "W.npz", "Write the weights as NumPy arrays W1 b1 ... W5 b5, mean and std.");
        Option<string?> plot = Options.Path("--plot", "FILE.png", "Draw the loss curve and the first layer's filters.");
        Option<bool> json = Options.Json();
        Command command = new("train", "Trains LeNet-5 and tests it.")
        {
            data, epochs, batch, seed, threads, tier, engine, limit, save, plot, json,
        };
        command.SetAction(parsed =>
        {
            string? folder = parsed.GetValue(data);
            Run(new Settings(
                folder,
                parsed.GetValue(epochs) ?? (folder is null ? EmbeddedEpochs : 1),
                parsed.GetValue(batch),
                parsed.GetValue(seed),
                parsed.GetValue(threads),
                Tiers.Resolve(parsed.GetValue(tier)),
                parsed.GetValue(engine) ?? "simd",
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
            DigitFiles.FilesOf(settings.Folder).Select(path => new NamedFile("--data", path)));
        if (settings.Engine == "naive")
            settings = settings with { Threads = 1, Tier = SimdTier.Scalar };

        RawDigits trainFiles = DigitFiles.ReadTrain(settings.Folder);
        Standardisation standardisation = trainFiles.Measure(settings.Folder ?? "the embedded digits");
        (DigitSet train, DigitSet validation) = DigitFiles.Split(trainFiles.Standardise(standardisation));
        train = train.Slice(0, Math.Min(settings.Limit, train.Count));
        DigitSet test = DigitFiles.ReadTest(settings.Folder).Standardise(standardisation);

        Execution execution = new(settings.Threads, null, settings.Tier);
        Trainer trainer = new(maxBatch => settings.Engine switch
        {
            "naive" => new LayerwiseLeNet5<float>(new NaiveEngine<float>(), maxBatch),
            "im2col" => new LayerwiseLeNet5<float>(new Im2ColEngine<float>(execution), maxBatch),
            _ => new InterleavedLeNet5<float>(execution, maxBatch),
        }, train, settings.Batch, settings.Seed);
        using Interruption interruption = new();
        List<Epoch> epochs = [];
        for (int i = 1; i <= settings.Epochs; i++)
            epochs.Add(RunEpoch(trainer, $"epoch {i}/{settings.Epochs}", train.Count, validation, interruption.Token));
        Score testScore = Trainer.Evaluate(trainer.Net, test);

        if (settings.Save is not null)
            LeNetParameters.Save(settings.Save, trainer.Net.Parameters.ToArray(), standardisation);
        if (settings.Plot is not null)
            Plots.DrawTraining(settings.Plot, epochs, trainer.Net.Parameters);
        PrintTable(settings, epochs, train.Count, test.Count, testScore);
        if (settings.Json)
            JsonLine.Print(json => WriteJson(json, settings, epochs, train.Count, testScore));
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

    private static void PrintTable(Settings settings, List<Epoch> epochs, int images, int testImages, Score test)
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
            + $"tier {Tiers.NameOf(settings.Tier)}, threads {settings.Threads}, batch {settings.Batch}, seed {settings.Seed}");
    }

    private static void WriteJson(Utf8JsonWriter json, Settings settings, List<Epoch> epochs, int images, Score test)
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
        json.WriteNumber("seed", settings.Seed);
    }

    private sealed record Settings(
        string? Folder, int Epochs, int Batch, int Seed, int Threads, SimdTier Tier, string Engine, int Limit,
        string? Save, string? Plot, bool Json);
}
