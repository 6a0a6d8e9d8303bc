using System.Diagnostics;
using SimdConv.Simd;
using SimdConv.Tests.Architecture;
using SimdConv.Tests.Support;
using Xunit.Sdk;

namespace SimdConv.Tests.Native;

/// <summary>
/// The native library, built by CMake and installed in a folder of its own, once for all tests that use it: in the short run the
/// level that this CPU loads, in the long one all.
/// </summary>
public sealed class InstalledLibrary : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("simdconv-native-").FullName;

    public InstalledLibrary()
    {
        Missing = !OperatingSystem.IsLinux()
            || System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture
            is not (System.Runtime.InteropServices.Architecture.X64 or System.Runtime.InteropServices.Architecture.Arm64)
            ? "the native library is for Linux on x86-64 and 64-bit Arm"
            : Array.Find(["cmake", "cc", "c++", "pkg-config"], tool => !IsInstalled(tool)) is { } tool
            ? $"{tool} is not installed"
            : null;
        if (Missing is not null)
            return;
        string build = Path.Combine(folder, "build");
        Run("cmake", "-S", Path.Combine(SourceTests.Root(), "src", "SimdConv.Native"), "-B", build,
            $"-DSIMDCONV_LEVELS={string.Join(';', Tiers.Append(SimdSupport.Hardware).Select(Level).Distinct())}");
        Run("cmake", "--build", build);
        Run("cmake", "--install", build, "--prefix", Prefix);
    }

    /// <summary>Why it could not be built here; null if it was.</summary>
    public string? Missing { get; }

    /// <summary>The tiers of the levels that are built, as far as this process has them.</summary>
    public static IEnumerable<SimdTier> Tiers =>
        SimdSupport.Available.Where(tier =>
            Effort.IsLong ? tier != SimdTier.Scalar && !TierTable.Find(tier)!.IsForTests : tier == SimdSupport.Best);

    public string Prefix => Path.Combine(folder, "prefix");

    public string Libraries =>
        Path.GetDirectoryName(Directory.GetFiles(Prefix, "libsimdconv.so", SearchOption.AllDirectories)[0])!;

    public string Library(SimdTier tier) => Path.Combine(Libraries, $"libsimdconv-{Level(tier)}.so");

    public string PathTo(string name) => Path.Combine(folder, name);

    public static bool IsInstalled(string tool) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(path => File.Exists(Path.Combine(path, tool)));

    /// <summary>Runs a command that must succeed; returns what it wrote.</summary>
    public static string Run(string command, params string[] arguments) => Run(new ProcessStartInfo(command, arguments));

    public static string Run(ProcessStartInfo start)
    {
        (int exitCode, string output) = ChildProcess.Run(start);
        return exitCode == 0
            ? output
            : throw new XunitException(
                $"{start.FileName} {string.Join(' ', start.ArgumentList)}: exit code {exitCode}\n{ChildProcess.Tail(output)}");
    }

    /// <summary>The level of x86-64 whose library holds a tier, or the one level of any other CPU.</summary>
    public static string Level(SimdTier tier) => TierTable.Find(tier)!.InstructionSet?.Split('-')[^1] ?? "base";

    public void Dispose() => Directory.Delete(folder, recursive: true);
}
