using System.Diagnostics;
using SimdConv.Simd;

namespace SimdConv.Perf.Compare;

/// <summary>Chooses a tier for a whole process, at its start, as it would run on a machine that has no more.</summary>
internal static class TierProcess
{
    public static IReadOnlyList<string> Names { get; } = [.. TierTable.Rows.Select(row => row.Name)];

    public static string NameOf(SimdTier tier) => TierTable.Find(tier)!.Name;

    /// <summary>
    /// The environment of a process that runs a tier without what later tiers of its family have: AVX2 with 16 registers, not 32.
    /// </summary>
    public static IEnumerable<(string Name, string Value)> Environment(string tier)
    {
        yield return (SimdSupport.EnvironmentVariable, tier);
        Tier row = TierTable.Rows.Single(row => row.Name == tier);
        foreach (Tier later in TierTable.Rows.SkipWhile(each => each != row).Skip(1))
        {
            if (later.Family == row.Family && later.RuntimeSwitch is { } variable)
                yield return (variable, "0");
        }

        if (row.Id != SimdTier.Avx2)
            yield break;

        // Peers that can be held to AVX2 are: oneDNN, ATen and MKL in libtorch, OpenBLAS and libxsmm. ONNX Runtime can't.
        yield return ("ONEDNN_MAX_CPU_ISA", "AVX2");
        yield return ("ATEN_CPU_CAPABILITY", "avx2");
        yield return ("MKL_ENABLE_INSTRUCTIONS", "AVX2");
        yield return ("OPENBLAS_CORETYPE", "Haswell");
        yield return ("LIBXSMM_TARGET", "hsw");
    }

    /// <summary>Runs this command line again in the tier's own process unless this is it; null to go on here.</summary>
    public static int? RunElsewhere(string? tier)
    {
        if (tier is null)
            return null;
        if (Environment(tier).All(v => System.Environment.GetEnvironmentVariable(v.Name) == v.Value))
        {
            string active = NameOf(SimdSupport.Best);
            return active == tier
                ? null
                : throw new ArgumentException($"--tier is {tier}; expected a tier that runs here: {active} or slower.");
        }

        ProcessStartInfo info = ThisProgram(System.Environment.GetCommandLineArgs().Skip(1));
        foreach ((string name, string value) in Environment(tier))
            info.Environment[name] = value;
        using Process process = Process.Start(info)!;
        process.WaitForExit();
        return process.ExitCode;
    }

    /// <summary>This program with other arguments.</summary>
    public static ProcessStartInfo ThisProgram(IEnumerable<string> arguments)
    {
        ProcessStartInfo info = new(System.Environment.ProcessPath!);
        // Under the dotnet host the first argument is the program itself.
        if (Path.GetFileNameWithoutExtension(info.FileName) == "dotnet")
            info.ArgumentList.Add(typeof(TierProcess).Assembly.Location);
        foreach (string argument in arguments)
            info.ArgumentList.Add(argument);
        return info;
    }
}
