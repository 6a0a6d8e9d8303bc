using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>How the forward pass or the input gradient of a depthwise convolution is run: one plane at a time, by strips that stay in L1.</summary>
internal sealed class DepthwiseSchedule
{
    /// <summary>More filters a channel than that share its loads better in the tiles of the dense nest.</summary>
    private const int MostMultiplier = 2;

    /// <param name="direction">Forward or InputGradient.</param>
    /// <param name="grids">The forward pass' grid, or those of all phases of the input gradient.</param>
    /// <param name="shape">The geometry.</param>
    /// <param name="elementSize">Bytes of an element.</param>
    public DepthwiseSchedule(ConvDirection direction, TapGrid[] grids, Conv2DShape shape, int elementSize)
    {
        Direction = direction;
        Multiplier = shape.K / shape.Groups;
        TapGrid hull = TapGrid.Hull(grids);

        // A strip and its results, in L1 with room for what comes and goes.
        int rows = StripLayout.RowsWithin(hull, 1, BlockSizes.L1Bytes * 3 / 8 / elementSize);
        Layout = new StripLayout(hull, rows, 1);
        Strips = (hull.Height + rows - 1) / rows;
        Columns = [.. Layout.Horizontal.Phases.Select(ColumnsOf)];
        Phases = new Phase[grids.Length];
        for (int i = 0; i < grids.Length; i++)
        {
            Phases[i] = new Phase(grids[i], Layout, FilterSize, shape.S);
            FilterSize += grids[i].Taps;
        }
    }

    /// <summary>Whether a convolution is run so: one input channel a group, and few output channels.</summary>
    public static bool Suits(Conv2DShape shape) => shape.C == shape.Groups && shape.K <= MostMultiplier * shape.C;

    public ConvDirection Direction { get; }

    /// <summary>Output channels of each input channel.</summary>
    public int Multiplier { get; }

    public StripLayout Layout { get; }

    public PlaneColumns[] Columns { get; }

    public int Strips { get; }

    public Phase[] Phases { get; }

    /// <summary>Elements of the packed taps of one output channel, those of all phases.</summary>
    public int FilterSize { get; }

    public override string ToString() => $"depthwise, {Strips} strip(s) of {Layout.Rows} rows, {Phases.Length} phase(s)";

    /// <summary>Lays the taps of each output channel out as the phases meet them.</summary>
    public unsafe void Pack<T>(int outputs, int kernel, T* weights, T* packed)
        where T : unmanaged
    {
        for (int k = 0; k < outputs; k++, weights += kernel)
        {
            foreach (Phase phase in Phases)
            {
                foreach (int tap in phase.Kernel)
                    *packed++ = weights[tap];
            }
        }
    }

    private PlaneColumns ColumnsOf(int phase)
    {
        (long origin, int first, int last) = Layout.Inside(phase);
        return new(first, last - first, (nint)(origin + ((long)first * Layout.Grid.StrideW)));
    }

    /// <summary>One grid: its taps in the kernel and in the strip, in the order in which they are added.</summary>
    public sealed class Phase
    {
        public Phase(TapGrid grid, StripLayout layout, int filterStart, int kernelWidth)
        {
            Grid = grid;
            FilterStart = filterStart;
            TapGrid hull = layout.Grid;
            List<int> kernel = [], offsets = [];
            foreach ((int Kernel, int) row in grid.Rows)
            {
                foreach ((int Kernel, int) column in grid.Columns)
                {
                    kernel.Add((row.Kernel * kernelWidth) + column.Kernel);
                    offsets.Add(layout.Offsets[(Array.IndexOf(hull.Rows, row) * hull.Columns.Length) + Array.IndexOf(hull.Columns, column)]);
                }
            }

            Kernel = [.. kernel];
            Offsets = [.. offsets];
            Shared = DepthwiseSchedule.Shared(grid, Offsets, layout.Pitch);
        }

        public TapGrid Grid { get; }

        /// <summary>Where the taps of this phase begin among those of an output channel.</summary>
        public int FilterStart { get; }

        public int[] Kernel { get; }

        public int[] Offsets { get; }

        /// <summary>See <see cref="DepthwiseColumn{T}.Shared"/>.</summary>
        public int Shared { get; }
    }

    /// <summary>See <see cref="DepthwiseColumn{T}.Shared"/>.</summary>
    public static int Shared(TapGrid grid, int[] offsets, int pitch)
    {
        if (grid.Rows.Length != 3 || grid.Columns.Length != 3)
            return 0;
        bool one = true, two = true;
        for (int s = 0; s < 3; s++)
        {
            one &= offsets[3 + s] == offsets[s] + pitch && offsets[6 + s] == offsets[s] + (2 * pitch);
            two &= offsets[6 + s] == offsets[s] + pitch;
        }

        return one ? 1 : two ? 2 : 0;
    }
}
