namespace SimdConv.Kernels;

/// <summary>
/// How a dimension is cut in panels of nearly equal height, none above a limit: 16 rows of at most 14 are 8 + 8.
/// </summary>
internal readonly struct Panels
{
    private readonly int height, taller;

    public Panels(int size, int most)
    {
        Count = Shapes.DivideUp(size, most);
        height = Count == 0 ? 0 : size / Count;
        taller = Count == 0 ? 0 : size % Count;
    }

    public int Count { get; }

    public int Start(int panel) => (panel * height) + Math.Min(panel, taller);

    /// <summary>The panel that a row is in.</summary>
    public int Holding(int row)
    {
        int ofTaller = taller * (height + 1);
        return row < ofTaller ? row / (height + 1) : taller + ((row - ofTaller) / height);
    }

    public int Rows(int panel) => height + (panel < taller ? 1 : 0);

    /// <summary>How many panels from this one on have as many rows: there are two heights at most.</summary>
    public int Alike(int panel) => (panel < taller ? taller : Count) - panel;
}
