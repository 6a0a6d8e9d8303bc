using System.Diagnostics;
using System.Globalization;
using SimdConv.Perf.Compare;
using SimdConv.Perf.Peers;
using SimdConv.Samples.OnnxNetwork;

namespace SimdConv.Perf.Suites;

/// <summary>
/// The process that <see cref="FirstResults"/> starts: loads a network in one engine and runs it. It prints milliseconds from its
/// start to its first result, the times of the second and the tenth inference beside the steady one, and its most memory.
/// </summary>
internal static class FirstResultCommand
{
    private const double SteadySeconds = 2;

    /// <param name="arguments">The engine, the file, the threads and the algorithm.</param>
    public static int Run(ReadOnlySpan<string> arguments)
    {
        (string engine, string path, string algorithm) = (arguments[0], arguments[1], arguments[3]);
        int threads = int.Parse(arguments[2], CultureInfo.InvariantCulture);
        Action call = engine == PeerSet.SimdConv
            ? Ours(path, threads, algorithm == "winograd" ? ConvAlgorithm.Winograd : ConvAlgorithm.Direct)
            : Theirs(path, threads);
        call();
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
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{first} {times[0] / steady} {times[Math.Min(8, times.Count - 1)] / steady} "
            + $"{Process.GetCurrentProcess().PeakWorkingSet64}"));
        return 0;
    }

    private static Action Ours(string path, int threads, ConvAlgorithm algorithm)
    {
        Network network = Network.Load(path, new() { Algorithm = algorithm });
        NetworkRun run = network.NewRun(1, new(threads));
        float[] x = new float[network.Channels * network.Height * network.Width], y = new float[network.Results];
        return () => run.Run(1, x, y);
    }

    private static Action Theirs(string path, int threads) => OnnxRuntime.Inference(path, threads);
}
