using System.Globalization;
using System.Text;
using System.Text.Json;
using SimdConv.Cli;
using SimdConv.Perf.Compare;

namespace SimdConv.Perf.Results;

/// <summary>All rows of a folder of results.</summary>
internal sealed class Summary(IReadOnlyList<ResultRow> rows)
{
    /// <summary>The rows that count in the means.</summary>
    public IReadOnlyList<ResultRow> Rows { get; } = [.. rows.Where(row => row.InMean)];

    public static Summary Read(DirectoryInfo folder) => new([.. folder.GetFiles("*.json")
        .OrderBy(file => file.Name, StringComparer.Ordinal)
        .SelectMany(file => JsonSerializer.Deserialize<ResultRow[]>(File.ReadAllText(file.FullName), Report.JsonFormat) ?? [])]);

    /// <summary>
    /// A line for each suite, as Markdown: for each peer the geometric mean of the ratios and how many rows are level.
    /// </summary>
    public string Table()
    {
        StringBuilder table = new();
        string[] peers = [.. PeerSet.Usual, .. PeerSet.Multiplying.Where(peer => Rows.Any(row => row.Peer == peer))];
        table.Append(CultureInfo.InvariantCulture, $"| suite | type, tier | threads | {string.Join(" | ", peers)} |\n");
        table.Append(CultureInfo.InvariantCulture, $"|---|---|---|{string.Concat(peers.Select(_ => "---|"))}\n");
        foreach (var suite in Rows.GroupBy(row => (row.Title, row.Type, row.Tier, row.Threads)))
        {
            IEnumerable<string> cells = peers.Select(peer => Cell([.. suite.Where(row => row.Peer == peer)]));
            table.Append(CultureInfo.InvariantCulture,
                $"| `{suite.Key.Title}` | {suite.Key.Type}, {suite.Key.Tier} | {suite.Key.Threads} | "
                + $"{string.Join(" | ", cells)} |\n");
        }

        table.Append("\nIn brackets: how many of the rows are at least level.\n");
        return table.ToString();
    }

    /// <summary>Puts picture and table in the place of those between the two comments that name the picture's folder.</summary>
    public static void Replace(string path, string picture, string table)
    {
        string link = Path.GetRelativePath(Path.GetDirectoryName(path)!, picture).Replace('\\', '/');
        string cpu = Path.GetFileName(Path.GetDirectoryName(picture)!);
        Replace(path, ($"<!-- results {cpu} -->", $"<!-- /results {cpu} -->"), $"![Ratios of all rows]({link})\n\n{table}");
    }

    /// <summary>Puts the table of bits in the place of the one between its two comments.</summary>
    public static void ReplaceBits(string path, IEnumerable<string> table) =>
        Replace(path, ("<!-- bits -->", "<!-- /bits -->"), string.Join('\n', table) + '\n');

    private static void Replace(string path, (string Begin, string End) comments, string content)
    {
        string text = File.ReadAllText(path);
        int begin = text.IndexOf(comments.Begin, StringComparison.Ordinal),
            end = text.IndexOf(comments.End, StringComparison.Ordinal);
        if (begin < 0 || end < begin)
            throw new ArgumentException($"--readme is '{path}'; expected a file with {comments.Begin} and {comments.End}.");
        OutputFile.WriteText(path, $"{text[..(begin + comments.Begin.Length)]}\n{content}{text[end..]}");
    }

    private static string Cell(IReadOnlyCollection<ResultRow> part) => part.Count == 0
        ? "-"
        : FormattableString.Invariant(
            $"{Statistics.GeometricMean(part.Select(row => row.Ratio)):F2} ({part.Count(row => row.IsLevel)} of {part.Count})");
}
