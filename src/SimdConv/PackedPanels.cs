namespace SimdConv;

/// <summary>The weights of one pass of a <see cref="PackedFilter{T}"/>; those of a pass that it doesn't serve are
/// empty.</summary>
/// <param name="Elements">The panels.</param>
/// <param name="Marks">The taps that have a weight which isn't finite; null where the pass skips no taps on padding.</param>
internal readonly record struct PackedPanels<T>(AlignedArray<T> Elements, TapMarks? Marks)
    where T : unmanaged;
