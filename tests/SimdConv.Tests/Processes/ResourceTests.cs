using SimdConv.Tests.Support;

namespace SimdConv.Tests.Processes;

/// <summary>Threads and memory that can't be had, or are no longer used.</summary>
public sealed class ResourceTests
{
    /// <summary>
    /// A call goes on with the workers it has; none is lost to a thread that can't be made, an exception or an interrupt.
    /// </summary>
    [SkippableFact]
    public void AThreadThatCannotBeMadeCostsNoCallAndNoWorker()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "the limit of a process's address space is Linux's");
        ChildProcess.MustSucceed(["workers"]);
    }

    /// <summary>40 threads, one after the other, keep what one keeps; 300 of them kept 6.4 GB.</summary>
    [Fact]
    public void ScratchOfThreadsThatHaveEndedIsGivenBack() => ChildProcess.MustSucceed(["scratch"], (Effort.PoisonVariable, "0"));
}
