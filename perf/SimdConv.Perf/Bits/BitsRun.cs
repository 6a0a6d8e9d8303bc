using System.Text.RegularExpressions;
using SimdConv.Perf.Compare;
using SimdConv.Perf.Peers;
using SimdConv.Perf.Suites;

namespace SimdConv.Perf.Bits;

/// <summary>What all participants give in this process, on some number of threads: one call of each shape and batch.</summary>
internal static partial class BitsRun
{
    /// <summary>The place of the weight gradient, and of the input gradient, among the results of a training step.</summary>
    private const int WeightGradient = 1, InputGradient = 3;

    public static IEnumerable<BitsResult> Results(int threads, IReadOnlySet<string> asked)
    {
        PeerSet peers = new(asked, threads, _ => { });
        CompareOptions options = new(threads, ElementType.Float, asked, null, null, 1) { Batches = [1, 3, 8] };
        foreach (BitsResult result in Of("product", new GemmSuite<float>(), "bits-gemm", Rows(), 0))
            yield return result;
        foreach (BitsResult result in Of("convolution", new ConvSuite<float>(), "bits-conv", Images(), 0))
            yield return result;
        ConvBackwardSuite<float> training = new();
        foreach (BitsResult result in Of("", training, "bits-conv", Images(), WeightGradient, InputGradient))
            yield return result;
        foreach (BitsResult result in Of("pooling", new PoolSuite<float>(), "bits-pool", Images(), 0))
            yield return result;
        foreach (BitsResult result in Of("ResNet-18", new NetworkSuite(), null, Images(), 0))
            yield return result;

        IEnumerable<BitsResult> Of(string operation, ISuite suite, string? shapes, Regex batch, params int[] parts)
        {
            CompareOptions own = options with { Shapes = shapes is null ? null : ShapeFiles.BuiltIn(shapes) };
            foreach (Case row in suite.Cases(own, peers))
            {
                Match found = batch.Match(row.Shape);
                foreach (Contestant participant in row.Create())
                {
                    participant.Run(1);
                    foreach (int part in parts)
                        yield return new(Name(operation, part), participant.Name,
                            $"{row.Direction} {batch.Replace(row.Shape, "")}",
                            int.Parse(found.Groups[1].ValueSpan, System.Globalization.CultureInfo.InvariantCulture),
                            Widened(participant.Results()[part]));
                    participant.Dispose();
                }
            }
        }
    }

    private static string Name(string operation, int part) =>
        part == WeightGradient ? "weight gradient" : part == InputGradient ? "input gradient" : operation;

    private static double[] Widened(NativeArray array)
    {
        double[] values = new double[array.Length];
        array.Widen(0, values);
        return values;
    }

    [GeneratedRegex(@"\bm=(\d+),")]
    private static partial Regex Rows();

    [GeneratedRegex(@"\bn=(\d+),")]
    private static partial Regex Images();
}
