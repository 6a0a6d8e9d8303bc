using System.Diagnostics;
using System.Text;

namespace SimdConv.Mutants;

/// <summary>A copy of the repository that mutants are applied, built and tested in.</summary>
internal sealed class Scratch : IDisposable
{
    private const string TestBinaries = "tests/SimdConv.Tests/bin/Release/net10.0";

    // Analyzers and documentation find nothing that tests would.
    private static readonly string[] Quick =
        [
            "-c", "Release", "-v", "q", "-nologo", "-p:RunAnalyzers=false", "-p:EnforceCodeStyleInBuild=false",
            "-p:TreatWarningsAsErrors=false",
        ];

    /// <summary>A build that takes longer fails: long enough for a machine that does much else.</summary>
    private static readonly TimeSpan BuildPatience = TimeSpan.FromMinutes(30);

    /// <summary>
    /// Tests that take longer don't end: a mutant's take less than those of all mutants on the source as it is.
    /// </summary>
    private TimeSpan testPatience = TimeSpan.FromMinutes(3);

    private readonly string root = Directory.CreateTempSubdirectory("simdconv-mutants-").FullName;

    public Scratch(string repository)
    {
        foreach (string file in Directory.EnumerateFiles(repository, "*", SearchOption.AllDirectories))
        {
            string path = Path.GetRelativePath(repository, file).Replace('\\', '/');
            if (path.Split('/').Any(part => part is "bin" or "obj" or ".git"))
                continue;
            string copy = Path.Combine(root, path);
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }

    public void Dispose() => Directory.Delete(root, recursive: true);

    /// <summary>
    /// Builds everything, and runs the tests of all mutants on the source as it is: what fails then would kill by accident.
    /// </summary>
    public void RequireHealth(IEnumerable<Mutant> mutants)
    {
        (int exitCode, string output) = Run(["build", .. Quick, "tests/SimdConv.Tests"], BuildPatience);
        if (exitCode != 0)
            throw new InvalidOperationException($"The source as it is does not build:\n{output}");
        Stopwatch clock = Stopwatch.StartNew();
        (exitCode, output) = Test(string.Join('|', mutants.Select(mutant => mutant.Tests).Distinct()), TimeSpan.FromHours(2));
        testPatience += clock.Elapsed;
        if (exitCode != 0 || !output.Contains("Passed!", StringComparison.Ordinal))
            throw new InvalidOperationException($"The source as it is does not pass the mutants' tests:\n{output}");
    }

    /// <summary>What killed the mutant, or null if it survived.</summary>
    public string? Kill(Mutant mutant)
    {
        string path = Path.Combine(root, mutant.File), original = File.ReadAllText(path);
        File.WriteAllText(path, mutant.Apply(root));
        try
        {
            // Only its own project, and the new assembly beside the tests: they see no difference but the edit.
            (int exitCode, string output) =
                Run(["build", .. Quick, "--no-restore", "--no-dependencies", $"src/{mutant.Project}"], BuildPatience);
            if (exitCode != 0)
                throw new InvalidDataException($"{mutant.Name} does not compile:\n{output}");
            string assembly = Mutant.AssemblyOf(mutant.Project);
            File.Copy(Path.Combine(root, "src", mutant.Project, "bin/Release/net10.0", assembly),
                Path.Combine(root, TestBinaries, assembly), overwrite: true);
            (exitCode, output) = Test(mutant.Tests, testPatience);
            if (output.Contains("No test matches", StringComparison.Ordinal))
                throw new InvalidDataException($"{mutant.Name}: no test matches {mutant.Tests}");
            return exitCode == 0 ? null : Killer(output);
        }
        finally
        {
            File.WriteAllText(path, original);
        }
    }

    /// <summary>Puts the assemblies of the source as it is back, once a project's mutants are done.</summary>
    public void Restore(string project)
    {
        (int exitCode, string output) =
            Run(["build", .. Quick, "--no-restore", "--no-dependencies", $"src/{project}"], BuildPatience);
        if (exitCode != 0)
            throw new InvalidOperationException(output);
        string assembly = Mutant.AssemblyOf(project);
        File.Copy(Path.Combine(root, "src", project, "bin/Release/net10.0", assembly),
            Path.Combine(root, TestBinaries, assembly), overwrite: true);
    }

    private static string Killer(string output)
    {
        string? failed = output.Split('\n').FirstOrDefault(line => line.Contains("[FAIL]", StringComparison.Ordinal));
        return failed is null
            ? output.Contains("[time", StringComparison.Ordinal) ? "a test that does not end" : "the end of the test process"
            : failed[(failed.IndexOf(']') + 1)..].Replace("[FAIL]", "", StringComparison.Ordinal).Trim();
    }

    private (int ExitCode, string Output) Test(string filter, TimeSpan patience) =>
        Run(
            [
                "test", "-c", "Release", "--no-build", "-v", "q", "-nologo", "tests/SimdConv.Tests", "--filter", filter, "--",
                "xUnit.StopOnFail=true",
            ], patience);

    private (int ExitCode, string Output) Run(string[] arguments, TimeSpan patience)
    {
        ProcessStartInfo start = new(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", arguments)
        {
            WorkingDirectory = root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string name in
            start.Environment.Keys.Where(name => name.StartsWith("MSBuild", StringComparison.OrdinalIgnoreCase)).ToArray())
            start.Environment.Remove(name);
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        using Process process = Process.Start(start)!;
        StringBuilder output = new();
        process.OutputDataReceived += (_, e) => Add(e.Data);
        process.ErrorDataReceived += (_, e) => Add(e.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        bool ended = process.WaitForExit(patience);
        if (!ended)
            process.Kill(entireProcessTree: true);
        process.WaitForExit();
        lock (output)
            return ended ? (process.ExitCode, output.ToString()) : (-1, $"{output}[time is up]");

        void Add(string? line)
        {
            lock (output)
                output.AppendLine(line);
        }
    }
}
