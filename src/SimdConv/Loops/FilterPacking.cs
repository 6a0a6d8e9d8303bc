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
#pragma warning disable CS8500 // Job holds references and lives on the caller's stack, which outlasts every part.
internal static unsafe class FilterPacking<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Elements of the kernels of a panel that are turned on the stack.</summary>
    private const int MostElements = 1024;

    /// <summary>Elements below which a second thread costs more than it gives.</summary>
    private const int SerialLimit = 32_768;

    /// <param name="schedules">The grids of the pass.</param>
    /// <param name="filter">The weights.</param>
    /// <param name="panels">Where to.</param>
    /// <param name="execution">Threads: each packs its share of the panels.</param>
    public static void Run(ConvSchedule[] schedules, in RawFilter<T> filter, T* panels, Execution execution)
    {
        Job job = new() { Schedules = schedules, Filter = filter, Panels = panels, Parts = filter.Shape.WeightCount <= SerialLimit ? 1 : execution.Threads };
        execution.Run(job.Parts, &RunPart, &job);
    }

    private struct Job
    {
        public ConvSchedule[] Schedules;
        public RawFilter<T> Filter;
        public T* Panels;
        public int Parts;
    }

    private static void RunPart(void* state, int part)
    {
        Job* job = (Job*)state;
        foreach (ConvSchedule schedule in job->Schedules)
        {
            int first = (int)((long)schedule.Panels.Count * part / job->Parts), last = (int)((long)schedule.Panels.Count * (part + 1) / job->Parts);
            for (int group = 0; group < job->Filter.Shape.Groups; group++)
            {
                T* panels = job->Panels + schedule.FilterStart + (group * schedule.FilterSize);
                foreach (ConvSchedule.Band band in schedule.Bands)
                {
                    for (int block = 0; block < schedule.Blocks; block++)
                    {
                        for (int panel = first; panel < last; panel++)
                            Panel(schedule, job->Filter, group, band, block, panel, panels + band.FilterOffset(block, panel));
                    }
                }
            }
        }
    }

    /// <summary>One panel.</summary>
    public static void Panel(ConvSchedule schedule, in RawFilter<T> filter, int group, ConvSchedule.Band band, int block, int panel, T* target)
    {
        // Row i and column c of the matrix are the kernel between output i and channel c.
        Conv2DShape shape = filter.Shape;
        int first = block * schedule.ChannelBlock, channels = Math.Min(schedule.ChannelBlock, schedule.Channels - first);
        nint kernel = (nint)shape.R * shape.S, outer = shape.C / shape.Groups * kernel;
        bool isForward = filter.Direction == ConvDirection.Forward;
        StridedMatrix<T> kernels = new() { Data = filter.Weights + (group * (nint)(shape.WeightCount / shape.Groups)), RowStride = isForward ? outer : kernel, ColumnStride = isForward ? kernel : outer };
        kernels = kernels.At(schedule.Panels.Start(panel), first);
        int taps = shape.R * shape.S, width = schedule.Panels.Rows(panel), outputs = schedule.PanelOutputs(panel);

        // Weights whose terms lie in order are one matrix, and so are single ones.
        if (band.Taps == taps && schedule.IsInKernelOrder && (taps == 1 || kernels.ColumnStride == taps))
        {
            if (taps > 1)
                kernels.ColumnStride = 1;
            Pack(schedule, kernels, outputs, channels * taps, target, width);
            return;
        }

        // Else kernel by kernel, or, where they are large, row by row: turned as a whole, and from there the terms in their order.
        int rows = taps * width <= MostElements ? shape.R : 1, terms = rows * shape.S;
        if (terms * width > MostElements)
            rows = terms = 0;
        T* turned = stackalloc T[Math.Max(1, terms * width)];
        for (int c = 0; c < channels; c++)
        {
            T* data = kernels.Data + (c * kernels.ColumnStride);
            if (rows > 1)
                Pack(schedule, new() { Data = data, RowStride = kernels.RowStride, ColumnStride = 1 }, outputs, terms, turned, width);
            for (int r = band.FirstTap; r < band.LastTap; r++)
            {
                int row = schedule.Grid.Rows[r].Kernel * shape.S;
                if (rows == 1)
                    Pack(schedule, new() { Data = data + row, RowStride = kernels.RowStride, ColumnStride = 1 }, outputs, terms, turned, width);
                foreach ((int s, _) in schedule.Grid.Columns)
                {
                    if (rows > 0)
                        RowCopy<TVec, T>.Gather(turned + ((rows == 1 ? s : row + s) * width), 1, target, width);
                    else
                        Pack(schedule, new() { Data = data + row + s, RowStride = kernels.RowStride, ColumnStride = 1 }, outputs, 1, target, width);
                    target += width;
                }
            }
        }
    }

    /// <summary>target[k * width + i] = matrix[i, k], zeros or junk of no consequence behind the outputs.</summary>
    private static void Pack(ConvSchedule schedule, StridedMatrix<T> matrix, int outputs, int terms, T* target, int width)
    {
        if (schedule.Lanes == ConvLanes.Outputs)
            MatrixPacking<TVec, T>.PackB(matrix.Transposed, terms, outputs, width, target);
        else
            MatrixPacking<TVec, T>.PackA(matrix, outputs, terms, T.One, target);
    }
}
