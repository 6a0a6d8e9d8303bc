using System.Numerics;
using SimdConv.Core;

namespace SimdConv;

/// <summary>The passes of a convolution.</summary>
public enum ConvDirection
{
    /// <summary>y from x and the weights.</summary>
    Forward,

    /// <summary>dx from dy and the weights.</summary>
    InputGradient,

    /// <summary>dw and db from x and dy.</summary>
    WeightGradient,
}

/// <summary>The passes that a <see cref="PackedFilter{T}"/> serves.</summary>
[Flags]
public enum FilterUse
{
    /// <summary>The forward pass.</summary>
    Forward = 1,

    /// <summary>The input gradient.</summary>
    InputGradient = 2,

    /// <summary>Forward pass and input gradient.</summary>
    Both = Forward | InputGradient,
}

/// <summary>
/// Weights laid out as the tiles of one tier read them: made by <see cref="Conv2DPlan{T}.Pack"/>, for that plan's shape and that
/// tier only. It may be read by any number of threads, but not while <see cref="Conv2DPlan{T}.Repack"/> writes it.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
public sealed class PackedFilter<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    internal PackedFilter(Conv2DPlan<T> plan, SimdTier tier, FilterUse use, AlignedArray<T> forward,
        AlignedArray<T> inputGradient, TapMarks? forwardMarks, TapMarks? inputGradientMarks)
    {
        Plan = plan;
        Tier = tier;
        Use = use;
        ForwardPanels = forward;
        InputGradientPanels = inputGradient;
        ForwardMarks = forwardMarks;
        InputGradientMarks = inputGradientMarks;
    }

    /// <summary>The tier that the layout is for.</summary>
    public SimdTier Tier { get; }

    /// <summary>The passes that it serves.</summary>
    public FilterUse Use { get; }

    internal Conv2DPlan<T> Plan { get; }

    internal AlignedArray<T> ForwardPanels { get; }

    internal AlignedArray<T> InputGradientPanels { get; }

    /// <summary>
    /// The taps that have a weight which isn't finite; null where the pass skips no taps on padding, or the filter isn't for that
    /// pass.
    /// </summary>
    internal TapMarks? ForwardMarks { get; }

    internal TapMarks? InputGradientMarks { get; }
}

/// <summary>The marks that <see cref="Loops.PaddingRule"/> makes of packed weights.</summary>
/// <param name="count">Outputs times taps.</param>
internal sealed class TapMarks(long count)
{
    public byte[] Marks { get; } = new byte[count];

    /// <summary>Whether any weight isn't finite; the marks are up to date only then.</summary>
    public bool IsAny { get; set; }
}

/// <summary>The order in which a weight or bias gradient is summed: a function of the shape and the batch alone.</summary>
/// <remarks>
/// Terms ascend in (n, p, q). The N*P output rows are split in <paramref name="Chunks"/> contiguous ranges, chunk i being rows
/// [i*N*P/Chunks, (i+1)*N*P/Chunks); within one, column q belongs to virtual lane q mod <paramref name="Lanes"/>. Each lane is
/// one chain of multiply-adds. Lanes are added as l and l + Lanes/2, then l and l + Lanes/4, and so on; chunks as (0 + 1) + (2 +
/// 3) and so on. Lane 0 of chunk 0 starts from beta * dw, all others from 0.
/// <para>No chain of the bias gradient has more than 4096 terms, so that long sums don't drift: a row has ceil(Q / Lanes) steps,
/// with a term of each lane at a step, and each 4096 steps of a chunk, counted from its first row, are a block. Lanes are added
/// within their block, the blocks as (0 + 1) + (2 + 3) and so on, where one without a partner goes up a level as it is, then the
/// chunks.</para>
/// </remarks>
/// <param name="Chunks">A power of two.</param>
/// <param name="Lanes">A power of two.</param>
public readonly record struct ReductionOrder(int Chunks, int Lanes);
