using SimdConv.Tests.Architecture;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Package;

/// <summary>
/// The packages as this build gives them, in a folder feed, and a project that knows nothing of the sources; made once for all
/// tests.
/// </summary>
public sealed class PackedPackages : IDisposable
{
    public const string Version = "0.0.0-test";

    private readonly string folder = Directory.CreateTempSubdirectory("simdconv-package-").FullName;

    public PackedPackages()
    {
        string configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        foreach (string project in (string[])["SimdConv", "SimdConv.Cli"])
        {
            ChildProcess.Dotnet(SourceTests.Root(), "pack", Path.Combine("src", project), "-c", configuration, "--no-build",
                "--no-restore", "-o", Feed,
                $"-p:PackageVersion={Version}", "-v", "quiet", "--nologo");
        }

        Directory.CreateDirectory(Project);
        File.WriteAllText(Path.Combine(Project, "Host.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <Nullable>enable</Nullable>
                <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="SimdConv" Version="{Version}" />
              </ItemGroup>
            </Project>
            """);
        string page = File.ReadAllText(Path.Combine(SourceTests.Root(), "src", "SimdConv", "README.md"));
        File.WriteAllText(Path.Combine(Project, "Program.cs"), page.Split("```csharp\n")[1].Split("```")[0]);

        // What is tested comes from the feed into a folder of its own, anything else from where the user has it.
        string installed = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        Directory.CreateDirectory(installed);
        File.WriteAllText(NuGetConfig, $"""
            <configuration>
              <config><add key="globalPackagesFolder" value="{Path.Combine(folder, "packages")}" /></config>
              <packageSources><add key="feed" value="{Feed}" /></packageSources>
              <fallbackPackageFolders><add key="installed" value="{installed}" /></fallbackPackageFolders>
            </configuration>
            """);
    }

    public string Feed => Path.Combine(folder, "feed");

    public string Project => Path.Combine(folder, "host");

    public string NuGetConfig => Path.Combine(folder, "nuget.config");

    public string PathTo(string name) => Path.Combine(folder, name);

    public void Dispose() => Directory.Delete(folder, recursive: true);
}
