using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace SimdConv.Tests.Architecture;

/// <summary>The rules that keep the library's rooms apart and its files short.</summary>
public sealed partial class SourceTests
{
    /// <summary>A file may use its own layer and those behind it.</summary>
    private static readonly string[] Layers = ["", "Loops", "Packing", "Kernels", "Simd", "Core"];

    [Fact]
    public void UsingsPointOnlyDown()
    {
        foreach ((string path, string text) in Sources())
        {
            string layer = Layer(path);
            foreach (Match match in UsingOfTheLibrary().Matches(text))
            {
                string used = match.Groups["layer"].Value;
                bool isDown = layer != "Reference" && used != "Reference"
                    && Array.IndexOf(Layers, used) >= Array.IndexOf(Layers, layer);
                Assert.True(isDown,
                    $"{path} uses SimdConv.{used}: from "
                    + $"{(layer.Length == 0 ? "the public files" : layer)} that doesn't point down");
            }
        }
    }

    /// <summary>The oracle would prove nothing if it called what it checks.</summary>
    [Fact]
    public void ReferenceUsesNothingOfTheLibrary()
    {
        // Namespaces that all files see without a using.
        string[] types = [.. Sources().Select(source => source.Path)
            .Where(path => Layer(path) is "Core" or "Simd").Select(path => Path.GetFileName(path).Split('.')[0])];
        foreach ((string _, string text) in Sources().Where(source => Layer(source.Path) == "Reference"))
        {
            string code = OwnMembers().Replace(Comment().Replace(text, ""), "");
            Assert.DoesNotMatch(
                @"\b(Gemm|Conv2DPlan|Pool2DPlan|IndexTable|Im2Col|Col2Im|Elementwise|SimdSupport|Execution)\b", code);
            Assert.DoesNotMatch(@"\.(P|Q|Taps|WeightCount|Validate|OutputSize|Nchw|Nhwc|Concatenated|PerImage)\b", code);
            Assert.All(types, type => Assert.DoesNotMatch($@"new {type}\b|\b{type}\b(?!\()", code));
        }
    }

    [Theory]
    [InlineData("Kernels", 250)]
    [InlineData("Simd", 250)]
    [InlineData("Loops", 350)]
    [InlineData("", 500)]
    [InlineData("Packing", 350)]
    [InlineData("Core", 350)]
    [InlineData("Reference", 350)]
    public void FilesAreShort(string layer, int limit) =>
        Assert.All(Sources().Where(source => Layer(source.Path) == layer),
            source => Assert.True(source.Text.Split('\n').Length - 1 <= limit, $"{source.Path} has more than {limit} lines"));

    /// <summary>
    /// What a tier can do is said by its lanes and its row; only the public enumeration of tiers names them too.
    /// </summary>
    [Fact]
    public void OnlyTiersNameInstructionSets() =>
        Assert.All(Sources().Where(source => Layer(source.Path) != "Simd" && source.Path != "SimdTier.cs"),
            source =>
            {
                Match found = InstructionSet().Match(Comment().Replace(source.Text, ""));
                Assert.False(found.Success, $"{source.Path} names an instruction set: {found}");
            });

    /// <summary>
    /// The tool is what a customer of the package would write: it sees what is public, and has no vectors, pointers, threads or
    /// memory of its own.
    /// </summary>
    [Fact]
    public void TheToolIsACustomer()
    {
        Assert.All(Sources("SimdConv.Cli"), source =>
        {
            Match found = NotForCustomers().Match(Comment().Replace(source.Text, ""));
            Assert.False(found.Success, $"{source.Path} has {found}");
        });
        string library = File.ReadAllText(Path.Combine(Root(), "src", "SimdConv", "SimdConv.csproj")),
            tool = File.ReadAllText(Path.Combine(Root(), "src", "SimdConv.Cli", "SimdConv.Cli.csproj"));
        Assert.DoesNotContain("SimdConv.Cli", library, StringComparison.Ordinal);
        Assert.Contains("<AllowUnsafeBlocks>false", tool, StringComparison.Ordinal);
    }

    [Fact]
    public void EveryFolderIsALayer() =>
        Assert.All(Sources(),
            source => Assert.True(Layer(source.Path) == "Reference" || Layers.Contains(Layer(source.Path)), source.Path));

    /// <summary>Inside the repository, wherever this source file was compiled.</summary>
    public static string Root([CallerFilePath] string path = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "..", "..", ".."));

    private static string Layer(string path) => path.Contains('/', StringComparison.Ordinal) ? path.Split('/')[0] : "";

    public static IEnumerable<(string Path, string Text)> Sources(string project = "SimdConv")
    {
        string folder = Path.Combine(Root(), "src", project);
        (string, string)[] sources =
        [
            .. Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
                .Select(file => (Path: Path.GetRelativePath(folder, file).Replace('\\', '/'), File: file))
                .Where(file => !file.Path.StartsWith("obj/", StringComparison.Ordinal)
                    && !file.Path.StartsWith("bin/", StringComparison.Ordinal))
                .Select(file => (file.Path, File.ReadAllText(file.File))),
        ];
        Assert.True(sources.Length > 20, $"{folder} holds {sources.Length} sources");
        return sources;
    }

    [GeneratedRegex(@"^\s*(global )?using (static )?SimdConv\.(?<layer>\w+)", RegexOptions.Multiline)]
    private static partial Regex UsingOfTheLibrary();

    [GeneratedRegex(@"//.*$", RegexOptions.Multiline)]
    private static partial Regex Comment();

    /// <summary>Namespaces and classes of intrinsics, tiers, lanes, vectors of a fixed width or the runtime's own.</summary>
    [GeneratedRegex(
        @"\b(Intrinsics|(Avx|Sse|Ssse|Bmi|Fma|X86|AdvSimd|Arm|Neon|Sve|Wasm|PackedSimd)\w*|(Scalar|Vector)(Lanes|Tier)"
        + @"|Vector(64|128|256|512)?\s*[<.])")]
    private static partial Regex InstructionSet();

    [GeneratedRegex(
        @"\bIntrinsics\b|\bunsafe\b|\bfixed \(|\bUnsafe\.|\bNativeMemory\b|\bnew Thread\b|\bVector(64|128|256|512)?[<.]"
        + @"|using SimdConv\.(Core|Simd|Kernels|Loops|Packing)\b")]
    private static partial Regex NotForCustomers();

    /// <summary>The oracle's own P and Q, of its own frames.</summary>
    [GeneratedRegex(@"\bf\.(P|Q)\b")]
    private static partial Regex OwnMembers();
}
