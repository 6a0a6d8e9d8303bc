using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Cli;

/// <summary>The tool as its users run it: a process, its exit code, the last line of standard output.</summary>
public sealed class CommandTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("simdconv-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void EvaluateAgreesWithTrain()
    {
        string weights = Path.Combine(folder, "W.npz"), predictions = Path.Combine(folder, "predictions.txt");
        JsonElement trained = Json("train", "--epochs", "1", "--limit", "2000", "--threads", "2", "--save", weights, "--json");
        Assert.Equal(1, trained.GetProperty("epoch_seconds").GetArrayLength());
        Assert.Equal(2000, trained.GetProperty("images").GetInt32());
        Assert.Equal("simd", trained.GetProperty("engine").GetString());
        Assert.Equal(SimdSupport.Best.ToString().ToLowerInvariant(), trained.GetProperty("tier").GetString());
        Assert.Equal(2, trained.GetProperty("threads").GetInt32());
        foreach (string name in (string[])["train_loss", "validation_loss", "train_accuracy", "validation_accuracy", "seed"])
            Assert.True(trained.GetProperty(name).GetDouble() >= 0, name);
        double accuracy = trained.GetProperty("test_accuracy").GetDouble();
        Assert.InRange(accuracy, 0.6, 1);

        JsonElement evaluated = Json("evaluate", "--weights", weights, "--predictions", predictions, "--json");
        Assert.Equal(accuracy, evaluated.GetProperty("accuracy").GetDouble());
        Assert.Equal(1000, evaluated.GetProperty("images").GetInt32());
        string[] lines = File.ReadAllLines(predictions);
        Assert.Equal(1000, lines.Length);
        Assert.All(lines, line => Assert.InRange(int.Parse(line, CultureInfo.InvariantCulture), 0, 9));
    }

    [Fact]
    public void ThreadsAndSeedDecideNothingButTheirOwn()
    {
        string[] files = [.. Enumerable.Range(0, 3).Select(i => Path.Combine(folder, $"{i}.npz"))];
        Json("train", "--epochs", "1", "--limit", "300", "--threads", "1", "--save", files[0], "--json");
        Json("train", "--epochs", "1", "--limit", "300", "--threads", "3", "--save", files[1], "--json");
        Json("train", "--epochs", "1", "--limit", "300", "--threads", "3", "--seed", "2", "--save", files[2], "--json");
        Assert.Equal(File.ReadAllBytes(files[0]), File.ReadAllBytes(files[1]));
        Assert.NotEqual(File.ReadAllBytes(files[0]), File.ReadAllBytes(files[2]));
    }

    [Theory]
    [InlineData("naive")]
    [InlineData("im2col")]
    public void EveryEngineLearnsTheSame(string engine)
    {
        JsonElement simd = Json(
            "train", "--epochs", "1", "--limit", "60", "--batch", "20", "--json", "--engine", "simd", "--data", SmallDigits());
        JsonElement other =
            Json("train", "--epochs", "1", "--limit", "60", "--batch", "20", "--json", "--engine", engine, "--data", folder);
        Assert.Equal(simd.GetProperty("train_loss").GetDouble(), other.GetProperty("train_loss").GetDouble(), 1e-4);
        Assert.Equal(engine, other.GetProperty("engine").GetString());
    }

    /// <summary>
    /// Images of any size and with channels, a network of every kind of layer, from the line and from a file: every engine, tier
    /// and algorithm learns the same of them, and evaluate reads the network from the weights.
    /// </summary>
    [Theory]
    [InlineData(14, 14, 0, "conv 6 3x3 pad 1; relu; max 2; conv 8 5x5; tanh; dense 10")]
    [InlineData(40, 24, 0, "resize 20x12; conv 6 5x3 stride 2x1; relu; avg 3 stride 2 pad 1; dense 16; relu; dense 10")]
    [InlineData(8, 9, 3, "conv 6 3x3 pad 1 groups 3; relu; conv 4 3x3 dilation 2; max 2; dense 10")]
    public void AnyNetworkLearnsFromAnyImages(int height, int width, int channels, string net)
    {
        string data = SmallDigits(height, width, channels), weights = Path.Combine(folder, "W.npz");
        string file = Path.Combine(folder, "net.txt");
        File.WriteAllText(file, "# as lines\n" + net.Replace(";", "\n", StringComparison.Ordinal));
        string[] common = ["train", "--data", data, "--limit", "60", "--batch", "20", "--json"];
        JsonElement first = Json([.. common, "--net", net, "--save", weights, "--plot", Path.Combine(folder, "plot.png")]);
        Assert.Equal(net, first.GetProperty("net").GetString());
        Assert.True(first.GetProperty("layers").TryGetProperty("conv1", out _));
        foreach (string[] others in (string[][])[["--engine", "naive"], ["--engine", "im2col"], ["--algorithm", "direct"],
            ["--tier", "scalar", "--threads", "1"]])
        {
            JsonElement other = Json([.. common, "--net", file, .. others]);
            Assert.Equal(net, other.GetProperty("net").GetString());
            Assert.Equal(first.GetProperty("train_loss").GetDouble(), other.GetProperty("train_loss").GetDouble(), 1e-3);
            if (others[0] != "--tier")
                Assert.Equal("direct", other.GetProperty("algorithm").GetString());
        }

        JsonElement evaluated = Json("evaluate", "--data", data, "--weights", weights, "--json");
        Assert.Equal(net, evaluated.GetProperty("net").GetString());
        Assert.Equal(first.GetProperty("test_accuracy").GetDouble(), evaluated.GetProperty("accuracy").GetDouble());
        if (!net.StartsWith("resize", StringComparison.Ordinal))
        {
            (int exitCode, string output) = Run("evaluate", "--weights", weights);
            Assert.Equal(2, exitCode);
            Assert.Contains(channels == 0 ? "these are 1 x 28 x 28" : "3 groups don't divide 1 channels", output,
                StringComparison.Ordinal);
        }
    }

    [Fact]
    public void WrongNetworksAndLabelsAreNamed()
    {
        string data = SmallDigits();
        foreach ((string[] arguments, string message) in ((string[], string)[])[
            (["--net", "conv 4 3x3; swish; dense 10"], "--net: layer 2, 'swish' (column 13): 'swish' is no layer"),
            (["--net", "no/such/file.txt"], "'no/such/file.txt' is no layer"),
            (["--net", "dense 3"], "train-labels-idx1-ubyte: label 0 is"),
            (["--engine", "naive", "--algorithm", "winograd"], "--algorithm is winograd")])
        {
            (int exitCode, string output) = Run(["train", "--data", data, .. arguments]);
            Assert.Equal(2, exitCode);
            Assert.Contains(
                message, Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("unknown option", "train", "--colour", "red")]
    [InlineData("unknown command", "fly")]
    [InlineData("no command")]
    [InlineData("a number that is none", "train", "--epochs", "many")]
    [InlineData("no epochs", "train", "--epochs", "0")]
    [InlineData("no batch", "train", "--batch", "-5")]
    [InlineData("a tier that is none", "train", "--tier", "sse9")]
    [InlineData("an engine that is none", "train", "--engine", "steam")]
    [InlineData("an algorithm that is none", "train", "--algorithm", "magic")]
    [InlineData("a network that is none", "train", "--net", "")]
    [InlineData("no such folder", "train", "--data", "no/such/folder")]
    [InlineData("weights missing", "evaluate")]
    [InlineData("no such weights", "evaluate", "--weights", "no-such-file.npz")]
    [InlineData("a value missing", "train", "--epochs")]
    [InlineData("a folder that can't be written", "train", "--epochs", "1", "--save", "no/such/folder/W.npz")]
    public void BadInputIsOneLineAndExitCode2(string what, params string[] arguments)
    {
        (int exitCode, string output) = Run(arguments);
        Assert.True(exitCode == 2, $"{what}: exit code {exitCode}\n{output}");
        string line = Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("simdconv: ", line, StringComparison.Ordinal);
    }

    [Fact]
    public void DataThatDisagreesIsNamed()
    {
        string data = SmallDigits(), images = Path.Combine(data, "train-images-idx3-ubyte"),
            labels = Path.Combine(data, "train-labels-idx1-ubyte");
        byte[] goodImages = File.ReadAllBytes(images), goodLabels = File.ReadAllBytes(labels);

        File.WriteAllBytes(images, goodImages[..^1]);
        Refused("train-images-idx3-ubyte: it holds", data);
        File.WriteAllBytes(images, [.. goodImages[..7], 5, .. goodImages[8..]]);
        Refused("labels; expected as many of both", data);
        File.WriteAllBytes(images, goodImages);

        File.WriteAllBytes(labels, [.. goodLabels[..8], 10, .. goodLabels[9..]]);
        Refused("label 0 is 10; expected 0 to 9", data);
        File.WriteAllBytes(labels, [1, .. goodLabels[1..]]);
        Refused("magic number is 0x01000801", data);
        File.Delete(labels);
        Refused("holds no train-labels-idx1-ubyte", data);

        void Refused(string message, string data)
        {
            (int exitCode, string output) = Run("train", "--data", data);
            Assert.Equal(2, exitCode);
            Assert.Contains(
                message, Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void VerifyChecksShapesAndRejectsImpossibleOnes()
    {
        JsonElement result =
            Json("verify", "--tier", "all", "--json", "n=2,c=3,h=9,w=8,k=4,r=3,s=2,stride=2x1,pad=1x0x2x1,dilation=1x2,groups=1",
            "n=1,c=4,h=5,w=5,k=8,r=3,s=3,groups=4", "n=1,c=3,h=5,w=5,k=8,r=3,s=3,groups=2");
        Assert.Equal((3, 2, 0, 1), (Number("shapes"), Number("passed"), Number("failed"), Number("rejected")));
        Assert.True(Number("checks") >= 2 * 2 * 5);
        Assert.InRange(result.GetProperty("worst").GetDouble(), 0, 1);
        Assert.Equal("n=1,c=3,h=5,w=5,k=8,r=3,s=3,groups=2",
            result.GetProperty("rejections")[0].GetProperty("shape").GetString());
        Assert.Contains("roups", result.GetProperty("rejections")[0].GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Equal(0, result.GetProperty("failures").GetArrayLength());

        int Number(string name) => result.GetProperty(name).GetInt32();
    }

    [Fact]
    public void InfoTellsTheActiveTier()
    {
        (int exitCode, string output) = Run("info", "--json");
        Assert.Equal(0, exitCode);
        string last = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Last(line => line.StartsWith('{'));
        Assert.Contains(SimdSupport.Best.ToString().ToLowerInvariant(), last, StringComparison.Ordinal);
    }

    /// <summary>
    /// Ctrl-C during training: an end within seconds, one line, an exit code of its own, and no file, not even a part of one.
    /// </summary>
    [SkippableTheory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public void TrainingCanBeInterrupted(string signal)
    {
        Skip.If(OperatingSystem.IsWindows(), "signals are sent by the shell of Unix");
        Skip.If(signal == "INT" && IgnoresInterrupts(), "SIGINT is ignored here, and so by every child process");
        ProcessStartInfo start = new(ChildProcess.Host, [typeof(SimdConv.Cli.InputException).Assembly.Location,
            "train", "--epochs", "100000", "--limit", "500", "--save", Path.Combine(folder, "W.npz"), "--plot",
            Path.Combine(folder, "plot.png"), "--json"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Assert.StartsWith("epoch 1/", process.StandardError.ReadLine(), StringComparison.Ordinal);
        using (Process kill = Process.Start("sh", ["-c", $"kill -{signal} {process.Id}"]))
            kill.WaitForExit();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        bool hasEnded = process.WaitForExit(TimeSpan.FromMinutes(1));
        if (!hasEnded)
            process.Kill();
        Assert.True(hasEnded, "still running");
        Assert.Equal((130, "simdconv: interrupted; nothing was written."),
            (process.ExitCode, errors.Result.Trim().Split('\n')[^1]));
        Assert.Empty(process.StandardOutput.ReadToEnd());
        Assert.Empty(Directory.GetFileSystemEntries(folder));
    }

    /// <summary>As a shell without job control has it for what it runs in the background.</summary>
    private static bool IgnoresInterrupts()
    {
        const string Status = "/proc/self/status", Key = "SigIgn:";
        return File.Exists(Status)
            && (Convert.ToUInt64(File.ReadLines(Status)
                .First(line => line.StartsWith(Key, StringComparison.Ordinal))[Key.Length..].Trim(), 16) & 2) != 0;
    }

    private static (int ExitCode, string Output) Run(params string[] arguments) =>
        ChildProcess.RunAssembly(typeof(SimdConv.Cli.InputException).Assembly.Location, arguments);

    /// <summary>Runs a command that must succeed; returns the object on the last line of standard output.</summary>
    private static JsonElement Json(params string[] arguments)
    {
        (int exitCode, string output) = Run(arguments);
        Assert.True(exitCode == 0, $"exit code {exitCode}\n{ChildProcess.Tail(output)}");
        string last = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Last(line => line.StartsWith('{'));
        using JsonDocument document = JsonDocument.Parse(last);
        return document.RootElement.Clone();
    }

    /// <summary>Four IDX files, 90 training and 20 test images, in this test's folder.</summary>
    private string SmallDigits(int height = 28, int width = 28, int channels = 0)
    {
        Write("train", 90);
        Write("t10k", 20);
        return folder;

        void Write(string prefix, int count)
        {
            int[] head = channels > 0 ? [0x804, count, channels, height, width] : [0x803, count, height, width];
            byte[] images = new byte[(4 * head.Length) + (count * Math.Max(1, channels) * height * width)],
                labels = new byte[8 + count];
            for (int i = 0; i < images.Length; i++)
                images[i] = (byte)Data.Mix(count, i);
            for (int i = 0; i < labels.Length; i++)
                labels[i] = (byte)(Data.Mix(-count, i) % 10);
            for (int i = 0; i < head.Length; i++)
                BinaryPrimitives.WriteInt32BigEndian(images.AsSpan(4 * i), head[i]);
            BinaryPrimitives.WriteInt32BigEndian(labels, 0x801);
            BinaryPrimitives.WriteInt32BigEndian(labels.AsSpan(4), count);
            File.WriteAllBytes(Path.Combine(folder, $"{prefix}-images-idx{head.Length - 1}-ubyte"), images);
            File.WriteAllBytes(Path.Combine(folder, $"{prefix}-labels-idx1-ubyte"), labels);
        }
    }
}
