using System.Globalization;
using System.Text.RegularExpressions;

namespace SimdConv.Arm64;

/// <summary>
/// Counts the instructions in the innermost loops of NEON's tiles, as objdump lists them: how many there are for each
/// multiply-add, how many copy an element to all lanes (dup), and how many keep a vector register on the stack. Each tile has
/// bounds.
/// </summary>
internal static partial class TileListing
{
    /// <summary>The fewest multiply-adds of a loop that is looked at: fewer are epilogues.</summary>
    private const int LeastMultiplyAdds = 4;

    /// <summary>
    /// The most instructions for each multiply-add of a tile's loop with the most multiply-adds: of the tiles whose names match,
    /// and which have at least so many of them.
    /// </summary>
    private static readonly (string Pattern, int MultiplyAdds, double Most)[] Bounds =
    [
        // Both operands packed: 24 multiply-adds and 9 others in a tile of 8 x 12 floats.
        ("GemmTile Single .*(StridedB|FetchesC)", 24, 1.4),
        ("GemmTile Double .*(StridedB|FetchesC)", 24, 1.6),
        ("GemmTile Single .*(IndexedA|IndexedB|PacksB)", 24, 1.6),
        ("GemmTile Double .*(IndexedA|IndexedB|PacksB)", 24, 1.7),
        ("GemmTile .*(PlacedRegisters|SelectedTerms)", 24, 2.0),
        // Each row of A is an address of its own, and its element is stored to the panel.
        ("GemmTile .*PacksA", 24, 2.8),
        ("SlidingTile .*N14 N5", 70, 1.35),
        ("SlidingTile .*N14 N3", 42, 1.5),
        ("WeightGradientTile .*N8 N3", 24, 1.7),
        ("InPlaceTile .*N6 N4", 24, 2.0),
    ];

    public static int Check(IEnumerable<string> listing)
    {
        List<Loop> loops = [.. Functions(listing).SelectMany(Innermost)];
        List<string> faults = [];
        foreach (Loop loop in loops.Where(loop => loop.IsTile))
        {
            if (loop.Copies > 0)
                faults.Add($"{loop} copies an element to all lanes");
            if (loop.Spills > 0)
                faults.Add($"{loop} keeps registers on the stack");
        }

        foreach ((string pattern, int multiplyAdds, double most) in Bounds)
        {
            List<Loop> bound = [.. loops.Where(loop => loop.MultiplyAdds >= multiplyAdds && Regex.IsMatch(loop.Name, pattern))];
            if (bound.Count == 0)
                faults.Add($"no tile {pattern} with {multiplyAdds} multiply-adds was found");
            faults.AddRange(bound.Where(loop => loop.Each > most).Select(loop => $"{loop} has more than {most}"));
        }

        Console.WriteLine("multiply-adds, instructions, instructions each, copies to all lanes, registers on the stack, tile");
        foreach (Loop loop in loops.OrderBy(loop => loop.Name.Split(' ')[0]).ThenByDescending(loop => loop.MultiplyAdds))
            Console.WriteLine(loop);
        foreach (string fault in faults)
            Console.WriteLine($"failed: {fault}");
        Console.WriteLine($"{loops.Count} loops, {faults.Count} faults");
        return faults.Count == 0 ? 0 : 1;
    }

    /// <summary>The functions of a listing: their names in short, and their instructions with addresses.</summary>
    private static IEnumerable<(string Name, List<(long Address, string Text)> Code)> Functions(IEnumerable<string> listing)
    {
        string name = "";
        List<(long, string)> code = [];
        foreach (string line in listing)
        {
            if (line.EndsWith(">:", StringComparison.Ordinal))
            {
                if (code.Count > 0)
                    yield return (name, code);
                name = Short(line[(line.IndexOf('<', StringComparison.Ordinal) + 1)..^2]);
                code = [];
            }
            else if (line.IndexOf(":\t", StringComparison.Ordinal) is > 0 and var colon)
            {
                code.Add((long.Parse(line.AsSpan(0, colon).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture),
                    line[(colon + 2)..].Replace('\t', ' ')));
            }
        }

        if (code.Count > 0)
            yield return (name, code);
    }

    /// <summary>The tile, its element type, its rows and registers, and its way.</summary>
    private static string Short(string symbol) =>
        string.Join(' ', Punctuation().Split(Common().Replace(symbol, " ")).Where(word => word.Length > 0));

    /// <summary>Loops that hold no other loop, with enough multiply-adds.</summary>
    private static IEnumerable<Loop> Innermost((string Name, List<(long Address, string Text)> Code) function)
    {
        (string name, List<(long Address, string Text)> code) = function;
        List<(int First, int Last)> loops = [];
        for (int i = 0; i < code.Count; i++)
        {
            if (Jump().Match(code[i].Text) is not { Success: true } jump)
                continue;
            long target = long.Parse(jump.Groups[1].ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            int first = code.FindIndex(instruction => instruction.Address == target);
            if (first >= 0 && first <= i)
                loops.Add((first, i));
        }

        foreach ((int first, int last) in loops)
        {
            if (loops.Exists(other => other != (first, last) && other.First >= first && other.Last <= last))
                continue;
            List<string> body = [.. code[first..(last + 1)].Select(instruction => instruction.Text)];
            Loop loop = new(name, body.Count(text => text.StartsWith("fmla", StringComparison.Ordinal)), body.Count,
                body.Count(text => Copy().IsMatch(text)), body.Count(text => Spill().IsMatch(text)));
            if (loop.MultiplyAdds >= LeastMultiplyAdds)
                yield return loop;
        }
    }

    private sealed record Loop(string Name, int MultiplyAdds, int Instructions, int Copies, int Spills)
    {
        public double Each => (double)Instructions / MultiplyAdds;

        /// <summary>Whether it is the loop over terms of a tile: not that of a transform.</summary>
        public bool IsTile => Name.Split(' ')[0].EndsWith("Tile", StringComparison.Ordinal);

        public override string ToString() => string.Create(CultureInfo.InvariantCulture,
            $"{MultiplyAdds} {Instructions} {Each:0.00} {Copies} {Spills} {Name}");
    }

    [GeneratedRegex("SimdConv_SimdConv_[A-Z][a-z]+_|NeonLanes_1|TileShape_3|InPlaceShape_3")]
    private static partial Regex Common();

    [GeneratedRegex("[<>_ ]+[0-9]?(?=[<>_ ]|$)|[<>_ ]+")]
    private static partial Regex Punctuation();

    [GeneratedRegex(@"^(?:b\.\w+|b|cbn?z|tbn?z) (?:.*, )?([0-9a-f]+) <")]
    private static partial Regex Jump();

    [GeneratedRegex("^(dup|ld1r) ")]
    private static partial Regex Copy();

    [GeneratedRegex(@"^(ldr|str|ldp|stp|ldur|stur) [qdsv]\d+,.*\[(sp|x29)")]
    private static partial Regex Spill();
}
