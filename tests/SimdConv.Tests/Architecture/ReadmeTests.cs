using System.Text.RegularExpressions;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Architecture;

public sealed partial class ReadmeTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("simdconv-readme-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    /// <summary>The first C# block of the README is a whole program: it compiles against the library alone, and runs.</summary>
    [Fact]
    public void TheExampleCompilesAndRuns()
    {
        Match example = CSharpBlock().Match(File.ReadAllText(Path.Combine(SourceTests.Root(), "README.md")));
        Assert.True(example.Success, "README.md holds no ```csharp block");
        File.WriteAllText(Path.Combine(folder, "Program.cs"), example.Groups["code"].Value);
        File.WriteAllText(
            Path.Combine(folder, "Example.csproj"),
            $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <Nullable>enable</Nullable>
                <UseAppHost>false</UseAppHost>
              </PropertyGroup>
              <ItemGroup>
                <Reference Include="{typeof(SimdSupport).Assembly.Location}" />
              </ItemGroup>
            </Project>
            """);

        // No package is needed: an empty source list keeps the build off the network.
        File.WriteAllText(Path.Combine(folder, "nuget.config"),
            "<configuration><packageSources><clear /></packageSources></configuration>");
        ChildProcess.Dotnet(folder, "build", "-c", "Release", "-o", "out", "--disable-build-servers", "Example.csproj");
        (int exitCode, string output) = ChildProcess.RunAssembly(Path.Combine(folder, "out", "Example.dll"), []);
        Assert.True(exitCode == 0, ChildProcess.Tail(output));
    }

    [GeneratedRegex(@"^```csharp[^\n]*\n(?<code>.*?)^```\s*$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex CSharpBlock();
}
