using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>How the weight gradient of a depthwise convolution is run: by strips of a plane that stay in L1.</summary>
internal sealed class DepthwiseWeightGradientSchedule
{
    /// <summary>
    /// Sums of one channel, [tap][lane], that stay in L2; more go through the dense nest, which deals columns to 16 lanes.
    /// </summary>
    private const int MostSums = 1 << 15;

    public DepthwiseWeightGradientSchedule(Conv2DShape shape, int elementSize)
    {
        Shape = shape;
        TapGrid grid = TapGrid.WeightGradient(shape);
        Layout = new PlaneLayout(grid, DepthwiseSchedule.StripBudget(elementSize), DepthwiseSchedule.LineBytes / elementSize);
        Shared = DepthwiseSchedule.SharedRows(grid, Layout.Strip.Offsets, Layout.Strip.Pitch);
        Multiplier = shape.GroupOutputs;
        Lanes = LanesOf(shape);
    }

    /// <summary>Channels whose lanes are added at once.</summary>
    public const int MostPlanes = 16;

    public Conv2DShape Shape { get; }

    public PlaneLayout Layout { get; }

    /// <summary>See <see cref="DepthwiseColumn{T}.Shared"/>.</summary>
    public int Shared { get; }

    public int Multiplier { get; }

    /// <summary>Planes at once; filters of one channel read the same plane, so only where there is one of them.</summary>
    public int Planes => Multiplier > 1 ? 1 : Math.Min(Layout.Planes, MostPlanes);

    public int Lanes { get; }

    /// <summary>Whether a weight gradient is run so.</summary>
    public static bool Suits(Conv2DShape shape) =>
        DepthwiseSchedule.Suits(shape, ConvDirection.WeightGradient) && (long)shape.Taps * LanesOf(shape) <= MostSums;

    /// <summary>
    /// Whether a strip of rows may hold others than those of the last call: then what is padding must be cleared.
    /// </summary>
    public bool Dirties(int chunks) => Layout.Strips > 1 || chunks > 1;

    /// <summary>A lane for each column; chunks only where the planes alone would be too few for many threads.</summary>
    public static ReductionOrder Order(Conv2DShape shape, int batch)
    {
        long rows = (long)batch * shape.P;
        int chunks = 1;
        while (2L * chunks * shape.K <= 64 && 2 * chunks <= rows)
            chunks *= 2;
        return new(chunks, LanesOf(shape));
    }

    public override string ToString() =>
        $"depthwise, columns in {Lanes} lanes, {Layout.Strips} strip(s) of {Layout.Strip.Rows} rows";

    private static int LanesOf(Conv2DShape shape) =>
        Math.Max(WeightGradientSchedule.MostLanes, (int)BitOperations.RoundUpToPowerOf2((uint)Math.Min(shape.Q, MostSums + 1)));
}
