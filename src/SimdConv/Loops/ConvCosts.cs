using SimdConv.Kernels;

namespace SimdConv.Loops;

/// <summary>A family of tiles of a tier: at most MR rows, Vectors registers, NR elements wide; registers of AVX-512 may
/// be half ones. A sliding one broadcasts
/// an element once for so many neighbouring taps.</summary>
internal readonly record struct ConvTile(int MR, int Vectors, int NR, bool IsHalf = false, int Slides = 0)
{
    public int Lanes => NR / Vectors;
}

/// <summary>What the lanes of a tile are.</summary>
internal enum ConvLanes
{
    /// <summary>Neighbouring positions: the weights are broadcast.</summary>
    Positions,

    /// <summary>The same within rows of the grid, the last register of a row beginning early enough to end with it: tiles write the target themselves.</summary>
    Rows,

    /// <summary>Output channels: elements of the image are broadcast as they lie.</summary>
    Outputs,
}

/// <content>What a schedule costs, in multiply-adds of registers: measured on Zen 4.</content>
internal sealed partial class ConvSchedule
{
    /// <summary>What packing a register of a panel costs, in multiply-adds of a register: measured on Zen 4.</summary>
    private const double PackingCost = 5;

    /// <summary>What copying a register of a strip costs, from L2 or memory most of the time.</summary>
    private const double FillCost = 12;

    /// <summary>How much longer a tile takes with rows in lanes where its operands don't fit in L1.</summary>
    private const double LineCost = 1.3;

    /// <summary>What turning a register of a square of results costs.</summary>
    private const double TurnCost = 7;

    /// <summary>Multiply-adds that are under way at once: a tile of fewer chains waits for them.</summary>
    private const int LeastChains = 8;

    /// <summary>What a multiply-add of half a register costs, with the instructions that go with it.</summary>
    private const double HalfCost = 0.6;

    /// <summary>
    /// What a term of a tile costs at least, in multiply-adds of a register: as many broadcasts as rows, an unaligned load or two for
    /// each register of B, its offset. With few chains the loads decide; measured on Zen 4, where a 512-bit load takes a cycle.
    /// </summary>
    private static int Loads(int rows, int vectors) => rows + (2 * vectors) + 2;

    /// <summary>Multiply-adds of registers for each term of a tile on all panels, starting and storing it shared out among its terms.</summary>
    private double TileCost(int kc)
    {
        double cost = 0;
        for (int panel = 0; panel < Panels.Count; panel++)
        {
            int rows = Panels.Rows(panel), chains = rows * Tile.Vectors;
            cost += Math.Max(chains, Loads(rows, Tile.Vectors)) + (6.0 * chains / Math.Max(1, kc));
        }

        return cost;
    }

    private double CostWithRowsInLanes(int kc)
    {
        // Tiles that need L2 for both operands wait for it.
        int lines = ChannelBlock * Grid.Rows.Length * Layout.Horizontal.Phases.Length * Tile.NR, panelElements = Panels.Rows(0) * kc;
        double cost = 0, wait = (lines + panelElements) * elementSize > CacheSizes.LeastL1 * 3 / 4 ? LineCost : 1;
        for (int panel = 0; panel < Panels.Count; panel++)
        {
            int rows = Panels.Rows(panel), chains = rows * Tile.Vectors;
            cost += (wait * Math.Max(chains, Loads(rows, Tile.Vectors))) + (((3.0 * chains) + 30) / Math.Max(1, kc));
        }

        return cost;
    }

    private double CostWithOutputsInLanes(Slice slice)
    {
        (Panels tiles, int runs) = PositionTiles(slice.Last - slice.First);
        int lanes = Tile.Lanes;
        double cost = 0, share = 1;
        if (Tile.IsHalf)
        {
            share = HalfCost;
            lanes *= 2;
        }

        for (int tile = 0; tile < tiles.Count; tile++)
        {
            int height = tiles.Rows(tile), registers = (height + lanes - 1) / lanes * Tile.NR;
            cost += (Tile.Slides > 0 ? Math.Max(height, LeastChains) : share * Math.Max(height * Tile.Vectors, height + Tile.Vectors + 1)) + (TurnCost * registers / Math.Max(1, ChannelBlock * slice.Taps));
        }

        return cost * runs * Panels.Count * slice.Taps;
    }

    private static long Tiles(long positions, int nr) => (positions + nr - 1) / nr;
}
