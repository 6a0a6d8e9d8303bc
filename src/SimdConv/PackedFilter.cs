namespace SimdConv;

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
