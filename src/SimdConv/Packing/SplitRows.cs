using SimdConv.Kernels;

namespace SimdConv.Packing;

/// <summary>
/// Rows of an image with padding around them, split by phases of the stride, so that one tap of neighbouring windows is
/// contiguous: tap s of window q is at Offset(s) + q. And backward: rows of pixels that collect the contributions of their
/// windows.
/// </summary>
internal readonly unsafe struct SplitRows<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly WindowAxis axis;
    private readonly nint phasePitch;
    private readonly int linePitch;
    private readonly bool two, both, inOne;

    /// <param name="axis">The columns.</param>
    /// <param name="rows">The most rows that are split at a time.</param>
    /// <param name="contiguous">Whether the image's rows follow each other.</param>
    public SplitRows(WindowAxis axis, int rows, bool contiguous)
    {
        this.axis = axis;
        two = axis.Stride == 2 && axis.Size > 1;
        both = two && axis.Phases.All(phase => phase.Taps > 0);
        linePitch = Whole(((axis.Size - 1) / axis.Stride) + 1);
        int pitch = checked(axis.Windows + axis.Reach), width = axis.Windows;
        foreach (WindowPhase phase in axis.Phases)
        {
            // Splitting writes whole registers, and as many to each phase.
            pitch = Math.Max(pitch, phase.Place + linePitch);
            width = Math.Max(width, phase.Place + phase.Count);
        }

        // Contiguous rows of whole pairs, which need no padding between them, are split as if they were one row.
        inOne = both && contiguous && axis.Size % 2 == 0 && axis.Phases[0].Place == 0
            && axis.Windows + axis.Reach <= axis.Size / 2;
        (Pitch, phasePitch) = inOne
            ? ((nint)(axis.Size / 2), Whole((nint)rows * axis.Size / 2))
            : ((nint)axis.Phases.Length * Whole(pitch), Whole((nint)pitch));
        Length = (inOne ? 2 * phasePitch : rows * Pitch) + (2 * TVec.Count);
        ContributionPitch = axis.Reach + Whole(width);
    }

    /// <summary>Elements from one split row to the next.</summary>
    public nint Pitch { get; }

    /// <summary>Elements of all split rows, and those behind them that a register may reach.</summary>
    public nint Length { get; }

    /// <summary>Elements of a row of contributions, with zeros around it.</summary>
    public int ContributionPitch { get; }

    /// <summary>Elements of workspace that <see cref="Collect"/> takes.</summary>
    public int LineLength => linePitch;

    public nint Offset(int tap) => (axis.Places[tap].Phase * phasePitch) + axis.Places[tap].Step;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Split(T* source, nint sourcePitch, int rows, T padding, T* target)
    {
        if (inOne)
        {
            RowCopy<TVec, T>.Split(source, rows * axis.Size, target, target + phasePitch);
            return;
        }

        if (both)
        {
            // The image's even columns are the phase whose first pixel is 0.
            int first = axis.Phases[0].Pixel;
            T* even = target + (first * phasePitch) + axis.Phases[first].Place,
                odd = target + ((1 - first) * phasePitch) + axis.Phases[1 - first].Place;
            for (int i = 0; i < rows; i++)
                RowCopy<TVec, T>.Split(source + (i * sourcePitch), axis.Size, even + (i * Pitch), odd + (i * Pitch));
        }

        int width = axis.Windows + axis.Reach;
        foreach (WindowPhase phase in axis.Phases)
        {
            int before = Math.Min(phase.Place, width), behind = phase.Place + phase.Count;
            bool copies = !both && phase.Count > 0;
            for (int i = 0; i < rows && phase.Taps > 0 && (copies || before > 0 || behind < width); i++)
            {
                T* row = target + (i * Pitch);
                if (copies)
                    RowCopy<TVec, T>.Gather(
                        source + (i * sourcePitch) + phase.Pixel, axis.Stride, row + phase.Place, phase.Count);
                for (int j = 0; j < before; j++)
                    row[j] = padding;
                for (int j = behind; j < width; j++)
                    row[j] = padding;
            }

            target += phasePitch;
        }
    }

    /// <summary>
    /// Rows of the windows' contributions: dy, divided by rowCount * counts if there are counts, with zeros around each row.
    /// </summary>
    public void Contribute(T* dy, nint pitch, int rows, T rowCount, T* counts, T* values) =>
        WindowTile<TVec, T>.Contribute(dy, pitch, rows, axis.Windows, rowCount, counts, values, axis.Reach, ContributionPitch);

    /// <summary>
    /// Rows of the image: each pixel sums the contributions of its windows, taps ascending. All of a row is written.
    /// </summary>
    /// <param name="contributions">Rows of <see cref="Contribute"/>.</param>
    /// <param name="line">Workspace.</param>
    /// <param name="target">The first row.</param>
    /// <param name="pitch">From one row to the next.</param>
    /// <param name="rows">How many.</param>
    public void Collect(WindowContributions<T> contributions, T* line, T* target, nint pitch, int rows)
    {
        if (contributions.Taps == null)
            Collect<N0>(contributions, line, target, pitch, rows);
        else
            Collect<N1>(contributions, line, target, pitch, rows);
    }

    private void Collect<TTaps>(WindowContributions<T> contributions, T* line, T* target, nint pitch, int rows)
        where TTaps : struct, IConstant
    {
        contributions.NextColumn = -axis.WindowStep;
        contributions.ColumnTaps = T.CreateTruncating(axis.TapStep);
        if (two)
        {
            int first = axis.Phases[0].Pixel;
            WindowTile<TVec, T>.CollectPair<TTaps>(
                in contributions, Columns(axis.Phases[first]), Columns(axis.Phases[1 - first]), target, pitch, rows, axis.Size);
            return;
        }

        foreach (WindowPhase phase in axis.Phases)
        {
            WindowColumns columns = Columns(phase);
            if (axis.Stride == 1)
            {
                WindowTile<TVec, T>.Collect<TTaps>(in contributions, columns, target, pitch, rows, phase.Count);
                continue;
            }

            for (int i = 0; i < rows && phase.Count > 0; i++)
            {
                WindowTile<TVec, T>.Collect<TTaps>(
                    in contributions, columns with { From = columns.From + (i * contributions.NextPixels) }, line, 0, 1,
                    phase.Count);
                RowCopy<TVec, T>.Scatter(line, target + (i * pitch) + phase.Pixel, axis.Stride, phase.Count);
            }
        }
    }

    private WindowColumns Columns(WindowPhase phase) => phase.Taps == 0
        ? default
        : new(axis.Reach + phase.Place - axis.Places[phase.FirstTap].Step, phase.Taps, phase.FirstTap);

    private static int Whole(int count) => (int)Whole((nint)count);

    private static nint Whole(nint count) => (nint)Shapes.RoundUp(count, TVec.Count);
}
