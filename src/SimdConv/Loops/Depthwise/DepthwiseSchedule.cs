using System.Runtime.InteropServices;
using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>
/// How the forward pass or the input gradient of a depthwise convolution is run: one plane at a time, by strips that stay in L1.
/// </summary>
internal sealed class DepthwiseSchedule
{
    /// <summary>More filters a channel than that share its loads better in the tiles of the dense nest.</summary>
    private const int MostMultiplier = 2;

    /// <summary>Of more phases the dense nest makes outputs: here each would take a tile of its own for few pixels.</summary>
    public const int MostPhases = 64;

    /// <param name="direction">Forward or InputGradient.</param>
    /// <param name="grids">The forward pass' grid, or those of all phases of the input gradient.</param>
    /// <param name="shape">The geometry.</param>
    /// <param name="elementSize">Bytes of an element.</param>
    public DepthwiseSchedule(ConvDirection direction, TapGrid[] grids, Conv2DShape shape, int elementSize)
    {
        Direction = direction;
        Multiplier = shape.GroupOutputs;
        Layout = new PlaneLayout(TapGrid.Hull(grids), StripBudget(elementSize), LineBytes / elementSize);
        Phases = new Phase[grids.Length];
        List<int> kernel = [], offsets = [];
        for (int i = 0; i < grids.Length; i++)
        {
            int start = offsets.Count;
            AddTaps(grids[i], shape.S, kernel, offsets);
            Phases[i] = new(grids[i], start, SharedRows(grids[i], CollectionsMarshal.AsSpan(offsets)[start..], Pitch));
        }

        Kernel = [.. kernel];
        Offsets = [.. offsets];
    }

    /// <summary>
    /// Whether a convolution is run so: one input channel a group, few output channels, and an input gradient of few phases.
    /// </summary>
    public static bool Suits(Conv2DShape shape, ConvDirection direction) =>
        shape.IsDepthwise && shape.GroupOutputs <= MostMultiplier
        && (direction != ConvDirection.InputGradient || shape.InputPhases <= MostPhases);

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

    /// <summary>
    /// The taps of an output channel in the order in which they are packed and added, phase by phase: in the kernel, and in the
    /// strip.
    /// </summary>
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
    public static int StripBudget(int elementSize) => CacheSizes.LeastL1 / 4 / elementSize;

    /// <summary>See <see cref="DepthwiseColumn{T}.Shared"/>.</summary>
    public static int SharedRows(TapGrid grid, ReadOnlySpan<int> offsets, int pitch)
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
        int[] columns = Places(grid.Columns, hull.Columns);
        foreach (int row in Places(grid.Rows, hull.Rows))
        {
            foreach (int column in columns)
            {
                kernel.Add((hull.Rows[row].Kernel * kernelWidth) + hull.Columns[column].Kernel);
                offsets.Add(Layout.Strip.Offsets[(row * hull.Columns.Length) + column]);
            }
        }
    }

    /// <summary>Where taps are among all of the hull, which has each row and column of the kernel once.</summary>
    private static int[] Places((int Kernel, int Offset)[] taps, (int Kernel, int Offset)[] hull)
    {
        Dictionary<int, int> places = [];
        for (int i = 0; i < hull.Length; i++)
            places.Add(hull[i].Kernel, i);
        return [.. taps.Select(tap => places[tap.Kernel])];
    }

    /// <summary>One grid.</summary>
    /// <param name="Grid">The grid.</param>
    /// <param name="Start">Where its taps begin among all.</param>
    /// <param name="Shared">See <see cref="DepthwiseColumn{T}.Shared"/>.</param>
    public sealed record Phase(TapGrid Grid, int Start, int Shared);
}
