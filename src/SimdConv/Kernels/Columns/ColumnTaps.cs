namespace SimdConv.Kernels;

/// <summary>The rows of a column matrix that pixels of one phase of the stride meet: those of one row of taps.</summary>
/// <param name="From">Where the first tap's element for the first pixel is.</param>
/// <param name="Next">Elements from one tap to the next.</param>
/// <param name="Count">How many taps there are.</param>
/// <param name="Mask">Where the first tap's mask is.</param>
/// <param name="NextMask">From one mask to the next.</param>
/// <param name="First">The first pixel that meets all of them.</param>
/// <param name="Last">Behind the last such pixel.</param>
/// <param name="Ahead">How far ahead elements are prefetched where rows are too short for the processor to do so.</param>
internal readonly record struct ColumnTaps(
    nint From, nint Next, int Count, nint Mask, nint NextMask, int First, int Last, nint Ahead);
