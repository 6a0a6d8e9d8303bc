using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using SimdConv.Cli.Distributed;
using SimdConv.Cli.Networks;
using SimdConv.Cli.Training;
using Spectre.Console;

namespace SimdConv.Cli.Commands;

/// <summary>What <c>simdconv train</c> prints at the end.</summary>
internal static class TrainReport
{
    public static void PrintTable(
        TrainSettings settings, Network<float> net, List<Epoch> epochs, int images, int testImages, Score test,
        IExchange exchange)
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
            + $"batch {settings.Batch}, seed {settings.Seed}, shards {settings.Shards}"
            + (settings.IsDistributed ? $", ranks {exchange.Ranks}{(exchange.Ranks > 1 ? $" ({exchange.Engine})" : "")}" : ""));
        Console.Out.WriteLine($"{net.Plan.ParameterCount} parameters: {net.Plan.Text}");
        foreach ((string layer, string algorithm) in net.Algorithms)
            Console.Out.WriteLine($"{layer}: {algorithm}");
        Console.Out.WriteLine($"SHA-256 of the weights: {Hash(net.Parameters)}");
    }

    public static void WriteJson(
        Utf8JsonWriter json, TrainSettings settings, Network<float> net, List<Epoch> epochs, int images, Score test,
        IExchange exchange)
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
        json.WriteNumber("shards", settings.Shards);
        json.WriteNumber("ranks", exchange.Ranks);
        json.WriteString("weights_sha256", Hash(net.Parameters));
    }

    /// <summary>The hash of the parameters' bytes: equal hashes are equal weights.</summary>
    private static string Hash(ReadOnlySpan<float> parameters) =>
        Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes(parameters)));
}
