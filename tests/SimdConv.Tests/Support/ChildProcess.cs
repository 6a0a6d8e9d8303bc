using System.Diagnostics;
using Xunit.Sdk;

namespace SimdConv.Tests.Support;

/// <summary>This test assembly run again as a program, under other environment variables.</summary>
internal static class ChildProcess
{
    private static readonly TimeSpan Patience = Effort.IsLong ? TimeSpan.FromHours(12) : TimeSpan.FromMinutes(10);

    public static (int ExitCode, string Output) Run(string[] arguments, params (string Name, string Value)[] environment) =>
        RunAssembly(typeof(ChildProcess).Assembly.Location, arguments, environment);

    public static (int ExitCode, string Output) RunAssembly(
        string assembly, string[] arguments, params (string Name, string Value)[] environment)
    {
        ProcessStartInfo start = new(Host, [assembly, .. arguments]);
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        return Run(start);
    }

    public static (int ExitCode, string Output) Run(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        // A crash that is expected must not leave a dump behind.
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        using Process process = Process.Start(start) ?? throw new XunitException($"{start.FileName} did not start");
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Patience))
        {
            process.Kill(entireProcessTree: true);
            throw new XunitException($"{string.Join(' ', start.ArgumentList)} was still running after {Patience}");
        }

        return (process.ExitCode, output.Result + error.Result);
    }

    /// <summary>Runs a command of this assembly that must succeed; returns what it wrote.</summary>
    public static string MustSucceed(string[] arguments, params (string Name, string Value)[] environment)
    {
        (int exitCode, string output) = Run(arguments, environment);
        if (exitCode != 0)
            throw new XunitException(
                $"{string.Join(' ', arguments)} under {string.Join(", ", environment)}: exit code {exitCode}\n{Tail(output)}");
        return output;
    }

    /// <summary>
    /// Runs a command of the SDK, away from the build that may be running this process; it must succeed. Returns what it wrote.
    /// </summary>
    public static string Dotnet(string folder, params string[] arguments)
    {
        ProcessStartInfo start = new(Host, arguments) { WorkingDirectory = folder };
        foreach (string name in
            start.Environment.Keys.Where(name => name.StartsWith("MSBuild", StringComparison.OrdinalIgnoreCase)).ToArray())
            start.Environment.Remove(name);
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        (int exitCode, string output) = Run(start);
        return exitCode == 0
            ? output
            : throw new XunitException($"dotnet {string.Join(' ', arguments)}: exit code {exitCode}\n{Tail(output)}");
    }

    public static string Tail(string output) => output.Length <= 6000 ? output : "..." + output[^6000..];

    /// <summary>The dotnet command that runs this process.</summary>
    public static string Host =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? Environment.ProcessPath!
        : Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
}
