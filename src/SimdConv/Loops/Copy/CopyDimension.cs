namespace SimdConv.Loops;

/// <summary>One dimension of a copy.</summary>
/// <param name="Count">Its size.</param>
/// <param name="From">Elements from one to the next in the source.</param>
/// <param name="To">The same in the target.</param>
internal readonly record struct CopyDimension(nint Count, nint From, nint To)
{
    /// <summary>
    /// Whether this dimension begins again where <paramref name="inner"/> ends, on both sides, so that the two are one.
    /// </summary>
    public bool Continues(CopyDimension inner) => From == inner.Count * inner.From && To == inner.Count * inner.To;
}
