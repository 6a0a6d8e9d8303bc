using System.Runtime.InteropServices;
using SimdConv.Kernels;

namespace SimdConv.Loops;

/// <summary>
/// Padding is zeros that are multiplied like data, so an output is NaN if a weight of its that is infinite or NaN has its tap on
/// padding. Tiles that skip such taps give the same sums as long as weights are finite; this gives NaN to the outputs where they
/// aren't.
/// </summary>
/// <remarks>
/// Weights that are packed ahead are searched for such values then, and <see cref="PackedFilter{T}"/> keeps the marks. Of weights
/// that come with the call a few outputs tell instead: a weight that isn't finite leaves no finite sum where its tap has a pixel
/// of the image.
/// </remarks>
internal sealed unsafe class PaddingRule
{
    /// <summary>Witnesses that are read at most in place of all weights.</summary>
    private const int MostWitnesses = 64;

    private readonly Conv2DShape shape;
    private readonly bool isForward;
    private readonly PaddedAxis vertical, horizontal;

    private PaddingRule(Conv2DShape shape, ConvDirection direction)
    {
        this.shape = shape;
        isForward = direction == ConvDirection.Forward;
        vertical = new(shape.H, shape.P, shape.StrideH, shape.PadTop, shape.DilationH, isForward);
        horizontal = new(shape.W, shape.Q, shape.StrideW, shape.PadLeft, shape.DilationW, isForward);
    }

    /// <summary>The rule for a pass whose tiles may skip any tap that is on padding; null where none ever is.</summary>
    public static PaddingRule? OfAnyTaps(Conv2DShape shape, ConvDirection direction)
    {
        PaddingRule rule = new(shape, direction);
        return rule.vertical.Any(shape.R, run => run.First > 0 || run.Last < run.Count)
            || rule.horizontal.Any(shape.S, run => run.First > 0 || run.Last < run.Count) ? rule : null;
    }

    /// <summary>The rule for a pass that skips only taps which see padding alone; null where there are none.</summary>
    public static PaddingRule? OfUnseenTaps(Conv2DShape shape, ConvDirection direction)
    {
        PaddingRule rule = new(shape, direction);
        return rule.vertical.Any(shape.R, run => run.Count > 0 && run.First >= run.Last)
            || rule.horizontal.Any(shape.S, run => run.Count > 0 && run.First >= run.Last) ? rule : null;
    }

    /// <summary>
    /// Rows of outputs that together have a row of the image under each row of taps; empty where no few have. Made when first
    /// asked for, as packed weights have marks instead.
    /// </summary>
    private int[] WitnessRows => field ??= vertical.Witnesses(shape.R, MostWitnesses);

    /// <summary>The columns likewise.</summary>
    private int[] WitnessColumns => field ??= horizontal.Witnesses(shape.S, MostWitnesses);

    /// <summary>A mark for each tap of each output channel (forward) or input channel (input gradient).</summary>
    public long MarkCount => (long)(isForward ? shape.K : shape.C) * shape.KernelSize;

    /// <summary>Looks for weights that are infinite or NaN, and marks the taps of each output that have one.</summary>
    public void Search<T>(TierLoops<T> loops, T* weights, TapMarks marks)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        marks.IsAny = !loops.AreFinite(weights, shape.WeightCount);
        fixed (byte* each = marks.Marks)
        {
            if (marks.IsAny)
                Mark(loops, weights, each);
        }
    }

    /// <summary>Gives NaN to the outputs that have to have it, once a pass has run.</summary>
    /// <param name="loops">The tier's.</param>
    /// <param name="problem">The pass.</param>
    /// <param name="marks">Those of packed weights; null for weights that came with the call.</param>
    public void Finish<T>(TierLoops<T> loops, in ConvProblem<T> problem, TapMarks? marks)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (problem.Batch == 0)
            return;
        if (marks != null)
        {
            fixed (byte* each = marks.Marks)
            {
                if (marks.IsAny)
                    Apply(each, problem);
            }
        }
        else if (!ShowsFinite(problem) && !loops.AreFinite(problem.RawFilter.Weights, shape.WeightCount))
        {
            using Workspace workspace = Workspace.Of(MarkCount, out byte* each);
            Mark(loops, problem.RawFilter.Weights, each);
            Apply(each, problem);
        }
    }

    private void Mark<T>(TierLoops<T> loops, T* weights, byte* marks)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        NativeMemory.Clear(marks, (nuint)MarkCount);
        int inputs = shape.GroupChannels, outputs = shape.GroupOutputs;
        nint taps = shape.KernelSize;
        for (int k = 0; k < shape.K; k++, weights += inputs * taps)
        {
            bool areFinite = loops.AreFinite(weights, inputs * taps);
            for (int c = 0; c < inputs && !areFinite; c++)
            {
                byte* to = marks + (taps * (isForward ? k : (k / outputs * inputs) + c));
                bool isFull = !new ReadOnlySpan<byte>(to, (int)taps).Contains((byte)0);
                for (nint tap = 0; tap < taps && !isFull; tap++)
                    to[tap] |= T.IsFinite(weights[(c * taps) + tap]) ? (byte)0 : (byte)1;
            }
        }
    }

    /// <summary>Whether sums show that all weights are finite: a weight that isn't would leave no finite one.</summary>
    private bool ShowsFinite<T>(in ConvProblem<T> problem)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (WitnessRows.Length * WitnessColumns.Length is 0 or > MostWitnesses)
            return false;

        // Activations are finite at infinity: what they were applied to has been looked at.
        if (problem.Finish.Operation != ElementwiseOperation.None)
            return !*problem.Finish.IsNotFinite;
        ImageLayout layout = problem.TargetLayout;
        T sum = T.Zero;
        for (int m = 0; m < (isForward ? shape.K : shape.C); m++)
        {
            foreach (int row in WitnessRows)
            {
                foreach (int column in WitnessColumns)
                    sum += problem.Target[((nint)m * layout.C) + ((nint)row * layout.H) + ((nint)column * layout.W)] * T.Zero;
            }
        }

        return sum == T.Zero;
    }

    /// <summary>
    /// Overwrites the outputs that have a marked tap on padding by NaN, which is what each activation makes of NaN.
    /// </summary>
    private void Apply<T>(byte* marks, in ConvProblem<T> problem)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int m = 0; m < (isForward ? shape.K : shape.C); m++)
        {
            for (int r = 0; r < shape.R; r++)
            {
                for (int s = 0; s < shape.S; s++)
                {
                    if (*marks++ != 0)
                        Overwrite(problem, (nint)m * problem.TargetLayout.C, vertical.Of(r), horizontal.Of(s));
                }
            }
        }
    }

    private static void Overwrite<T>(in ConvProblem<T> problem, nint channel, PaddedAxis.Run rows, PaddedAxis.Run columns)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ImageLayout layout = problem.TargetLayout;
        for (int i = 0; i < rows.Count; i++)
        {
            bool isRowInside = i >= rows.First && i < rows.Last;
            for (int j = 0; j < columns.Count; j++)
            {
                if (isRowInside && j == columns.First && columns.First < columns.Last)
                {
                    j = columns.Last - 1;
                    continue;
                }

                T* pixel = problem.Target + channel + ((nint)rows.At(i) * layout.H) + ((nint)columns.At(j) * layout.W);
                for (int n = 0; n < problem.Batch; n++)
                    pixel[n * layout.N] = T.NaN;
            }
        }
    }
}
