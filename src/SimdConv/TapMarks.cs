namespace SimdConv;

/// <summary>The marks that <see cref="Loops.PaddingRule"/> makes of packed weights.</summary>
/// <param name="count">Outputs times taps.</param>
internal sealed unsafe class TapMarks(long count)
{
    private readonly byte[] marks = GC.AllocateArray<byte>(checked((int)count), pinned: true);

    public Span<byte> Marks => marks;

    /// <summary>The first mark, where it stays as long as this object lives.</summary>
    public byte* First
    {
        get
        {
            fixed (byte* first = marks)
                return first;
        }
    }

    /// <summary>Whether any weight isn't finite; the marks are up to date only then.</summary>
    public bool IsAny { get; set; }
}
