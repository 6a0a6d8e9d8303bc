using System.Diagnostics;
using System.Globalization;
using SimdConv.Tests.Native;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Processes;

public sealed class CallersTests
{
    /// <summary>
    /// 64 callers, 2,000 calls each in the short run and 1,000,000 in the long one; the process ends itself if one hangs for a
    /// minute.
    /// </summary>
    [Theory]
    [InlineData("0")]
    [InlineData("1")]
    public void ManyCallersBesideACompactingCollector(string poisonWorkspace)
    {
        // The long run once, as hosts have it; the other one finds what reads scratch memory of another caller.
        int calls = poisonWorkspace == "0" ? Effort.Count(2_000, 1_000_000) : 2_000;
        ChildProcess.MustSucceed(["callers", calls.ToString(CultureInfo.InvariantCulture)],
            (Effort.PoisonVariable, poisonWorkspace));
    }

    /// <summary>
    /// A process that is bound to one core: callers and workers take turns there, and nothing waits for a core that it may not
    /// use.
    /// </summary>
    [SkippableFact]
    public void ManyCallersOnOneCore()
    {
        Skip.IfNot(OperatingSystem.IsLinux() && InstalledLibrary.IsInstalled("taskset"), "taskset binds a process to a core");
        string allowed = File.ReadLines("/proc/self/status")
            .First(line => line.StartsWith("Cpus_allowed_list:", StringComparison.Ordinal)).Split('\t')[1];
        (int exitCode, string output) = ChildProcess.Run(new ProcessStartInfo("taskset",
            ["-c", allowed.Split(',', '-')[0], ChildProcess.Host, typeof(CallersTests).Assembly.Location, "callers", "300"]));
        Assert.True(exitCode == 0, ChildProcess.Tail(output));
    }
}
