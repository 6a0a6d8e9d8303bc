using SimdConv.Perf.Peers;

namespace SimdConv.Perf.Compare;

/// <summary>Compares the results of a row's participants with SimdConv's.</summary>
internal static class CrossCheck
{
    private const int Chunk = 4096;

    /// <summary>What disagrees, or null.</summary>
    public static string? Disagreement(Case row, IReadOnlyList<Contestant> contestants)
    {
        IReadOnlyList<NativeArray> ours = contestants[0].Results();
        foreach (Contestant peer in contestants.Skip(1))
        {
            foreach ((int i, NativeArray theirs) in peer.Results().Index())
            {
                if (Difference(ours[i], theirs) is var difference && !(difference <= row.Tolerance))
                    return $"result {i} differs from {peer.Name}'s by {difference:G3} of its largest element; expected "
                        + $"{row.Tolerance:G3} at most";
            }
        }

        return null;
    }

    /// <summary>The largest difference as a fraction of the largest magnitude; infinite where lengths differ.</summary>
    public static double Difference(NativeArray ours, NativeArray theirs)
    {
        if (ours.Length != theirs.Length)
            return double.PositiveInfinity;
        double difference = 0, largest = 0;
        Span<double> a = stackalloc double[Chunk], b = stackalloc double[Chunk];
        for (int start = 0; start < ours.Length; start += Chunk)
        {
            int count = Math.Min(Chunk, ours.Length - start);
            ours.Widen(start, a[..count]);
            theirs.Widen(start, b[..count]);
            for (int i = 0; i < count; i++)
            {
                // A NaN must not get lost in a comparison.
                double d = Math.Abs(a[i] - b[i]);
                difference = double.IsNaN(d) ? double.PositiveInfinity : Math.Max(difference, d);
                largest = Math.Max(largest, Math.Abs(b[i]));
            }
        }

        return difference == 0 ? 0 : difference / largest;
    }
}
