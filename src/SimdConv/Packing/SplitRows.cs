using System.Numerics;
using SimdConv.Kernels;

namespace SimdConv.Packing;

/// <summary>
/// A row of an image with padding around it, split by phases of the stride, so that a tap of all windows lies side by side: tap s
/// of window q is at Offset(s) + q. And the way back: what windows give to the pixels of a row, collected phase by phase and merged.
/// </summary>
internal readonly unsafe struct SplitRows<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly WindowAxis axis;
    private readonly int pitch, linePitch;
    private readonly bool two;

    public SplitRows(WindowAxis axis)
    {
        this.axis = axis;
        two = axis.Stride == 2 && axis.Size > 1;
        linePitch = Whole(((axis.Size - 1) / axis.Stride) + 1);
        pitch = axis.Windows + axis.Reach;
        int width = axis.Windows;
        foreach (WindowPhase phase in axis.Phases)
        {
            // Splitting writes whole registers, and as many to each phase.
            pitch = Math.Max(pitch, phase.Place + linePitch);
            width = Math.Max(width, phase.Place + phase.Count);
        }

        Size = checked(axis.Phases.Length * pitch);
        GivenSize = axis.Reach + Whole(width);
    }

    /// <summary>Elements of a split row.</summary>
    public int Size { get; }

    /// <summary>Elements of a row of what windows give, with zeros around it: window q is at Reach + q.</summary>
    public int GivenSize { get; }

    /// <summary>Elements of a row of pixels before it is merged.</summary>
    public long LineSize => 2L * linePitch;

    public int Offset(int tap) => (axis.Places[tap].Phase * pitch) + axis.Places[tap].Step;

    public void Split(T* source, T padding, T* row)
    {
        if (two)
        {
            // The image's even columns are the phase whose first pixel is 0.
            int even = axis.Phases[0].Pixel, odd = 1 - even;
            RowCopy<TVec, T>.Split(source, axis.Size, row + (even * pitch) + axis.Phases[even].Place, row + (odd * pitch) + axis.Phases[odd].Place);
        }

        int width = axis.Windows + axis.Reach;
        foreach (WindowPhase phase in axis.Phases)
        {
            if (!two && phase.Taps > 0 && phase.Count > 0)
                RowCopy<TVec, T>.Gather(source + phase.Pixel, axis.Stride, row + phase.Place, phase.Count);
            for (int i = 0; i < Math.Min(phase.Place, width); i++)
                row[i] = padding;
            for (int i = phase.Place + phase.Count; i < width; i++)
                row[i] = padding;
            row += pitch;
        }
    }

    /// <summary>What the windows of a row give, each divided by rowCount * counts if there are counts.</summary>
    public void Give(T* dy, T rowCount, T* counts, T* given)
    {
        for (int i = 0; i < axis.Reach; i++)
            given[i] = T.Zero;
        WindowTile<TVec, T>.Give(dy, axis.Windows, GivenSize - axis.Reach, rowCount, counts, given + axis.Reach);
    }

    /// <summary>
    /// One row of the image: each pixel sums, taps ascending, what its windows give to it. The first row of taps is at
    /// <paramref name="given"/>, the next ones <paramref name="nextRow"/> apart, each column of taps <paramref name="nextTap"/> further.
    /// </summary>
    /// <param name="given">Rows of <see cref="Give"/>.</param>
    /// <param name="taps">null, or for each of them the only tap that it is for, laid out alike.</param>
    /// <param name="rows">Rows of taps.</param>
    /// <param name="nextRow">Elements from one to the next.</param>
    /// <param name="nextTap">Elements from one column of taps to the next; 0 where all taps are given the same.</param>
    /// <param name="firstTap">Number of the first row's first tap.</param>
    /// <param name="rowTaps">Taps from one row of taps to the next.</param>
    /// <param name="line">Workspace of <see cref="LineSize"/>.</param>
    /// <param name="target">The row, all of which is written.</param>
    public void Collect(T* given, T* taps, int rows, nint nextRow, nint nextTap, long firstTap, long rowTaps, T* line, T* target)
    {
        T* pixels = line;
        foreach (WindowPhase phase in axis.Phases)
        {
            if (phase.Count == 0)
                continue;
            nint from = phase.Taps == 0 ? 0 : axis.Reach + phase.Place - axis.Places[phase.FirstTap].Step + (phase.FirstTap * nextTap);
            WindowTile<TVec, T>.Collect(given + from, taps == null ? null : taps + from, rows, nextRow, phase.Taps, (axis.TapStep * nextTap) - axis.WindowStep,
                T.CreateTruncating(firstTap + phase.FirstTap), T.CreateTruncating(rowTaps), T.CreateTruncating(axis.TapStep), pixels, phase.Count);
            if (two)
                pixels += linePitch;
            else
                RowCopy<TVec, T>.Scatter(pixels, target + phase.Pixel, axis.Stride, phase.Count);
        }

        if (two)
        {
            int even = axis.Phases[0].Pixel;
            RowCopy<TVec, T>.Merge(line + (even * linePitch), line + ((1 - even) * linePitch), target, axis.Size);
        }
    }

    private static int Whole(int count) => (count + TVec.Count - 1) / TVec.Count * TVec.Count;
}
