using System.Diagnostics;
using System.IO.Compression;
using System.Reflection.PortableExecutable;
using System.Runtime.InteropServices;
using System.Xml.Linq;
using SimdConv.Simd;
using SimdConv.Tests.Native;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Package;

/// <summary>
/// The packages as their users get them: restored from a feed into a fresh project, built, run, and compiled ahead of time.
/// </summary>
public sealed class PackageTests(PackedPackages packages) : IClassFixture<PackedPackages>
{
    [Fact]
    public void LibraryPackageIsComplete()
    {
        using ZipArchive package = ZipFile.OpenRead(Path.Combine(packages.Feed, $"SimdConv.{PackedPackages.Version}.nupkg"));
        foreach (string name in
            (string[])["lib/net10.0/SimdConv.dll", "lib/net10.0/SimdConv.xml", "README.md", "buildTransitive/SimdConv.targets"])
            Assert.NotNull(package.GetEntry(name));
        XElement specification = XDocument.Load(package.GetEntry("SimdConv.nuspec")!.Open()).Root!.Elements().Single();
        XElement Property(string name) => specification.Elements().Single(element => element.Name.LocalName == name);
        Assert.Equal(("expression", "MIT"), (Property("license").Attribute("type")!.Value, Property("license").Value));
        Assert.Equal("README.md", Property("readme").Value);
        Assert.Equal("git", Property("repository").Attribute("type")!.Value);
        Assert.Contains("convolution", Property("tags").Value, StringComparison.Ordinal);
        Assert.Contains("## ", Property("releaseNotes").Value, StringComparison.Ordinal);
        Assert.Empty(Property("dependencies").Elements().Single().Elements());

        using ZipArchive symbols = ZipFile.OpenRead(Path.Combine(packages.Feed, $"SimdConv.{PackedPackages.Version}.snupkg"));
        Assert.NotNull(symbols.GetEntry("lib/net10.0/SimdConv.pdb"));
        using MemoryStream assembly = new();
        using (Stream stored = package.GetEntry("lib/net10.0/SimdConv.dll")!.Open())
            stored.CopyTo(assembly);
        assembly.Position = 0;
        using PEReader reader = new(assembly);
        Assert.Contains(reader.ReadDebugDirectory(), entry => entry.Type == DebugDirectoryEntryType.Reproducible);
    }

    [Fact]
    public void AFreshProjectBuildsAndRuns()
    {
        ChildProcess.Dotnet(packages.Project, "build", "-c", "Release", "-o", packages.PathTo("jit"), "--artifacts-path",
            packages.PathTo("jit-work"), "-v", "quiet", "--nologo");
        (int exitCode, string output) = ChildProcess.RunAssembly(packages.PathTo("jit/Host.dll"), []);
        Assert.Equal((0, Expected(SimdSupport.Best)), (exitCode, LastLine(output)));
    }

    /// <summary>
    /// One managed assembly serves every platform: a program that is published for it has that one, and nothing native.
    /// </summary>
    [Theory]
    [InlineData("linux-arm64")]
    [InlineData("linux-musl-x64")]
    [InlineData("linux-musl-arm64")]
    [InlineData("osx-arm64")]
    [InlineData("win-arm64")]
    public void EveryPlatformGetsTheSameAssembly(string runtime)
    {
        string output = packages.PathTo(runtime);
        ChildProcess.Dotnet(packages.Project,
            [
                "publish", "-c", "Release", "-r", runtime, "--self-contained", "false", "-p:UseAppHost=false", "-o", output,
                "--artifacts-path", packages.PathTo($"{runtime}-work"), "-v", "quiet", "--nologo",
            ]);
        Assert.Equal(["Host.deps.json", "Host.dll", "Host.pdb", "Host.runtimeconfig.json", "SimdConv.dll"],
            Directory.GetFiles(output, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(output, file))
                .Order(StringComparer.Ordinal));
        Assert.Equal(File.ReadAllBytes(typeof(SimdSupport).Assembly.Location),
            File.ReadAllBytes(Path.Combine(output, "SimdConv.dll")));
    }

    [SkippableFact]
    public void AheadOfTimeItUsesWhatTheHostSaysOfItsCpus()
    {
        Skip.IfNot(OperatingSystem.IsLinux()
            && RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.X64, "for Linux on x86-64");
        Skip.IfNot(InstalledLibrary.IsInstalled("clang") || InstalledLibrary.IsInstalled("gcc"),
            "neither clang nor gcc is installed, which link what is compiled ahead of time");
        SimdTier tier = SimdSupport.Hardware;
        string? instructions = TierTable.Find(tier)!.InstructionSet;
        Skip.If(instructions is null, "the CPU has nothing beyond the baseline");
        string[] project = ["-p:PublishAot=true", "-p:RuntimeIdentifier=linux-x64"];

        // Trim and AOT warnings are errors of this project.
        ChildProcess.Dotnet(packages.Project,
            ["publish", "-c", "Release", "-o", packages.PathTo("aot"), "--artifacts-path", packages.PathTo("aot-work"), "-v",
                "quiet", "--nologo",
            .. project, $"-p:IlcInstructionSet={instructions}"]);
        ProcessStartInfo program = new(packages.PathTo("aot/Host"));
        program.Environment.Remove(SimdSupport.EnvironmentVariable);
        (int exitCode, string output) = ChildProcess.Run(program);
        Assert.Equal((0, Expected(tier)), (exitCode, output.Trim()));

        string built = ChildProcess.Dotnet(packages.Project,
            [
                "msbuild", "-t:SimdConvCheckInstructionSet", "-p:TreatWarningsAsErrors=false",
                $"-p:ArtifactsPath={packages.PathTo("aot-work")}", .. project, "-nologo",
            ]);
        Assert.Contains("SIMDCONV001", built, StringComparison.Ordinal);
    }

    [Fact]
    public void TheToolInstallsAndRuns()
    {
        ChildProcess.Dotnet(packages.Project, "tool", "install", "SimdConv.Cli", "--version", PackedPackages.Version,
            "--tool-path", packages.PathTo("tools"),
            "--configfile", packages.NuGetConfig);
        string tool = packages.PathTo(OperatingSystem.IsWindows() ? "tools/simdconv.exe" : "tools/simdconv");
        (int exitCode, string output) =
            ChildProcess.Run(new ProcessStartInfo(tool, ["verify", "n=1,c=2,h=5,w=5,k=3,r=3,s=3", "--json"]));
        Assert.True(exitCode == 0 && output.Contains("\"passed\":1", StringComparison.Ordinal), ChildProcess.Tail(output));
    }

    /// <summary>The guide's example ends so.</summary>
    private static string Expected(SimdTier tier) => $"524288 elements, the first one 6, {tier}";

    private static string LastLine(string output) =>
        output.Split('\n').First(line => line.Contains("elements", StringComparison.Ordinal)).Trim();
}
