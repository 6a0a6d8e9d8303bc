using System.Globalization;
using SimdConv.Perf.Compare;

namespace SimdConv.Perf.Bits;

/// <summary>What is the same and what differs, as Markdown.</summary>
internal sealed class BitsTable
{
    private const string Heads = "| operation | | run to run | 1 and 2 threads | batches of 1, 3 and 8 | AVX2 and AVX-512 |";

    private readonly List<(string Operation, string Participant, string Cells)> rows = [];

    /// <summary>
    /// Adds the rows of some runs: on one thread, on two, on two again; if there are, on one with AVX2 alone and with AVX-512.
    /// </summary>
    public void Add(BitsResult[][] runs, Func<string, string> name)
    {
        foreach (var part in runs[0].GroupBy(result => (result.Operation, result.Participant)))
        {
            BitsResult[][] own = [.. runs.Select(run =>
                run.Where(result => (result.Operation, result.Participant) == part.Key).ToArray())];
            string[] cells =
            [
                Cell(Difference(own[1], own[2])),
                Cell(Difference(own[0], own[1])),
                part.Key.Operation == "weight gradient" ? "-" : Cell(Math.Max(AcrossBatches(own[0]), AcrossBatches(own[1]))),
                part.Key.Participant == PeerSet.OnnxRuntime ? "no switch"
                    : own.Length > 3 ? Cell(Difference(own[4], own[3])) : "-",
            ];
            rows.Add((part.Key.Operation, name(part.Key.Participant), string.Join(" | ", cells)));
        }
    }

    public void Write(TextWriter output)
    {
        output.Write($"{Heads}\n|---|---|---|---|---|---|\n");
        foreach (var operation in rows.GroupBy(row => row.Operation))
        {
            foreach ((int index, (string _, string participant, string cells)) in operation.Index())
                output.Write($"| {(index == 0 ? operation.Key : "")} | {participant} | {cells} |\n");
        }
    }

    private static string Cell(double difference) => difference == 0
        ? "same"
        : string.Create(CultureInfo.InvariantCulture, $"differs ({difference:0e-0})");

    /// <summary>The largest difference of two runs as a fraction of the largest element; 0 where bytes are the same.</summary>
    private static double Difference(BitsResult[] first, BitsResult[] second) => first.Max(result => Difference(result.Values,
        second.Single(other => (other.Shape, other.Batch) == (result.Shape, result.Batch)).Values));

    /// <summary>The same for the first images of larger batches, beside the smallest one.</summary>
    private static double AcrossBatches(BitsResult[] run) => run.GroupBy(result => result.Shape).Max(shape =>
    {
        double[] least = shape.MinBy(result => result.Batch)!.Values;
        return shape.Max(result => Difference(least, result.Values.AsSpan(0, least.Length)));
    });

    private static double Difference(ReadOnlySpan<double> first, ReadOnlySpan<double> second)
    {
        double largest = 0, difference = 0;
        for (int i = 0; i < first.Length; i++)
        {
            largest = Math.Max(largest, Math.Abs(first[i]));
            if (BitConverter.DoubleToInt64Bits(first[i]) != BitConverter.DoubleToInt64Bits(second[i]))
                difference = Math.Max(difference, Math.Max(Math.Abs(first[i] - second[i]), double.Epsilon));
        }

        return difference / Math.Max(largest, double.Epsilon);
    }
}
