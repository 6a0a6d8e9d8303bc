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
        Layout = new PlaneLayout(TapGrid.Hull(grids), StripBudget(elementSize), LineBytes / elementSize);
        Phases = new Phase[grids.Length];
        List<int> kernel = [], offsets = [];
        for (int i = 0; i < grids.Length; i++)
        {
            int start = offsets.Count;
            AddTaps(grids[i], shape.S, kernel, offsets);
            Phases[i] = new(grids[i], start, SharedRows(grids[i], [.. offsets.Skip(start)], Pitch));
        }

        Kernel = [.. kernel];
        Offsets = [.. offsets];
    }

    /// <summary>Whether a convolution is run so: one input channel a group, and few output channels.</summary>
    public static bool Suits(Conv2DShape shape) => shape.C == shape.Groups && shape.K / shape.C <= MostMultiplier;

    public ConvDirection Direction { get; }

    /// <summary>Output channels of each input channel.</summary>
    public int Multiplier { get; }

    /// <summary>A strip of the source.</summary>
    public PlaneLayout Layout { get; }

    /// <summary>The most grid rows of a strip.</summary>
    public int Rows => Layout.Strip.Rows;

    /// <summary>Columns of the widest grid.</summary>
    public int Width => Layout.Strip.Grid.Width;

    public int Pitch => Layout.Strip.Pitch;

    public Phase[] Phases { get; }

    /// <summary>The taps of an output channel in the order in which they are packed and added, phase by phase: in the kernel, and in the strip.</summary>
    public int[] Kernel { get; }

    /// <summary>See <see cref="Kernel"/>.</summary>
    public int[] Offsets { get; }

    public override string ToString() => $"depthwise, {Layout.Strips} strip(s) of {Rows} rows, {Phases.Length} phase(s)";

    /// <summary>Lays the taps of each output channel out as the phases meet them.</summary>
    public unsafe void Pack<T>(int outputs, int kernelSize, T* weights, T* packed)
        where T : unmanaged
    {
        for (int k = 0; k < outputs; k++, weights += kernelSize)
        {
            foreach (int tap in Kernel)
                *packed++ = weights[tap];
        }
    }

    public const int LineBytes = 64;

    /// <summary>Elements of a strip that leaves room in L1 for another one and for results.</summary>
    public static int StripBudget(int elementSize) => BlockSizes.L1Bytes / 4 / elementSize;

    /// <summary>See <see cref="DepthwiseColumn{T}.Shared"/>.</summary>
    public static int SharedRows(TapGrid grid, int[] offsets, int pitch)
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

    private void AddTaps(TapGrid grid, int kernelWidth, List<int> kernel, List<int> offsets)
    {
        TapGrid hull = Layout.Strip.Grid;
        foreach ((int Kernel, int) row in grid.Rows)
        {
            foreach ((int Kernel, int) column in grid.Columns)
            {
                kernel.Add((row.Kernel * kernelWidth) + column.Kernel);
                offsets.Add(Layout.Strip.Offsets[(Array.IndexOf(hull.Rows, row) * hull.Columns.Length) + Array.IndexOf(hull.Columns, column)]);
            }
        }
    }

    /// <summary>One grid.</summary>
    /// <param name="Grid">The grid.</param>
    /// <param name="Start">Where its taps begin among all.</param>
    /// <param name="Shared">See <see cref="DepthwiseColumn{T}.Shared"/>.</param>
    public sealed record Phase(TapGrid Grid, int Start, int Shared);
}
