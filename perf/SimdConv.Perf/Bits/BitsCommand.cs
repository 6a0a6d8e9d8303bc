using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using SimdConv.Perf.Compare;

namespace SimdConv.Perf.Bits;

/// <summary>
/// <c>compare --suite bits</c>: which participants give the same bytes from run to run, on one thread and two, for the first
/// images of batches of 1, 3 and 8, and with AVX2 and AVX-512. Each run is a process of its own, as most switches are read at its
/// start; the hidden command <c>bits-run</c> is that process.
/// </summary>
internal static class BitsCommand
{
    public const string Suite = "bits";

    /// <summary>The variable that holds MKL, which libtorch multiplies with, to one order of sums.</summary>
    private const string MklVariable = "MKL_CBWR", MklMode = "AVX2,STRICT";

    public static Command CreateRun()
    {
        Argument<int> threads = new("threads");
        Argument<string> peers = new("peers"), path = new("path");
        Command command = new("bits-run", "One process of compare --suite bits") { threads, peers, path };
        command.Hidden = true;
        command.SetAction(parsed => CompareCommand.Guard(() =>
        {
            HashSet<string> asked = [.. parsed.GetValue(peers)!.Split(',', StringSplitOptions.RemoveEmptyEntries)];
            BitsResult.Write(parsed.GetValue(path)!, BitsRun.Results(parsed.GetValue(threads), asked));
            return 0;
        }));
        return command;
    }

    /// <summary>Prints what figures belong to, and the table.</summary>
    public static int Run(IReadOnlySet<string> peers, TextWriter output)
    {
        Heading.Write(new PeerSet(peers, 1, Console.Error.WriteLine), output);
        DirectoryInfo folder = Directory.CreateTempSubdirectory("simdconv-bits-");
        try
        {
            BitsTable table = new();
            table.Add(RunsOf(folder, peers), participant => participant);
            if (peers.Contains(PeerSet.LibTorch))
                table.Add([.. RunsOf(folder, new HashSet<string> { PeerSet.LibTorch }, (MklVariable, MklMode))
                    .Select(run => run.Where(result => result.Participant == PeerSet.LibTorch).ToArray())],
                    participant => $"{participant}, {MklVariable}={MklMode}");
            table.Write(output);
            return 0;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>
    /// On one thread; on two, twice; and where this CPU has AVX-512, on one with AVX2 alone, and on one with OpenBLAS told to
    /// take AVX-512, whatever the environment says.
    /// </summary>
    private static BitsResult[][] RunsOf(
        DirectoryInfo folder, IReadOnlySet<string> peers, params (string Name, string Value)[] variables)
    {
        List<BitsResult[]> runs = [One(1), One(2), One(2)];
        if (SimdSupport.IsAvailable(SimdTier.Avx512))
            runs.AddRange(One(1, [.. TierProcess.Environment(TierProcess.NameOf(SimdTier.Avx2))]),
                One(1, ("OPENBLAS_CORETYPE", "SkylakeX")));
        return [.. runs];

        BitsResult[] One(int threads, params (string Name, string Value)[] further)
        {
            string path = Path.Combine(folder.FullName, "run");
            ProcessStartInfo info = TierProcess.ThisProgram(
                ["bits-run", threads.ToString(CultureInfo.InvariantCulture), string.Join(',', peers), path]);
            foreach ((string name, string value) in variables.Concat(further))
                info.Environment[name] = value;
            using Process process = Process.Start(info)!;
            process.WaitForExit();
            return process.ExitCode == 0
                ? BitsResult.Read(path)
                : throw new IOException($"bits-run ended with {process.ExitCode}.");
        }
    }
}
