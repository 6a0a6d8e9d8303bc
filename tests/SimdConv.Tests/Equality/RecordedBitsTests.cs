using System.Diagnostics;
using System.Runtime.InteropServices;
using SimdConv.Bits;
using SimdConv.Simd;
using SimdConv.Tests.Architecture;
using SimdConv.Tests.Native;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Equality;

/// <summary>
/// bits.txt beside this file holds the hash of what each case of SimdConv.Bits gives. Every tier that fuses gives the same ones
/// on every CPU. A change of the library that changes a line changes the numeric contract; only then is the file recorded anew,
/// by the program's <c>record</c>.
/// </summary>
public sealed class RecordedBitsTests
{
    private static readonly string File = Path.Combine(SourceTests.Root(), "tests", "SimdConv.Tests", "Equality", "bits.txt");

    /// <summary>On one thread and on another number, which the seed draws; in the long run on all of them.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void EachTierThatFusesGivesTheRecordedBits(SimdTier tier)
    {
        Tiers.RequireFused(tier);
        string[] recorded = System.IO.File.ReadAllLines(File);
        Assert.Equal(recorded.Length, BitCase.All.Select(each => each.Name).Distinct().Count());
        int[] several = [2, 3, 7, 70];
        if (!Effort.IsLong)
            several = [several[(Properties.Seed + (ulong)tier) % (ulong)several.Length]];
        foreach (int threads in (int[])[1, .. several])
        {
            string[] given = [.. BitCase.All.Select(each => each.Line(tier.Run(threads)))];
            Assert.True(given.SequenceEqual(recorded),
                $"on {threads} threads {tier} gives these lines, which bits.txt "
                + $"lacks:\n{string.Join('\n', given.Except(recorded))}");
        }
    }

    /// <summary>In the short run compiled for the best tier alone, in the long one for all that the CPU has.</summary>
    [SkippableFact]
    public void CompiledAheadOfTimeTheProgramGivesTheRecordedBits()
    {
        Skip.IfNot(OperatingSystem.IsLinux()
            && RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.X64, "for Linux on x86-64");
        Skip.IfNot(InstalledLibrary.IsInstalled("clang") || InstalledLibrary.IsInstalled("gcc"),
            "neither clang nor gcc is installed, which link what is compiled ahead of time");
        SimdTier tier = SimdSupport.Best;
        string? instructions = TierTable.Find(tier)!.InstructionSet;
        Skip.If(instructions is null, "this process has no tier that is compiled for a level of x86-64 with fused multiply-adds");
        DirectoryInfo folder = Directory.CreateTempSubdirectory("simdconv-bits-");
        try
        {
            string program = Path.Combine(folder.FullName, "out");
            string[] only = Effort.IsLong ? [] : [$"-p:OnlyTier={tier}"];
            ChildProcess.Dotnet(Path.Combine(SourceTests.Root(), "tests", "SimdConv.Bits"),
                ["publish", "-c", "Release", "-r", "linux-x64", "-p:PublishAot=true",
                $"-p:IlcInstructionSet={instructions}", .. only, "-o", program, "--artifacts-path",
                Path.Combine(folder.FullName, "work"), "-v", "quiet", "--nologo"]);
            ProcessStartInfo check = new(Path.Combine(program, "SimdConv.Bits"), ["check", File]);
            check.Environment.Remove(SimdSupport.EnvironmentVariable);
            (int exitCode, string output) = ChildProcess.Run(check);
            Assert.True(exitCode == 0 && output.Contains($"{tier}: {BitCase.All.Count} cases", StringComparison.Ordinal),
                ChildProcess.Tail(output));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
