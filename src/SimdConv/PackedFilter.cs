namespace SimdConv;

/// <summary>
/// Weights laid out as the tiles of one tier read them: made by <see cref="Conv2DPlan{T}.Pack"/>, for that plan's shape and that
/// tier only, or read from a file by <see cref="Conv2DPlan{T}.Load"/>. It may be read by any number of threads, but not while
/// <see cref="Conv2DPlan{T}.Repack"/> writes it.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
public sealed class PackedFilter<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    internal PackedFilter(Conv2DPlan<T> plan, SimdTier tier, FilterUse use, PackedPanels<T> forward,
        PackedPanels<T> inputGradient, PackedFile? file = null)
    {
        Plan = plan;
        Tier = tier;
        Use = use;
        Forward = forward;
        InputGradient = inputGradient;
        File = file;
    }

    /// <summary>The tier that the layout is for.</summary>
    public SimdTier Tier { get; }

    /// <summary>The passes that it serves.</summary>
    public FilterUse Use { get; }

    /// <summary>
    /// Whether the panels are those of a <see cref="PackedFile"/>, read in place: then they can't be repacked, and are gone when
    /// the file is disposed of. A filter that was packed, or had to be packed again when it was loaded, has memory of its own.
    /// </summary>
    public bool IsInFile => File != null;

    internal Conv2DPlan<T> Plan { get; }

    internal PackedFile? File { get; }

    internal PackedPanels<T> Forward { get; }

    internal PackedPanels<T> InputGradient { get; }

    /// <summary>
    /// Writes the filter to a file, from which <see cref="Conv2DPlan{T}.Load"/> reads it. Several filters and matrices may be
    /// written behind each other.
    /// </summary>
    /// <param name="destination">Where to; at a multiple of 64 bytes, as it is behind another one.</param>
    /// <param name="weights">The weights that were packed, K x C/Groups x R x S, to be written too: then a process with another
    /// tier, or another layout of panels, packs them when it loads the filter. Empty leaves them out.</param>
    /// <exception cref="ArgumentNullException">There is no stream.</exception>
    /// <exception cref="ArgumentException">The stream can't be written or is at another position, or there are too few
    /// weights.</exception>
    /// <exception cref="ObjectDisposedException">The filter's file, or the stream, has been disposed of.</exception>
    /// <exception cref="NotSupportedException">This machine is big-endian.</exception>
    /// <exception cref="IOException">The stream can't take more.</exception>
    public void Save(Stream destination, ReadOnlySpan<T> weights = default) => Plan.Save(this, destination, weights);
}
