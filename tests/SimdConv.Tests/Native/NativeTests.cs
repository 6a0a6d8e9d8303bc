using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using SimdConv.Simd;
using SimdConv.Tests.Architecture;
using SimdConv.Tests.Distributed;

namespace SimdConv.Tests.Native;

/// <summary>
/// The native library as its users get it: built and installed by CMake, then used from C, C++, Python and a .NET process.
/// </summary>
public sealed partial class NativeTests(InstalledLibrary library) : IClassFixture<InstalledLibrary>
{
    // Of a level of x86-64; that of 64-bit Arm holds three tiers.
    private const long MostBytes = 4 << 20, MostBytesOnArm = 5 << 20;

    // The system's own, for which distributions package NumPy.
    private const string Python = "/usr/bin/python3";

    // What a call may cost with everything around it; ten times the figure that is aimed at, since tests run beside each other.
    private const int MostNanoseconds = 1000;

    [SkippableFact]
    public void CProgramFindsItByPkgConfig()
    {
        Require();
        string flags = InstalledLibrary.Run(
            With(
                "PKG_CONFIG_PATH", Path.Combine(library.Libraries, "pkgconfig"), "pkg-config", "--cflags", "--libs", "simdconv"));
        string program = library.PathTo("program-c");
        InstalledLibrary.Run("cc",
            ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-D_GNU_SOURCE", "-o", program, Source("program.c"),
            .. flags.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries), "-lm", "-lpthread", "-ldl"]);
        AssertPasses(Program(program), SimdSupport.Best);
        EveryFunctionAnswersUnderAWrongTier(program);
    }

    /// <summary>
    /// A SIMDCONV_TIER that is no tier's name: a status of each function that gives one, and no end of the process.
    /// </summary>
    private void EveryFunctionAnswersUnderAWrongTier(string program)
    {
        string[] names =
            [.. Declaration().Matches(File.ReadAllText(Header)).Select(match => "simdconv_" + match.Groups[1].Value)];
        ProcessStartInfo start = Program(program);
        start.Environment[SimdSupport.EnvironmentVariable] = "sse";
        foreach (string name in names)
            start.ArgumentList.Add(name);
        string[] lines = InstalledLibrary.Run(start).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(names, lines.Select(line => line.Split(' ')[0]));
        foreach (string line in lines)
        {
            string[] words = line.Split(' ', 3);
            bool isRefused = int.Parse(words[1], CultureInfo.InvariantCulture) is >= 1 and <= 3 && words[2].Length > 0;

            // These have no status to give, or nothing to do.
            if (words[0]
                is not ("simdconv_version" or "simdconv_abi_version" or "simdconv_status_string" or "simdconv_last_error"
                    or "simdconv_tier_available" or "simdconv_tier_best" or "simdconv_tier_name")
                && !words[0].EndsWith("_destroy", StringComparison.Ordinal))
                Assert.True(isRefused, line);
        }

        foreach (string name in
            (string[])["simdconv_tier_best -1", "simdconv_tier_available 0", "simdconv_gemm_f32 1", "simdconv_gemm_f64 1"])
            Assert.Contains(lines,
                line => line.StartsWith(name, StringComparison.Ordinal)
                && line.Contains("SIMDCONV_TIER is 'sse'", StringComparison.Ordinal));
    }

    [SkippableFact]
    public void AMissingLevelIsSaidInWords()
    {
        Require();
        string folder = library.PathTo("alone"), program = library.PathTo("alone/program");
        Directory.CreateDirectory(folder);
        File.Copy(Path.Combine(library.Libraries, "libsimdconv.so"), Path.Combine(folder, "libsimdconv.so.1"));
        InstalledLibrary.Run("cc", "-std=c99", "-D_GNU_SOURCE", "-o", program, Source("program.c"), "-I",
            Path.Combine(library.Prefix, "include"),
            "-L", library.Libraries, "-lsimdconv", "-lm", "-lpthread", "-ldl");
        ProcessStartInfo start =
            With("LD_LIBRARY_PATH", folder, program, "simdconv_abi_version", "simdconv_tier_best", "simdconv_gemm_f32");
        string[] lines = InstalledLibrary.Run(start).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["simdconv_abi_version 0", "simdconv_tier_best -1", "simdconv_gemm_f32 5"],
            lines.Select(line => string.Join(' ', line.Split(' ')[..2])));
        Assert.All(lines, line => Assert.Contains("could not be loaded", line, StringComparison.Ordinal));
    }

    [SkippableFact]
    public void CppProgramFindsItByCMake()
    {
        Require();
        string project = library.PathTo("host");
        Directory.CreateDirectory(project);
        File.Copy(Source("program.c"), Path.Combine(project, "program.cpp"));
        File.WriteAllText(Path.Combine(project, "CMakeLists.txt"), """
            cmake_minimum_required(VERSION 3.20)
            project(host LANGUAGES CXX)
            set(CMAKE_CXX_STANDARD 17)
            set(CMAKE_CXX_EXTENSIONS OFF)
            find_package(SimdConv 0.1 REQUIRED)
            find_package(Threads REQUIRED)
            add_executable(host program.cpp)
            target_compile_options(host PRIVATE -Wall -Wextra -Wpedantic -Werror)
            target_link_libraries(host PRIVATE SimdConv::simdconv Threads::Threads ${CMAKE_DL_LIBS})
            """);
        InstalledLibrary.Run("cmake", "-S", project, "-B", Path.Combine(project, "build"),
            $"-DCMAKE_PREFIX_PATH={library.Prefix}");
        InstalledLibrary.Run("cmake", "--build", Path.Combine(project, "build"));
        foreach (SimdTier tier in InstalledLibrary.Tiers)
            AssertPasses(Program(Path.Combine(project, "build", "host"), tier), tier);
    }

    [SkippableFact]
    public unsafe void WorksInsideADotNetProcess()
    {
        Require();
        nint handle = NativeLibrary.Load(SimdSupport.Best < SimdSupport.Hardware
            ? library.Library(SimdSupport.Best) : Path.Combine(library.Libraries, "libsimdconv.so"));
        var multiply =
            (delegate* unmanaged<int, int, long, long, long, float, float*, long, float*, long, float, float*, long, void*, int>)
            NativeLibrary.GetExport(handle, "simdconv_gemm_f32");
        float[] a = [.. Enumerable.Range(0, 37 * 41).Select(i => MathF.Sin(i))],
            b = [.. Enumerable.Range(0, 41 * 29).Select(i => MathF.Cos(i))];
        float[] native = new float[37 * 29], managed = new float[37 * 29];
        fixed (float* pa = a, pb = b, pc = native)
            Assert.Equal(0, multiply(0, 0, 37, 29, 41, 1, pa, 41, pb, 29, 0, pc, 29, null));
        SimdConv.Gemm.Multiply(37, 29, 41, a, b, managed);
        Assert.Equal(managed, native);
    }

    [SkippableFact]
    public void PythonPackage()
    {
        Require();
        Skip.IfNot(HasNumPy, "python3 with NumPy is not installed");
        Assert.Contains(
            "0 failed", InstalledLibrary.Run(With("PYTHONPATH", Package, Python, Source("check.py"))), StringComparison.Ordinal);
        Assert.Matches("SimdConv is [0-9.]+ times faster",
            InstalledLibrary.Run(With("PYTHONPATH", Package, Python, PythonExample("lenet5.py"), "--steps", "2")));
    }

    /// <summary>Training over mpi4py ends with the same weights on any number of ranks.</summary>
    [SkippableFact]
    public void PythonTrainsOnSeveralRanks()
    {
        Require();
        Skip.If(MpiTests.Launcher is null || !Imports("numpy, mpi4py"),
            "Open MPI, python3, NumPy and mpi4py are not all installed");
        string[] command = [Python, PythonExample("train_mpi.py"), "--steps", "2"];
        HashSet<string> weights = [Weights(command)];
        foreach (int ranks in (int[])[2, 3])
            weights.Add(Weights([.. MpiTests.Launch(ranks), .. command]));
        Assert.Single(weights);

        string Weights(string[] words)
        {
            string output = InstalledLibrary.Run(With("PYTHONPATH", Package, words[0], words[1..]));
            return Regex.Match(output, "weights ([0-9a-f]{64})") is { Success: true } found ? found.Groups[1].Value
                : throw new Xunit.Sdk.XunitException(output);
        }
    }

    /// <summary>However Dask cuts a batch, its images' results are the same.</summary>
    [SkippableFact]
    public void PythonInfersOnDask()
    {
        Require();
        Skip.IfNot(Imports("numpy, distributed"), "python3, NumPy and Dask are not all installed");
        string output =
            InstalledLibrary.Run(With("PYTHONPATH", Package, Python, PythonExample("infer_dask.py"), "--images", "40"));
        Assert.Matches("20 parts: \\['[0-9a-f]{64}'\\]", output);
    }

    /// <summary>The examples of the page for C and Python are whole programs.</summary>
    [SkippableFact]
    public void ExamplesOfTheReadmeRun()
    {
        Require();
        string page = File.ReadAllText(Path.Combine(SourceTests.Root(), "src", "SimdConv.Native", "README.md"));
        File.WriteAllText(library.PathTo("example.c"), Example("c"));
        InstalledLibrary.Run(
            "cc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-o", library.PathTo("example"), library.PathTo("example.c"),
            "-I", Path.Combine(library.Prefix, "include"), "-L", library.Libraries, "-lsimdconv");
        InstalledLibrary.Run(Program(library.PathTo("example")));
        if (HasNumPy)
            InstalledLibrary.Run(With("PYTHONPATH", Package, Python, "-c", Example("python")));

        string Example(string language) => Regex.Match(page, $"```{language}\n(.*?)```", RegexOptions.Singleline).Groups[1].Value;
    }

    [SkippableFact]
    public void EachLevelIsSmall()
    {
        Require();
        foreach (SimdTier tier in InstalledLibrary.Tiers)
            Assert.InRange(new FileInfo(library.Library(tier)).Length, 100_000,
                ArmCpu.Family.IsThisCpu ? MostBytesOnArm : MostBytes);
    }

    [Fact]
    public void LoaderAndPythonKnowEveryFunctionOfTheHeader()
    {
        string native = Path.Combine(SourceTests.Root(), "src", "SimdConv.Native");
        string[] declared = [.. Declaration().Matches(File.ReadAllText(Header)).Select(match => match.Groups[1].Value).Order()];
        string[] exported = [.. Directory.GetFiles(native, "*.cs").SelectMany(file => Export().Matches(File.ReadAllText(file)))
            .Select(match => match.Groups[1].Value).Order()];
        string[] forwarded = [.. Forwarded().Matches(File.ReadAllText(Path.Combine(native, "loader", "simdconv.c")))
            .Select(match => match.Groups[1].Value).Order()];
        Assert.NotEmpty(declared);
        Assert.Equal(declared, exported);
        Assert.Equal(declared, forwarded);
    }

    private static void AssertPasses(ProcessStartInfo program, SimdTier tier)
    {
        string output = InstalledLibrary.Run(program);
        Assert.Contains($"tier {(int)tier}, 0 failed", output, StringComparison.Ordinal);
        int nanoseconds = int.Parse(Call().Match(output).Groups[1].Value, CultureInfo.InvariantCulture);
        Assert.InRange(nanoseconds, 1, TierTable.Find(tier)!.InstructionSet != null ? MostNanoseconds : int.MaxValue);
    }

    private static string Header => Path.Combine(SourceTests.Root(), "src", "SimdConv.Native", "include", "simdconv.h");

    private string Package => Path.Combine(library.Prefix, "share", "simdconv", "python");

    private static bool HasNumPy => Imports("numpy");

    private static bool Imports(string modules) =>
        File.Exists(Python) && Support.ChildProcess.Run(new ProcessStartInfo(Python, ["-c", "import " + modules])).ExitCode == 0;

    private static string PythonExample(string name) =>
        Path.Combine(SourceTests.Root(), "src", "SimdConv.Native", "python", "examples", name);

    private void Require() => Skip.If(library.Missing is not null, library.Missing);

    private static string Source(string name) => Path.Combine(SourceTests.Root(), "tests", "SimdConv.Tests", "Native", name);

    private ProcessStartInfo Program(string path, SimdTier? tier = null)
    {
        ProcessStartInfo start = With("LD_LIBRARY_PATH", library.Libraries, path);
        if (tier is not null)
            start.Environment[SimdSupport.EnvironmentVariable] = tier.ToString();
        return start;
    }

    /// <summary>
    /// A command with a variable of its environment. The native library looks at the CPU: where a switch of the runtime narrows
    /// this process, SIMDCONV_TIER narrows the command likewise.
    /// </summary>
    private static ProcessStartInfo With(string name, string value, string command, params string[] arguments)
    {
        ProcessStartInfo start = new(command, arguments);
        start.Environment[name] = value;
        start.Environment.Remove(SimdSupport.EnvironmentVariable);
        if (SimdSupport.Best < SimdSupport.Hardware)
            start.Environment[SimdSupport.EnvironmentVariable] = SimdSupport.Best.ToString();
        return start;
    }

    [GeneratedRegex(@"^\w[\w* ]*\bsimdconv_(\w+)\(", RegexOptions.Multiline)]
    private static partial Regex Declaration();

    [GeneratedRegex(@"EntryPoint = ""simdconv_(\w+)""")]
    private static partial Regex Export();

    [GeneratedRegex(@"\bX\((\w+)\)")]
    private static partial Regex Forwarded();

    [GeneratedRegex("8x8x8: ([0-9]+) ns")]
    private static partial Regex Call();
}
