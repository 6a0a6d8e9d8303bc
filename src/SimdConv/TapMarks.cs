namespace SimdConv;

/// <summary>The marks that <see cref="Loops.PaddingRule"/> makes of packed weights.</summary>
/// <param name="count">Outputs times taps.</param>
internal sealed class TapMarks(long count)
{
    public byte[] Marks { get; } = new byte[count];

    /// <summary>Whether any weight isn't finite; the marks are up to date only then.</summary>
    public bool IsAny { get; set; }
}
