namespace SimdConv.Loops;

/// <summary>The terms of one band that tiles take which see some columns of taps alone.</summary>
internal sealed class WindowTerms
{
    /// <param name="offsets">The offset in the strip of each term of the band.</param>
    /// <param name="width">Columns of taps.</param>
    /// <param name="windows">The columns [First, Last) of each set; those of the first are all.</param>
    public WindowTerms(int[] offsets, int width, List<(int First, int Last)> windows)
    {
        List<int> pairs = [];
        Windows = new (int, int)[windows.Count];
        Windows[0] = (0, offsets.Length);
        for (int i = 1; i < windows.Count; i++)
        {
            (int first, int last) = windows[i];
            Windows[i] = (pairs.Count, offsets.Length / width * (last - first));
            for (int k = first; k < offsets.Length; k += width)
            {
                for (int column = 0; column < last - first; column++)
                    pairs.AddRange([offsets[k + column], k + column]);
            }
        }

        Pairs = [.. pairs];
    }

    /// <summary>The offset of each term in the strip, and its number in a panel of weights.</summary>
    public int[] Pairs { get; }

    /// <summary>
    /// For each set of columns where its terms begin in <see cref="Pairs"/>, and how many there are; the first has all terms and
    /// no pairs.
    /// </summary>
    public (int Start, int Terms)[] Windows { get; }
}
