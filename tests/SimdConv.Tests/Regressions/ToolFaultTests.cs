using System.Buffers.Binary;
using System.Diagnostics;
using System.IO.Compression;
using SimdConv.Cli;
using SimdConv.Cli.Data;
using SimdConv.Cli.Networks;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Regressions;

/// <summary>
/// What the command line tool once did wrong with files and with numbers that are none, each as its user met it.
/// </summary>
public sealed class ToolFaultTests : IDisposable
{
    private const int Train = 24, Test = 7;

    private static readonly ImageSize Digits = new(1, 28, 28);

    private static readonly NetworkPlan LeNet = NetworkParser.Parse("test", NetworkPlan.LeNet5, Digits);

    private readonly string folder = Directory.CreateTempSubdirectory("simdconv-").FullName;

    public ToolFaultTests()
    {
        foreach ((string prefix, int count) in ((string, int)[])[("train", Train), ("t10k", Test)])
        {
            File.WriteAllBytes(At($"{prefix}-images-idx3-ubyte"), Images(count));
            File.WriteAllBytes(At($"{prefix}-labels-idx1-ubyte"), Labels(count));
        }
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    /// <summary>--save replaced a link by a file of mode 644; --plot replaced a pipe.</summary>
    [SkippableFact]
    public void SaveGoesThroughALinkAndPlotIntoAPipe()
    {
        RequireUnix();
        const UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        File.WriteAllText(At("weights"), "old");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(At("weights"), mode);
        File.CreateSymbolicLink(At("link"), "weights");
        MakePipe(At("pipe"));
        Task<byte[]> plot = Task.Run(() => File.ReadAllBytes(At("pipe")));
        Succeed("train", "--data", folder, "--save", At("link"), "--plot", At("pipe"));
        Assert.Equal("weights", new FileInfo(At("link")).LinkTarget);
        Assert.Equal(mode, OperatingSystem.IsWindows() ? mode : File.GetUnixFileMode(At("weights")));
        Assert.Equal(LeNet.ParameterCount, WeightFile.Load(At("weights"), Digits).Parameters.Length);
        Assert.True(plot.Wait(TimeSpan.FromSeconds(30)));
        Assert.Equal("PNG"u8, plot.Result.AsSpan(1, 3));
        Assert.Equal(PlaceKind.Pipe, FilePlace.Of(At("pipe")).Kind);
    }

    /// <summary>
    /// --predictions /dev/stdout replaced the link /dev/stdout; where output goes to a file, what was printed later overwrote
    /// it.
    /// </summary>
    [SkippableTheory]
    [InlineData("/dev/stdout | cat > out")]
    [InlineData("/dev/stdout > out")]
    [InlineData("/dev/stderr 2> out")]
    public void PredictionsGoToStandardOutput(string redirection)
    {
        RequireUnix();
        WeightFile.Save(At("W.npz"), LeNet, Weights(0.1f), new Standardisation(0.5f, 0.3f));
        string tool = $"'{ChildProcess.Host}' '{typeof(InputException).Assembly.Location}'";
        string command = $"{tool} evaluate --weights W.npz --data . --predictions {redirection}";
        ProcessStartInfo start = new("sh", ["-c", command]) { WorkingDirectory = folder };
        (int exitCode, string output) = ChildProcess.Run(start);
        Assert.True(exitCode == 0, output);
        string[] lines = File.ReadAllLines(At("out"));
        Assert.All(lines[..Test], line =>
            Assert.InRange(int.Parse(line, System.Globalization.CultureInfo.InvariantCulture), 0, 9));
        if (!redirection.StartsWith("/dev/stderr", StringComparison.Ordinal))
            Assert.StartsWith("test accuracy ", Assert.Single(lines[Test..]), StringComparison.Ordinal);
        Assert.True(File.Exists("/dev/stdout") && FilePlace.Of("/dev/null").Kind == PlaceKind.Device);
    }

    /// <summary>Both were accepted, and the plot took the place of the weights.</summary>
    [Fact]
    public void TwoOutputsOfOneNameAreRefused()
    {
        string error = Fail("train", "--data", folder, "--save", At("x"), "--plot", At("sub/../x"));
        Assert.Contains("--save", error, StringComparison.Ordinal);
        Assert.Contains("--plot", error, StringComparison.Ordinal);
        Assert.False(File.Exists(At("x")));
    }

    /// <summary>The images were overwritten by the weights that they had trained.</summary>
    [Fact]
    public void AnOutputOverAnInputIsRefused()
    {
        string error = Fail("train", "--data", folder, "--save", At("train-images-idx3-ubyte"));
        Assert.Contains("--save", error, StringComparison.Ordinal);
        Assert.Contains("--data", error, StringComparison.Ordinal);
        Assert.Equal(Images(Train), File.ReadAllBytes(At("train-images-idx3-ubyte")));
    }

    /// <summary>
    /// As from cat a.gz b.gz, with members of any sizes, where blocks end (bgzip: an empty member at the end), and padded with
    /// zeros.
    /// </summary>
    [Theory]
    [InlineData("two members")]
    [InlineData("an empty member")]
    [InlineData("many members")]
    [InlineData("zeros behind")]
    public void GzipOfManyMembersIsRead(string kind)
    {
        byte[] images = Images(Train);
        byte[] file = kind switch
        {
            "two members" => [.. Zip(images[..1000]), .. Zip(images[1000..])],
            "an empty member" => [.. Zip(images), 0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255, 6, 0, 66, 67, 2, 0, 27, 0, 3, 0, 0, 0, 0,
                0, 0, 0, 0, 0],
            "many members" => [.. images.Chunk(97).SelectMany(Zip)],
            _ => [.. Zip(images), .. new byte[12345]],
        };
        Assert.Equal(images.AsSpan(16), IdxFile.ReadImages(new MemoryStream(file), kind).Values.AsSpan());
    }

    [Fact]
    public void GarbageBehindAGzipMemberIsRefused() =>
        Assert.Contains("damaged or truncated gzip data (behind its last gzip member",
            Assert.Throws<InputException>(() => IdxFile.ReadImages(new MemoryStream([.. Zip(Images(2)), 1]), "x")).Message,
                StringComparison.Ordinal);

    /// <summary>A pipe as data file, zipped or not, ended with exit code 3.</summary>
    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void DataAreReadFromAPipe(bool isZipped)
    {
        RequireUnix();
        File.Delete(At("train-images-idx3-ubyte"));
        MakePipe(At("train-images-idx3-ubyte"));
        Task writer = Task.Run(() =>
            File.WriteAllBytes(At("train-images-idx3-ubyte"), isZipped ? Zip(Images(Train)) : Images(Train)));
        Succeed("train", "--data", folder);
        Assert.True(writer.Wait(TimeSpan.FromSeconds(30)));
    }

    /// <summary>So did weights from a pipe; shapes were read from one, however many.</summary>
    [SkippableFact]
    public void WeightsAndShapesAreReadFromAPipe()
    {
        RequireUnix();
        WeightFile.Save(At("W.npz"), LeNet, Weights(0.1f), new Standardisation(0.5f, 0.3f));
        MakePipe(At("pipe"));
        Task writer = Task.Run(() => File.WriteAllBytes(At("pipe"), File.ReadAllBytes(At("W.npz"))));
        Succeed("evaluate", "--data", folder, "--weights", At("pipe"));
        Assert.True(writer.Wait(TimeSpan.FromSeconds(30)));
        Assert.Contains("more than 16777216 bytes", Fail("verify", "--shapes", "/dev/zero"), StringComparison.Ordinal);
    }

    /// <summary>NaN logits were taken for the class 0: "9.80 %", exit code 0.</summary>
    [Theory]
    [InlineData(1e38f)]
    [InlineData(3e38f)]
    public void WeightsThatOverflowAreRefused(float size)
    {
        WeightFile.Save(At("W.npz"), LeNet, Weights(size), new Standardisation(0.5f, 0.3f));
        Assert.Contains("the weights are too large: logit ",
            Fail("evaluate", "--weights", At("W.npz"), "--predictions", At("digits")), StringComparison.Ordinal);
        Assert.False(File.Exists(At("digits")));
    }

    /// <summary>A std so small that standardised pixels are infinite saturates every tanh.</summary>
    [Fact]
    public void AStdThatMakesPixelsInfiniteIsRefused()
    {
        WeightFile.Save(At("W.npz"), LeNet, Weights(0.1f), new Standardisation(0.5f, 1e-45f));
        Assert.Contains("'mean' and 'std'", Assert.Throws<InputException>(() => WeightFile.Load(At("W.npz"), Digits)).Message,
            StringComparison.Ordinal);
    }

    private static float[] Weights(float size) =>
        [.. Enumerable.Range(0, LeNet.ParameterCount).Select(i => size * ((Data.Mix(i, 5) % 2001 / 1000f) - 1))];

    private static byte[] Images(int count)
    {
        byte[] images = new byte[16 + (count * 784)];
        for (int i = 0; i < images.Length; i++)
            images[i] = (byte)Data.Mix(count, i);
        foreach ((int i, int value) in ((int[])[0x803, count, 28, 28]).Index())
            BinaryPrimitives.WriteInt32BigEndian(images.AsSpan(4 * i), value);
        return images;
    }

    private static byte[] Labels(int count) =>
        [0, 0, 8, 1, 0, 0, 0, (byte)count, .. Enumerable.Range(0, count).Select(i => (byte)(i % 10))];

    private static byte[] Zip(byte[] content)
    {
        using MemoryStream file = new();
        using (GZipStream zip = new(file, CompressionLevel.Optimal))
            zip.Write(content);
        return file.ToArray();
    }

    private static void RequireUnix() => Skip.If(OperatingSystem.IsWindows(), "links, pipes and modes are Unix's");

    private static void MakePipe(string path) => Process.Start("mkfifo", [path]).WaitForExit();

    private static void Succeed(params string[] arguments)
    {
        (int exitCode, string output) = ChildProcess.RunAssembly(typeof(InputException).Assembly.Location, arguments);
        Assert.True(exitCode == 0, $"exit code {exitCode}\n{output}");
    }

    private static string Fail(params string[] arguments)
    {
        (int exitCode, string output) = ChildProcess.RunAssembly(typeof(InputException).Assembly.Location, arguments);
        Assert.True(exitCode == 2, $"exit code {exitCode}\n{output}");
        return Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private string At(string name) => folder + "/" + name;
}
