using System.Diagnostics;
using System.Runtime.InteropServices;

namespace SimdConv.Perf.Fuzz;

/// <summary>
/// Time that the calling thread has had a processor: what other processes take of it isn't counted, so that calls of one thread
/// can be compared on a machine that isn't idle. The clock on the wall where the system has no such clock.
/// </summary>
internal static partial class ThreadClock
{
    private const int ThreadCpuTime = 3;

    private static readonly bool IsLinux = OperatingSystem.IsLinux();

    public static double Seconds
    {
        get
        {
            if (IsLinux && GetTime(ThreadCpuTime, out TimeSpec time) == 0)
                return time.Seconds + (time.Nanoseconds * 1e-9);
            return Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency;
        }
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int GetTime(int clock, out TimeSpec time);

    private readonly struct TimeSpec
    {
        public readonly long Seconds;
        public readonly long Nanoseconds;
    }
}
