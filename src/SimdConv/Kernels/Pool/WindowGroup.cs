namespace SimdConv.Kernels;

/// <summary>
/// Registers of windows that a tile runs at once, 4, 2 or 1: neighbours of one row, or of several rows where rows are short.
/// Register k is number k % Columns of row k / Columns.
/// </summary>
internal readonly struct WindowGroup
{
    /// <summary>Where rows are fewer, the call for several at once and one for those behind take longer than they save.</summary>
    private const int LeastRows = 8;

    private readonly int shift;

    /// <param name="rows">Rows of windows.</param>
    /// <param name="registers">Registers of a row.</param>
    public WindowGroup(int rows, int registers)
    {
        // As many as take the least time with those that are computed twice, where one register takes twice what a group takes
        // besides.
        shift = registers <= 2 ? registers - 1 : 9 * ((registers + 3) / 4) <= 5 * ((registers + 1) / 2) ? 2 : 1;
        Rows = rows >= LeastRows ? 4 / Columns : 1;
    }

    public int Rows { get; }

    /// <summary>How many of the rows are whole groups; a smaller group is for those behind.</summary>
    public int Whole(int rows) => rows / Rows * Rows;

    public int Columns => 1 << shift;

    public int Registers => Rows << shift;

    public int RowOf(int register) => register >> shift;

    public int ColumnOf(int register) => register & (Columns - 1);
}
