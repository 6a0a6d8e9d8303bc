using System.Text.RegularExpressions;

namespace SimdConv.Tests.Architecture;

/// <summary>
/// A function of the library is short and takes few parameters. Tiles are exempt: what they hold in registers is spelled out.
/// </summary>
public sealed partial class FunctionTests
{
    private const int MostLines = 80, MostParameters = 10;

    /// <summary>Functions that may take more parameters, each with its reason.</summary>
    private static readonly Dictionary<string, string> ManyParameters = new()
    {
        ["Gemm.cs: Multiply"] = "the interface of BLAS, which people know",
        ["Gemm.Packed.cs: Multiply"] = "the interface of BLAS, which people know",
        ["Gemm.Packed.cs: MultiplyBatched"] = "the interface of BLAS, which people know",
        ["Gemm.cs: Run"] = "inlined into each public product, which hands on what it was given: a structure would be filled anew",
        ["Reference/ReferenceGemm.cs: Multiply"] = "the interface of BLAS, which people know",
    };

    [Fact]
    public void FunctionsAreShort() => Assert.All(Functions().Where(function => function.Lines > MostLines), function =>
        Assert.Fail($"{function.Name} has {function.Lines} lines; expected {MostLines} at most"));

    [Fact]
    public void FunctionsTakeFewParameters()
    {
        Function[] many = [.. Functions().Where(function => function.Parameters > MostParameters)];
        Assert.All(many, function => Assert.True(ManyParameters.ContainsKey(function.Name),
            $"{function.Name} takes {function.Parameters} parameters; expected {MostParameters} at most, or a reason"));
        Assert.Equal(ManyParameters.Keys.Order(), many.Select(function => function.Name).Distinct().Order());
    }

    [Fact]
    public void FunctionsAreFound()
    {
        const string Text = """
            class A
            {
                public (int, int) One<T>(int a, (int, int) b, Func<int, int> c = default)
                    where T : struct
                {
                    Two();

                }

                private int Two() =>
                    3;
            }
            """;
        Assert.Equal([new("A.cs: One", 2, 3), new("A.cs: Two", 0, 0)], Functions("A.cs", Text));
        Assert.True(Functions().Count() > 900);
    }

    private static IEnumerable<Function> Functions() =>
        from source in SourceTests.Sources()
        where !source.Path.EndsWith("Tile.cs", StringComparison.Ordinal)
        from function in Functions(source.Path, source.Text)
        select function;

    private static IEnumerable<Function> Functions(string path, string text) =>
        from match in Declaration().Matches(text)
        select new Function($"{path}: {match.Groups["name"].Value}", LinesOf(match.Groups["body"].Value),
            ParametersOf(match.Groups["parameters"].Value));

    private static int LinesOf(string body) => body.Count(letter => letter == '\n');

    private static int ParametersOf(string text)
    {
        string inner;
        while ((inner = Group().Replace(text, "")) != text)
            text = inner;
        return string.IsNullOrWhiteSpace(text) ? 0 : text.Split(',').Length;
    }

    /// <param name="Name">The file and the function.</param>
    /// <param name="Lines">Lines between its braces.</param>
    /// <param name="Parameters">How many it takes.</param>
    private sealed record Function(string Name, int Lines, int Parameters);

    /// <summary>A member with parameters in parentheses and constraints, then its body in braces of the same indentation, or an
    /// expression.</summary>
    [GeneratedRegex(
        @"^(?<indent> +)(?:public|private|protected|internal) [^;{}=\n]*?\b(?<name>\w+)(?:<[^()\n]*>)?"
        + @"\((?<parameters>(?:[^()]|(?<open>\()|(?<-open>\)))*(?(open)(?!)))\)(?:\s+(?:where |: (?:base|this)\()[^\n]*)*\s*"
        + @"(?:=>|^\k<indent>\{\n(?<body>.*?)^\k<indent>\})",
        RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Declaration();

    /// <summary>Brackets without brackets in them.</summary>
    [GeneratedRegex(@"<[^<>()\[\]]*>|\([^<>()\[\]]*\)|\[[^<>()\[\]]*\]")]
    private static partial Regex Group();
}
