using SimdConv.Kernels;

namespace SimdConv.Loops;

/// <summary>
/// A tile whose registers lie within rows of a grid: where its first one begins, in the strip and in the target, and the others
/// from there.
/// </summary>
internal unsafe struct RowTile
{
    public nint From, To;
    public TilePlaces Places;

    /// <summary>Which columns of taps it sees: the number of one of <see cref="WindowTerms.Windows"/>.</summary>
    public int Window;

    /// <summary>The lanes of each register that it shares with the ones before.</summary>
    public fixed int Shared[4];

    /// <summary>The first and the last column of the grid that it covers; all between two rows count.</summary>
    public readonly (int First, int Last) Columns(ConvTile tile, int pitch)
    {
        (int first, int last) = (int.MaxValue, 0);
        ReadOnlySpan<nint> registers = [From, From + Places.B1, From + Places.B2, From + Places.B3];
        foreach (nint from in registers[..tile.Vectors])
        {
            first = Math.Min(first, (int)(from % pitch));
            last = Math.Max(last, (int)(from % pitch) + tile.Lanes - 1);
        }

        return (first, last);
    }

    /// <summary>
    /// The tiles of rows of a grid. The last register of a row begins early enough to end with it, so that nothing beside the
    /// rows is touched and no register is masked: the lanes that it shares with the one before are computed twice, the same both
    /// times.
    /// </summary>
    /// <param name="rows">Rows of the grid, at least one; all as one where they follow each other.</param>
    /// <param name="length">Positions of a row, a register at least.</param>
    /// <param name="pitch">Elements from one row of the strip to the next.</param>
    /// <param name="targetPitch">The same of the target.</param>
    /// <param name="lanes">Positions of a register.</param>
    /// <param name="vectors">Registers of a tile.</param>
    public static RowTile[] Of(int rows, int length, nint pitch, nint targetPitch, int lanes, int vectors)
    {
        int perRow = Shapes.DivideUp(length, lanes), registers = rows * perRow;
        RowTile[] tiles = new RowTile[Shapes.DivideUp(registers, vectors)];
        nint* from = stackalloc nint[4], to = stackalloc nint[4];
        for (int t = 0; t < tiles.Length; t++)
        {
            for (int v = 0; v < vectors; v++)
            {
                // The last of all once more where a tile has room for it.
                int register = Math.Min((t * vectors) + v, registers - 1), row = register / perRow;
                int column = register % perRow * lanes, begin = Math.Min(column, length - lanes);
                from[v] = (row * pitch) + begin;
                to[v] = (row * targetPitch) + begin;
                tiles[t].Shared[v] = register < (t * vectors) + v ? lanes : column - begin;
            }

            tiles[t].From = from[0];
            tiles[t].To = to[0];
            tiles[t].Places = new()
            {
                B1 = from[1] - from[0],
                B2 = from[2] - from[0],
                B3 = from[3] - from[0],
                C1 = to[1] - to[0],
                C2 = to[2] - to[0],
                C3 = to[3] - to[0],
            };
        }

        return tiles;
    }
}
