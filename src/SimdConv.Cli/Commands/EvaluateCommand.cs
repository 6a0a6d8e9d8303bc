using System.CommandLine;
using System.Text;
using SimdConv.Cli.Data;
using SimdConv.Cli.Networks;
using SimdConv.Cli.Training;

namespace SimdConv.Cli.Commands;

/// <summary><c>simdconv evaluate</c></summary>
internal static class EvaluateCommand
{
    private const int Batch = 100;

    public static Command Create()
    {
        Option<string?> weights = Options.Path("--weights", "W.npz",
            "NumPy arrays as train --save writes them: the network (net, input), its weights by layer (conv1.weight, conv1.bias, "
            + "...; float32 or float64) and, if the images were standardised so, mean and std. Files of W1 b1 ... W5 b5 hold a "
            + "LeNet-5.");
        weights.Required = true;
        Option<string?> data = Options.Path("--data", "DIR",
            "A folder with the IDX files to test on; the training pair too if the weights come without mean and std. "
            + "Default: the embedded digits.");
        Option<string?> predictions = Options.Path("--predictions", "FILE", "Write the recognised classes, one a line.");
        Option<bool> json = Options.Json();
        Command command =
            new("evaluate", "Tests weights saved by train, or by NumPy, on test images.") { weights, data, predictions, json };
        command.SetAction(parsed =>
        {
            Run(parsed.GetValue(weights)!, parsed.GetValue(data), parsed.GetValue(predictions), parsed.GetValue(json));
            return 0;
        });
        return command;
    }

    private static void Run(string weights, string? folder, string? predictionsPath, bool asJson)
    {
        OutputFile.RequireWritable([new("--predictions", predictionsPath)],
            [new("--weights", weights), .. DigitFiles.FilesOf(folder).Select(path => new NamedFile("--data", path))]);
        SimdTier tier = Tiers.Resolve(null);
        RawDigits testFiles = DigitFiles.ReadTest(folder);
        (NetworkPlan plan, float[] parameters, Standardisation? saved) = WeightFile.Load(weights, testFiles.Size);
        testFiles.RequireClasses(plan.Classes);
        Standardisation standardisation =
            saved ?? DigitFiles.ReadTrain(folder).Measure(folder ?? "the embedded digits", plan.Images);
        DigitSet test = testFiles.Standardise(standardisation, plan.Images);

        SimdEngine<float> engine = new(new Execution(Environment.ProcessorCount, null, tier), useWinograd: true);
        Network<float> net = new(plan, engine, Math.Min(Batch, test.Count));
        parameters.CopyTo(net.EditParameters());
        byte[] predictions = new byte[test.Count];
        Score score = Evaluation.Of(net, test, predictions);

        if (predictionsPath is not null)
            OutputFile.Write(predictionsPath,
                file => file.Write(Encoding.ASCII.GetBytes(string.Concat(predictions.Select(digit => $"{digit}\n")))));
        Console.Out.WriteLine(
            $"test accuracy {Screen.Percent(score.Accuracy)} of {test.Count} images, loss {Screen.Number(score.Loss, "0.0000")}");
        if (asJson)
        {
            JsonLine.Print(json =>
            {
                json.WriteNumber("accuracy", score.Accuracy);
                json.WriteNumber("images", test.Count);
                json.WriteString("net", plan.Text);
            });
        }
    }
}
