namespace SimdConv.Packing;

/// <summary>The rows of a target plane in strips, each with the source rows that it needs.</summary>
internal sealed class WindowStrips
{
    private readonly (int First, int Last, int SourceFirst, int SourceLast)[] strips;

    /// <param name="axis">The rows of the windows.</param>
    /// <param name="backward">Whether the target is the image, not the windows.</param>
    /// <param name="budget">Source rows that a strip may need, unless a single target row needs more.</param>
    public WindowStrips(WindowAxis axis, bool backward, long budget)
    {
        int targetRows = backward ? axis.Size : axis.Windows;
        for (Rows = targetRows; ; Rows -= Rows / 2)
        {
            strips = [.. Enumerable.Range(0, ((targetRows - 1) / Rows) + 1).Select(strip =>
                Strip(axis, backward, strip * Rows, (int)Math.Min((strip + 1L) * Rows, targetRows)))];
            SourceRows = strips.Max(strip => strip.SourceLast - strip.SourceFirst);
            if (Rows == 1 || SourceRows <= budget)
                return;
        }
    }

    /// <summary>Target rows of a strip, at most.</summary>
    public int Rows { get; }

    /// <summary>Source rows that a strip needs, at most.</summary>
    public int SourceRows { get; }

    public int Count => strips.Length;

    /// <summary>Target rows [First, Last) of a strip, and the source rows that they need.</summary>
    public (int First, int Last, int SourceFirst, int SourceLast) this[int strip] => strips[strip];

    private static (int, int, int, int) Strip(WindowAxis axis, bool backward, int first, int last)
    {
        int low = int.MaxValue, high = 0;
        for (int row = first; row < last; row++)
        {
            if (backward)
            {
                (int window, _, int count) = axis.Meets[row];
                if (count == 0)
                    continue;
                int other = window - ((count - 1) * axis.WindowStep);
                low = Math.Min(low, Math.Min(window, other));
                high = Math.Max(high, Math.Max(window, other) + 1);
            }
            else
            {
                (int tap, int end) = axis.Taps[row];
                if (tap == end)
                    continue;
                low = Math.Min(low, axis.Starts[row] + (tap * axis.Dilation));
                high = Math.Max(high, axis.Starts[row] + ((end - 1) * axis.Dilation) + 1);
            }
        }

        return (first, last, Math.Min(low, high), high);
    }
}
