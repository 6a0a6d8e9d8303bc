using System.Diagnostics;
using SimdConv.Perf.Compare;

namespace SimdConv.Perf.Suites;

/// <summary>
/// What a fresh process of each engine takes: to its first result, for the inferences behind it, and of memory. Processes run in
/// turn; each figure is the median.
/// </summary>
internal static class FirstResults
{
    private const int Processes = 3;

    public static IEnumerable<string> Remarks(string path, CompareOptions options)
    {
        string algorithm = options.Algorithm ?? "direct";
        string[] engines = options.Peers.Contains(PeerSet.OnnxRuntime)
            ? [PeerSet.SimdConv, PeerSet.OnnxRuntime] : [PeerSet.SimdConv];
        List<double[]>[] figures = [.. engines.Select(_ => new List<double[]>())];
        for (int i = 0; i < Processes; i++)
        {
            foreach ((int j, string engine) in engines.Index())
                figures[j].Add(Start(engine, path, options.Threads, algorithm));
        }

        foreach ((int j, string engine) in engines.Index())
        {
            double[] m = [.. Enumerable.Range(0, figures[j][0].Length).Select(k =>
                Statistics.Quantile([.. figures[j].Select(one => one[k])], 0.5))];
            yield return FormattableString.Invariant(
                $"a process of {engine} alone: first result after {m[0]:F0} ms, 2nd inference {m[1]:F2} and 10th {m[2]:F2} ")
                + FormattableString.Invariant($"times the steady one, {m[3] / (1 << 20):F0} MiB at most");
        }
    }

    private static double[] Start(string engine, string path, int threads, string algorithm)
    {
        ProcessStartInfo info = TierProcess.ThisProgram(["first-result", engine, path,
            threads.ToString(System.Globalization.CultureInfo.InvariantCulture), algorithm]);
        info.RedirectStandardOutput = true;
        using Process process = Process.Start(info)!;
        string printed = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? [.. printed.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(word =>
                double.Parse(word, System.Globalization.CultureInfo.InvariantCulture))]
            : throw new IOException($"the process for the first result of {engine} ended with {process.ExitCode}.");
    }
}
