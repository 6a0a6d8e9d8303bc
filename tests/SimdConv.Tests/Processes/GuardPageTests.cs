using SimdConv.Tests.Support;

namespace SimdConv.Tests.Processes;

public sealed class GuardPageTests
{
    /// <summary>No byte before a buffer, behind it, or of an input is touched that shouldn't be.</summary>
    [SkippableFact]
    public void NothingBesideTheBuffersIsTouched()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "the guard pages are written for Linux");

        // Few calls of much code: counting them for the second compilation took a quarter of the time.
        ChildProcess.MustSucceed(["guards"], ("DOTNET_TieredPGO", "0"));
    }

    /// <summary>The same on each path of convolutions and products.</summary>
    [SkippableFact]
    public void NothingBesideTheBuffersIsTouchedOnAnyPath()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "the guard pages are written for Linux");
        ChildProcess.MustSucceed(["guarded-paths"]);
    }

    /// <summary>Scratch memory is guarded too: one element behind a piece of it ends the process.</summary>
    [SkippableFact]
    public void AnOverrunOfScratchEndsTheProcess()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "the guard pages are written for Linux");
        (int exitCode, string output) = ChildProcess.Run(["scratch-overrun"]);
        Assert.Contains("before: 3", output, StringComparison.Ordinal);
        Assert.DoesNotContain("survived", output, StringComparison.Ordinal);
        Assert.True(exitCode is not (0 or 1 or 2), $"exit code {exitCode}");
    }

    /// <summary>The guard itself works: one element too far ends the process.</summary>
    [SkippableFact]
    public void AnOverrunEndsTheProcess()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "the guard pages are written for Linux");
        (int exitCode, string output) = ChildProcess.Run(["overrun"]);
        Assert.Contains("before: 3", output, StringComparison.Ordinal);
        Assert.DoesNotContain("survived", output, StringComparison.Ordinal);
        Assert.True(exitCode is not (0 or 1 or 2), $"exit code {exitCode}");
    }
}
