using System.Diagnostics;
using SimdConv.Perf.Compare;
using SimdConv.Samples.OnnxNetwork;
using static System.Globalization.CultureInfo;

namespace SimdConv.Perf.Suites;

/// <summary>
/// What a fresh process of each engine takes: to its first result, for the inferences behind it, and of memory. Processes run in
/// turn; each figure is the median.
/// </summary>
internal static class FirstResults
{
    private const int Processes = 3;

    /// <summary>SimdConv with the weights packed ahead, in a mapped file.</summary>
    private const string Packed = "simdconv, packed file mapped,";

    public static IEnumerable<string> Remarks(string path, CompareOptions options)
    {
        string algorithm = options.Algorithm ?? "direct", folder = Directory.CreateTempSubdirectory("simdconv-first").FullName;
        try
        {
            string packed = Path.Combine(folder, "network");
            Network.Pack(path, packed,
                new() { Algorithm = algorithm == "winograd" ? ConvAlgorithm.Winograd : ConvAlgorithm.Direct });
            List<(string Engine, string File)> engines = [(PeerSet.SimdConv, path), (Packed, packed)];
            if (options.Peers.Contains(PeerSet.OnnxRuntime))
                engines.Add((PeerSet.OnnxRuntime, path));
            List<double[]>[] figures = [.. engines.Select(_ => new List<double[]>())];
            for (int i = 0; i < Processes; i++)
            {
                foreach ((int j, (string engine, string file)) in engines.Index())
                    figures[j].Add(Figures(Start(engine, file, options.Threads, algorithm)));
            }

            List<string> remarks = [.. engines.Select((engine, j) => Remark(engine.Engine, figures[j]))];

            // Two at once, which share the pages of the file.
            using Process other = Start(Packed, packed, options.Threads, algorithm);
            double[] one = Figures(Start(Packed, packed, options.Threads, algorithm));
            Figures(other);
            if (one[5] > 0)
            {
                remarks.Add(FormattableString.Invariant($"two processes with the packed file mapped: {one[5] / (1 << 20):F0} ")
                    + FormattableString.Invariant($"MiB of it are in memory, a process's share is {one[6] / (1 << 20):F0} MiB"));
            }

            return remarks;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Remark(string engine, List<double[]> figures)
    {
        double[] m = [.. Enumerable.Range(0, figures[0].Length).Select(k =>
            Statistics.Quantile([.. figures.Select(one => one[k])], 0.5))];
        return FormattableString.Invariant($"a process of {engine} alone: first result after {m[0]:F0} ms, {m[1]:F0} of them ")
            + FormattableString.Invariant($"for loading and the first inference; 2nd inference {m[2]:F2} and 10th {m[3]:F2} ")
            + FormattableString.Invariant($"times the steady one, {m[4] / (1 << 20):F0} MiB at most");
    }

    private static Process Start(string engine, string path, int threads, string algorithm)
    {
        ProcessStartInfo info = TierProcess.ThisProgram(["first-result", engine, path,
            threads.ToString(InvariantCulture), algorithm]);
        info.RedirectStandardOutput = true;

        // What the runtime has by default (100, in hexadecimal), as hosts do: this program's own setting is for measuring.
        info.Environment["DOTNET_TC_CallCountingDelayMs"] = "64";
        return Process.Start(info)!;
    }

    private static double[] Figures(Process process)
    {
        using Process ended = process;
        string printed = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? [.. printed.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(word =>
                double.Parse(word, InvariantCulture))]
            : throw new IOException($"a process for the first result of a network ended with {process.ExitCode}.");
    }
}
