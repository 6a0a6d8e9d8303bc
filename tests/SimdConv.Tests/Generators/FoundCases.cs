using System.Globalization;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Generators;

/// <summary>
/// Cases that failed once. Every property runs all of its kind ahead of the generated ones, in every tier. A failing property
/// prints the line that belongs here: put it in, with what was wrong, and it is tried at every commit from then on.
/// </summary>
internal static class FoundCases
{
    private static readonly ConvCase[] Convolutions =
    [
        // A 1x1 kernel with strides, and padding that makes the output as large as the input, was taken for a product of
        // matrices.
        new(new(1, 2, 1, 8, 1, 1) { StrideH = 2, PadBottom = 2 }, 1, LayoutKind.Nchw, LayoutKind.Nchw, true, 0, true,
            DataKind.Integers, 1),
        new(new(3, 2, 3, 5, 1, 1) { StrideH = 2, StrideW = 3, PadBottom = 2, PadRight = 4 }, 1, LayoutKind.Nchw, LayoutKind.Nchw,
            true, 0.7, false, DataKind.Real, 1),
        new(new(4, 4, 3, 1, 1, 1) { StrideH = 2, PadBottom = 4 }, 3, LayoutKind.Nchw, LayoutKind.Nchw, false, 0, true,
            DataKind.Real, 1),
    ];

    private static readonly GemmCase[] Products = [];

    private static readonly PoolCase[] Poolings = [];

    public static IReadOnlyList<TCase> Of<TCase>() => Convolutions as TCase[] ?? Products as TCase[] ?? Poolings as TCase[] ?? [];

    /// <summary>What a failure says of its smallest case.</summary>
    public static string Advice(string line) => line.Length == 0 ? ""
        : $"To keep the case, paste this into {nameof(FoundCases)}.cs:\n        {line}";

    /// <summary>A case as an element of the lists above; empty for what isn't kept there.</summary>
    public static string Line(object? found) => found switch
    {
        ConvCase { Shape: var s } c => $"new(new({Join(s.C, s.H, s.W, s.K, s.R, s.S)}){Properties(s)}, {c.Batch}, "
            + $"LayoutKind.{c.Input}, LayoutKind.{c.Output}, {Text(c.Bias)}, {Text(c.Beta)}, {Text(c.Packed)}, "
            + $"DataKind.{c.Data}, {c.Seed})"
            + (c.Algorithm == ConvAlgorithm.Direct ? "," : $" {{ Algorithm = ConvAlgorithm.{c.Algorithm} }},"),
        GemmCase g => $"new(Transpose.{g.TransA}, Transpose.{g.TransB}, {Join(g.M, g.N, g.K)}, {Text(g.Alpha)}, {Text(g.Beta)}, "
            + $"{Join(g.GapA, g.GapB, g.GapC)}, DataKind.{g.Data}, {g.Seed}),",
        PoolCase p when p.Shape.AdaptiveSize is { } size =>
            $"new(Pool2DShape.Adaptive({Join(p.Shape.C, p.Shape.H, p.Shape.W, size.Height, size.Width)}), {Rest(p)}),",
        PoolCase p => $"new(new({Join(p.Shape.C, p.Shape.H, p.Shape.W, p.Shape.R, p.Shape.S)}){Properties(p.Shape)}, {Rest(p)}),",
        _ => "",
    };

    private static string Rest(PoolCase p) =>
        $"PoolKind.{p.Kind}, {p.Batch}, LayoutKind.{p.Input}, LayoutKind.{p.Output}, DataKind.{p.Data}, {p.Seed}";

    private static string Properties(Conv2DShape s) => Initializer(
        ("StrideH", s.StrideH, 1), ("StrideW", s.StrideW, 1), ("PadTop", s.PadTop, 0), ("PadLeft", s.PadLeft, 0),
            ("PadBottom", s.PadBottom, 0),
        ("PadRight", s.PadRight, 0), ("DilationH", s.DilationH, 1), ("DilationW", s.DilationW, 1), ("Groups", s.Groups, 1));

    private static string Properties(Pool2DShape s) => Initializer(
        ("StrideH", s.StrideH, s.R), ("StrideW", s.StrideW, s.S), ("PadTop", s.PadTop, 0), ("PadLeft", s.PadLeft, 0),
            ("PadBottom", s.PadBottom, 0),
        ("PadRight", s.PadRight, 0), ("DilationH", s.DilationH, 1), ("DilationW", s.DilationW, 1),
            ("CeilMode", s.CeilMode, false),
        ("CountIncludePad", s.CountIncludePad, true), ("DivisorOverride", s.DivisorOverride ?? 0, 0));

    /// <summary>Those that aren't what they are unless set.</summary>
    private static string Initializer(params (string Name, object Value, object Otherwise)[] properties)
    {
        string[] set = [.. properties.Where(property => !property.Value.Equals(property.Otherwise))
            .Select(property => $"{property.Name} = {Text(property.Value)}")];
        return set.Length == 0 ? "" : $" {{ {string.Join(", ", set)} }}";
    }

    private static string Join(params int[] sizes) => string.Join(", ", sizes);

    private static string Text(object value) => value is bool flag ? (flag ? "true" : "false")
        : string.Create(CultureInfo.InvariantCulture, $"{value}");
}
