namespace SimdConv.Loops;

/// <summary>One axis of a pass: which rows (or columns) of the target have which rows of the source under which taps.</summary>
internal readonly struct PaddedAxis(int size, int windows, int stride, int pad, int dilation, bool isForward)
{
    /// <summary>
    /// The places of the target that meet a tap: Start + i * Step for i below Count, of which [First, Last) read the source, the
    /// others padding.
    /// </summary>
    public readonly record struct Run(int Start, int Step, int Count, int First, int Last)
    {
        public int At(int i) => (int)(Start + ((long)i * Step));
    }

    /// <summary>The places that meet a tap.</summary>
    public Run Of(int tap)
    {
        // Window p has the tap on pixel p*stride + reach.
        long reach = ((long)tap * dilation) - pad;
        if (isForward)
        {
            long from = Shapes.DivideUp(-reach, stride), to = Shapes.DivideUp(size - reach, stride);
            return new(0, 1, windows, (int)Math.Clamp(from, 0, windows), (int)Math.Clamp(to, 0, windows));
        }

        long start = ((reach % stride) + stride) % stride, first = (start - reach) / stride;
        int count = start >= size ? 0 : (int)Shapes.DivideUp(size - start, stride);
        return new((int)Math.Min(start, size), stride, count, (int)Math.Clamp(-first, 0, count),
            (int)Math.Clamp(windows - first, 0, count));
    }

    /// <summary>Whether a condition holds for the places of any tap.</summary>
    public bool Any(int taps, Func<Run, bool> condition)
    {
        for (int tap = 0; tap < taps; tap++)
        {
            if (condition(Of(tap)))
                return true;
        }

        return false;
    }

    /// <summary>
    /// Places that together read the source for each tap, or none if there are no such or more than <paramref name="most"/>.
    /// </summary>
    public int[] Witnesses(int taps, int most)
    {
        List<int> places = [];
        for (int tap = 0; tap < taps; tap++)
        {
            Run run = Of(tap);
            if (places.Any(place => IsInside(run, place)))
                continue;
            if (run.First >= run.Last || places.Count == most)
                return [];
            places.Add(run.At(run.First + ((run.Last - run.First) / 2)));
        }

        return [.. places];
    }

    private static bool IsInside(Run run, long place) => (place - run.Start) % run.Step == 0
        && place >= run.Start + ((long)run.First * run.Step) && place < run.Start + ((long)run.Last * run.Step);
}
