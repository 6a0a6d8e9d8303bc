namespace SimdConv.Perf.Compare;

/// <summary>Runs every participant of a row and compares the results with SimdConv's.</summary>
internal static class CrossCheck
{
    /// <summary>What disagrees, or null.</summary>
    public static string? Disagreement(Case row, IReadOnlyList<Contestant> contestants)
    {
        foreach (Contestant contestant in contestants)
            contestant.Run(row.CheckedCalls);
        IReadOnlyList<double[]> ours = contestants[0].Results();
        foreach (Contestant peer in contestants.Skip(1))
        {
            IReadOnlyList<double[]> theirs = peer.Results();
            for (int i = 0; i < ours.Count; i++)
            {
                if (Difference(ours[i], theirs[i]) is var difference && !(difference <= row.Tolerance))
                    return $"result {i} differs from {peer.Name}'s by {difference:G3} of its largest element; expected {row.Tolerance:G3} at most";
            }
        }

        return null;
    }

    /// <summary>The largest difference as a fraction of the largest magnitude; infinite where lengths differ.</summary>
    private static double Difference(double[] ours, double[] theirs)
    {
        if (ours.Length != theirs.Length)
            return double.PositiveInfinity;
        double difference = 0, largest = 0;
        for (int i = 0; i < ours.Length; i++)
        {
            // A NaN must not get lost in a comparison.
            double d = Math.Abs(ours[i] - theirs[i]);
            difference = double.IsNaN(d) ? double.PositiveInfinity : Math.Max(difference, d);
            largest = Math.Max(largest, Math.Abs(theirs[i]));
        }

        return difference == 0 ? 0 : difference / largest;
    }
}
