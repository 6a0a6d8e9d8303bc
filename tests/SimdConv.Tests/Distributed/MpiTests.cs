using System.Diagnostics;
using SimdConv.Cli;
using SimdConv.Tests.Architecture;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Distributed;

/// <summary>
/// <c>mpirun simdconv train --distributed</c>, as its users run it. Skipped where there is no Open MPI.
/// </summary>
public sealed class MpiTests : IDisposable
{
    private static readonly string[] Common =
        ["train", "--limit", "320", "--batch", "64", "--shards", "16", "--epochs", "1", "--json"];

    private readonly string folder = Directory.CreateTempSubdirectory("simdconv-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [SkippableFact]
    public void AnyNumberOfRanksGivesTheSameWeights()
    {
        RequireMpi();
        byte[] alone = Weights(0, "--threads", "1");
        Assert.Equal(alone, Weights(0, "--threads", "2"));
        Assert.Equal(alone, Weights(0, "--distributed"));
        foreach (int ranks in Effort.IsLong ? (int[])[1, 2, 3, 4, 7, 16] : [1, 2, 3, 7])
            Assert.Equal(alone, Weights(ranks));
    }

    /// <summary>A rank that is killed ends all, and leaves the last checkpoint whole; any number of ranks goes on from
    /// there.</summary>
    [SkippableFact]
    public void AKilledRankCostsNoMoreThanTheStepsSinceTheCheckpoint()
    {
        RequireMpi();
        string checkpoint = Path.Combine(folder, "checkpoint.npz"), save = Path.Combine(folder, "W.npz");
        string[] arguments = ["train", "--batch", "64", "--shards", "16", "--epochs", "3", "--limit", "640"];
        string[] options = ["--checkpoint", checkpoint, "--every", "3", "--save", save];
        string[] endless = [.. arguments];
        endless[Array.IndexOf(endless, "--epochs") + 1] = "1000000";
        using Process launcher = Start(2, [.. endless, .. options]);
        Task<string> output = launcher.StandardOutput.ReadToEndAsync(), error = launcher.StandardError.ReadToEndAsync();
        Assert.True(SpinWait.SpinUntil(() => File.Exists(checkpoint), TimeSpan.FromMinutes(2)), "there is no checkpoint");
        KillOneRank(launcher.Id);
        Assert.True(launcher.WaitForExit(TimeSpan.FromMinutes(1)), "the other rank goes on");
        Assert.NotEqual(0, launcher.ExitCode);
        Assert.Equal([checkpoint], Directory.GetFiles(folder));

        // What the killed run had come to differs from run to run: a run of fixed length is stopped and resumed instead.
        File.Delete(checkpoint);
        string whole = Path.Combine(folder, "whole.npz");
        Run(1, [.. arguments, "--save", whole]);
        Run(2, [.. arguments[..^3], "2", "--limit", "640", "--checkpoint", checkpoint, "--every", "7"]);
        Run(3, [.. arguments, "--resume", checkpoint, "--checkpoint", checkpoint, "--save", save]);
        Assert.Equal(File.ReadAllBytes(whole), File.ReadAllBytes(save));
        GC.KeepAlive((output, error));
    }

    [SkippableFact]
    public void AFailureIsSaidOnce()
    {
        RequireMpi();
        foreach ((string[] arguments, string message) in ((string[], string)[])
        [
            (["--data", Path.Combine(folder, "nowhere")], "--data is '"),
            (["--shards", "65"], "--shards is 65; expected at most 64"),
            (["--resume", Path.Combine(folder, "none.npz")], "does not exist"),
            (["--save", folder], "--save is '"),
        ])
        {
            using Process launcher = Start(3, [.. Common[..^3].Where(word => word is not "--shards" and not "16"), .. arguments]);
            Task<string> output = launcher.StandardOutput.ReadToEndAsync(), error = launcher.StandardError.ReadToEndAsync();
            Assert.True(launcher.WaitForExit(TimeSpan.FromMinutes(2)));
            Assert.Equal(2, launcher.ExitCode);
            string line = Assert.Single(error.Result.Split('\n'), text => text.Contains("simdconv: ", StringComparison.Ordinal));
            Assert.Contains(message, line, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", error.Result + output.Result, StringComparison.Ordinal);
        }
    }

    [SkippableFact]
    public void IdleRanksAreSaid()
    {
        RequireMpi();
        string output = Run(3, "train", "--limit", "64", "--batch", "32", "--epochs", "1");
        Assert.Contains("1 of 3 ranks train nothing: a batch of 32 images has 2 shards", output, StringComparison.Ordinal);
    }

    /// <summary>Two hosts, which TCP joins: network namespaces, which root alone can make.</summary>
    [SkippableFact]
    public void TwoHostsGiveTheSameWeights()
    {
        RequireMpi();
        Skip.IfNot(Environment.IsPrivilegedProcess && File.Exists("/usr/sbin/ip"), "network namespaces need root and ip");
        byte[] alone = Weights(0);
        string script = Path.Combine(SourceTests.Root(), "tests", "SimdConv.Tests", "Distributed", "two-hosts.sh"),
            file = Path.Combine(folder, "W.npz");
        (int exitCode, string output) = ChildProcess.Run(new ProcessStartInfo(
            "bash", [script, "3", ChildProcess.Host, Tool, .. Common, "--save", file, "--threads", "1", "--distributed"]));
        Skip.If(exitCode == 77, "network namespaces can't be made here");
        Assert.True(exitCode == 0, ChildProcess.Tail(output));
        Assert.Equal(alone, File.ReadAllBytes(file));
    }

    private static void RequireMpi() => Skip.If(Launcher is null, "mpirun of Open MPI is not installed");

    /// <summary>Open MPI's launcher, if there is one.</summary>
    public static string? Launcher { get; } = !OperatingSystem.IsLinux() ? null
        : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(path => Path.Combine(path, "mpirun.openmpi"))
            .Append("/usr/bin/mpirun.openmpi").FirstOrDefault(File.Exists);

    private static string Tool => typeof(InputException).Assembly.Location;

    /// <summary>The saved weights of a run on so many ranks; 0 is the tool without a launcher.</summary>
    private byte[] Weights(int ranks, params string[] options)
    {
        string file = Path.Combine(folder, "W.npz");
        if (ranks > 0)
            Run(ranks, [.. Common, "--save", file, .. options]);
        else
            Assert.Equal(0, ChildProcess.RunAssembly(Tool, [.. Common, "--save", file, .. options]).ExitCode);
        byte[] weights = File.ReadAllBytes(file);
        File.Delete(file);
        return weights;
    }

    private static string Run(int ranks, params string[] arguments)
    {
        (int exitCode, string output) = ChildProcess.Run(StartInfo(ranks, arguments));
        Assert.True(exitCode == 0, ChildProcess.Tail(output));
        return output;
    }

    private static Process Start(int ranks, string[] arguments)
    {
        ProcessStartInfo start = StartInfo(ranks, arguments);
        (start.RedirectStandardOutput, start.RedirectStandardError) = (true, true);
        return Process.Start(start)!;
    }

    /// <summary>The words before a command that so many ranks run. Containers run tests as root, which has to be
    /// allowed.</summary>
    public static string[] Launch(int ranks) => [Launcher!, "--allow-run-as-root", "--oversubscribe", "-n", $"{ranks}"];

    private static ProcessStartInfo StartInfo(int ranks, string[] arguments) =>
        new(Launcher!, [.. Launch(ranks)[1..], ChildProcess.Host, Tool, .. arguments, "--distributed"]);

    /// <summary>Kills one of the processes that the launcher has started.</summary>
    private static void KillOneRank(int launcher)
    {
        int rank = Process.GetProcesses().Select(process => process.Id).First(id => ParentOf(id) == launcher);
        Process.GetProcessById(rank).Kill();
    }

    private static int ParentOf(int process)
    {
        try
        {
            string[] fields = File.ReadAllText($"/proc/{process}/stat").Split(") ")[^1].Split(' ');
            return int.Parse(fields[1], System.Globalization.CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return -1;
        }
    }
}
