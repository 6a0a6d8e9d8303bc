using System.Numerics;
using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>Weights as the caller has them, K x C/Groups x R x S, and the pass that they are for.</summary>
internal unsafe struct RawFilter<T>
    where T : unmanaged
{
    public T* Weights;
    public Conv2DShape Shape;

    /// <summary>Forward, where outputs are output channels and terms run over input channels, or the input gradient: the other way round.</summary>
    public ConvDirection Direction;
}

/// <summary>
/// Lays weights out for the tiles: for each grid, group, band and block of channels, panels of outputs, in each the outputs of one
/// term k = (c, r, s) behind each other: what is broadcast, or whole registers with zeros behind the last output.
/// </summary>
internal static unsafe class FilterPacking<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Rows of a kernel that are turned on the stack.</summary>
    private const int MostElements = 1024;

    /// <param name="schedules">The grids of the pass.</param>
    /// <param name="filter">The weights.</param>
    /// <param name="panels">Where to.</param>
    public static void Run(ConvSchedule[] schedules, in RawFilter<T> filter, T* panels)
    {
        foreach (ConvSchedule schedule in schedules)
        {
            for (int group = 0; group < filter.Shape.Groups; group++)
            {
                foreach (ConvSchedule.Band band in schedule.Bands)
                {
                    for (int block = 0; block < schedule.Blocks; block++)
                    {
                        for (int panel = 0; panel < schedule.Panels.Count; panel++)
                            panels = Panel(schedule, filter, group, band, block, panel, panels);
                    }
                }
            }
        }
    }

    /// <summary>One panel; returns where it ends.</summary>
    public static T* Panel(ConvSchedule schedule, in RawFilter<T> filter, int group, ConvSchedule.Band band, int block, int panel, T* target)
    {
        // Row i and column c of the matrix are the kernel between output i and channel c.
        Conv2DShape shape = filter.Shape;
        int first = block * schedule.ChannelBlock, channels = Math.Min(schedule.ChannelBlock, schedule.Channels - first);
        nint kernel = (nint)shape.R * shape.S, outer = shape.C / shape.Groups * kernel;
        bool isForward = filter.Direction == ConvDirection.Forward;
        StridedMatrix<T> kernels = new() { Data = filter.Weights + (group * (nint)(shape.WeightCount / shape.Groups)), RowStride = isForward ? outer : kernel, ColumnStride = isForward ? kernel : outer };
        kernels = kernels.At(schedule.Panels.Start(panel), first);
        int taps = shape.R * shape.S, width = schedule.Panels.Rows(panel), outputs = schedule.PanelOutputs(panel);

        // Weights whose terms lie in order are one matrix.
        if (kernels.ColumnStride == taps && band.Taps == taps && schedule.IsInKernelOrder)
        {
            Transpose(schedule, kernels.Data, kernels.RowStride, outputs, channels * taps, target, width);
            return target + ((nint)channels * taps * width);
        }

        bool isShort = shape.S * width <= MostElements;
        T* turned = stackalloc T[isShort ? shape.S * width : 1];
        for (int c = 0; c < channels; c++)
        {
            for (int r = band.FirstTap; r < band.LastTap; r++)
            {
                T* row = kernels.Data + (c * kernels.ColumnStride) + (schedule.Grid.Rows[r].Kernel * shape.S);
                if (isShort)
                    Transpose(schedule, row, kernels.RowStride, outputs, shape.S, turned, width);
                foreach ((int s, _) in schedule.Grid.Columns)
                {
                    for (int i = 0; i < width; i++)
                        target[i] = isShort ? turned[(s * width) + i] : i < outputs ? row[s + (i * kernels.RowStride)] : T.Zero;
                    target += width;
                }
            }
        }

        return target;
    }

    /// <summary>target[k * width + i] = source[i * stride + k].</summary>
    private static void Transpose(ConvSchedule schedule, T* source, nint stride, int outputs, int terms, T* target, int width)
    {
        if (schedule.Lanes == ConvLanes.Outputs)
            MatrixPacking<TVec, T>.PackB(new() { Data = source, RowStride = 1, ColumnStride = stride }, terms, outputs, width, target);
        else
            MatrixPacking<TVec, T>.PackA(new() { Data = source, RowStride = stride, ColumnStride = 1 }, outputs, terms, T.One, target);
    }
}
