using System.Diagnostics;
using System.Globalization;
using SimdConv.Perf.Compare;
using SimdConv.Perf.Peers;
using SimdConv.Samples.OnnxNetwork;

namespace SimdConv.Perf.Suites;

/// <summary>
/// The process that <see cref="FirstResults"/> starts: loads a network in one engine and runs it. It prints milliseconds from its
/// start, and from the beginning of loading, to its first result; the times of the second and the tenth inference beside the
/// steady one; its most memory; and the bytes of the file that it has mapped, all of them and its share.
/// </summary>
internal static class FirstResultCommand
{
    private const double SteadySeconds = 2;

    /// <param name="arguments">The engine, the file, the threads and the algorithm.</param>
    public static int Run(ReadOnlySpan<string> arguments)
    {
        (string engine, string path, string algorithm) = (arguments[0], arguments[1], arguments[3]);
        int threads = int.Parse(arguments[2], CultureInfo.InvariantCulture);
        long begun = Stopwatch.GetTimestamp();
        Action call = engine == PeerSet.OnnxRuntime ? Theirs(path, threads)
            : Ours(path, threads, algorithm == "winograd" ? ConvAlgorithm.Winograd : ConvAlgorithm.Direct);
        call();
        double loaded = Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
        double first = (DateTime.Now - Process.GetCurrentProcess().StartTime).TotalMilliseconds;
        List<double> times = [];
        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start).TotalSeconds < SteadySeconds;)
        {
            long begin = Stopwatch.GetTimestamp();
            call();
            times.Add(Stopwatch.GetElapsedTime(begin).TotalSeconds);
        }

        double[] last = [.. times.Skip(times.Count / 2).Order()];
        double steady = last[last.Length / 2];
        (long resident, long share) = Mapped(path);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{first} {loaded} {times[0] / steady} {times[Math.Min(8, times.Count - 1)] / steady} "
            + $"{Process.GetCurrentProcess().PeakWorkingSet64} {resident} {share}"));
        return 0;
    }

    /// <summary>The bytes of a mapped file that are in memory, and this process's share of them; 0 where the system doesn't
    /// tell.</summary>
    private static (long Resident, long Share) Mapped(string path)
    {
        long resident = 0, share = 0;
        bool isMapping = false;
        foreach (string line in OperatingSystem.IsLinux() ? File.ReadLines("/proc/self/smaps") : [])
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (!words[0].EndsWith(':'))
                isMapping = line.EndsWith(path, StringComparison.Ordinal);
            else if (isMapping && words[0] == "Rss:")
                resident += long.Parse(words[1], CultureInfo.InvariantCulture) << 10;
            else if (isMapping && words[0] == "Pss:")
                share += long.Parse(words[1], CultureInfo.InvariantCulture) << 10;
        }

        return (resident, share);
    }

    private static Action Ours(string path, int threads, ConvAlgorithm algorithm)
    {
        Network network = Network.Load(path, new() { Algorithm = algorithm, Verifies = false });
        NetworkRun run = network.NewRun(1, new(threads));
        float[] x = new float[network.Channels * network.Height * network.Width], y = new float[network.Results];
        return () => run.Run(1, x, y);
    }

    private static Action Theirs(string path, int threads) => OnnxRuntime.Inference(path, threads);
}
