using System.Numerics;
using SimdConv.Core;
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
    /// <summary>Elements of a panel's kernels for one channel that are turned on the stack.</summary>
    private const int MostElements = 4096;

    /// <summary>Elements below which a second thread costs more than it gives.</summary>
    private const int SerialLimit = 32_768;

    /// <param name="schedules">The grids of the pass.</param>
    /// <param name="filter">The weights.</param>
    /// <param name="panels">Where to.</param>
    /// <param name="execution">Threads: each packs its share of the panels.</param>
    public static void Run(ConvSchedule[] schedules, in RawFilter<T> filter, T* panels, Execution execution)
    {
        Job job = new() { Schedules = schedules, Filter = ref filter, Panels = panels };
        int parts = filter.Shape.WeightCount <= SerialLimit ? 1 : execution.Threads;
        WorkQueue.Run(ref job, parts, parts, execution);
    }

    private ref struct Job : ISharedWork
    {
        public ConvSchedule[] Schedules;
        public ref readonly RawFilter<T> Filter;
        public T* Panels;

        public readonly void Run(ref WorkQueue queue) => RunPart(in this, queue.Part, queue.Parts);
    }

    private static void RunPart(in Job job, int part, int parts)
    {
        ConvSchedule[] schedules = job.Schedules;
        Conv2DShape shape = job.Filter.Shape;
        int taps = shape.R * shape.S;
        bool turnOnce = schedules.Length > 1 && taps > 1 && (long)taps * schedules[0].Panels.Rows(0) <= MostElements;
        foreach (ConvSchedule schedule in schedules)
            turnOnce &= schedule.Tile == schedules[0].Tile && schedule.Lanes == schedules[0].Lanes && schedule.Grid.Phases == 1;
        for (int group = 0; group < shape.Groups; group++)
        {
            foreach (ConvSchedule schedule in schedules)
            {
                int first = (int)((long)schedule.Panels.Count * part / parts), last = (int)((long)schedule.Panels.Count * (part + 1) / parts);
                if (!turnOnce)
                    PanelsOf(schedule, in job.Filter, group, first, last, job.Panels + schedule.FilterStart + (group * schedule.FilterSize));
                for (int panel = first; panel < last && turnOnce && schedule == schedules[0]; panel++)
                    PanelOfAll(schedules, in job.Filter, group, panel, job.Panels);
            }
        }
    }

    /// <summary>Panels of one grid. Outputs that lie side by side, as those of the input gradient of 1x1 do, are read in whole rows.</summary>
    private static void PanelsOf(ConvSchedule schedule, in RawFilter<T> filter, int group, int first, int last, T* panels)
    {
        bool inRows = filter.Direction == ConvDirection.InputGradient && filter.Shape.R * filter.Shape.S == 1 && schedule.Lanes == ConvLanes.Outputs && schedule.Grid.Phases == 1;
        foreach (ConvSchedule.Band band in schedule.Bands)
        {
            for (int block = 0; block < schedule.Blocks && first < last && band.Taps > 0; block++)
            {
                if (inRows)
                {
                    int channel = block * schedule.ChannelBlock, start = schedule.Panels.Start(first);
                    int outputs = Math.Min(schedule.Panels.Start(last - 1) + schedule.Panels.Rows(last - 1), schedule.Outputs) - start;
                    Pack(schedule, Kernels(schedule, filter, group, first).At(0, channel), outputs, Math.Min(schedule.ChannelBlock, schedule.Channels - channel),
                        panels + band.FilterOffset(block, first), schedule.Panels.Rows(first));
                    continue;
                }

                for (int panel = first; panel < last; panel++)
                    Panel(schedule, filter, group, band, block, panel, panels + band.FilterOffset(block, panel));
            }
        }
    }

    /// <summary>One panel of all grids, phases of a stride: each kernel is turned once, and its terms go to where they belong.</summary>
    private static void PanelOfAll(ConvSchedule[] schedules, in RawFilter<T> filter, int group, int panel, T* panels)
    {
        int taps = filter.Shape.R * filter.Shape.S, width = schedules[0].Panels.Rows(panel);
        T* turned = stackalloc T[taps * width];
        StridedMatrix<T> kernels = Kernels(schedules[0], filter, group, panel);
        for (int c = 0; c < schedules[0].Channels; c++)
        {
            Turn(schedules[0], kernels.At(0, c), panel, taps, turned);
            foreach (ConvSchedule schedule in schedules)
            {
                int block = c / schedule.ChannelBlock;
                foreach (ConvSchedule.Band band in schedule.Bands)
                {
                    T* target = panels + schedule.FilterStart + (group * schedule.FilterSize) + band.FilterOffset(block, panel);
                    Distribute(schedule, band, filter.Shape.S, turned, width, target + ((nint)(c - (block * schedule.ChannelBlock)) * band.Taps * width));
                }
            }
        }
    }

    /// <summary>One panel of one band and block of channels.</summary>
    public static void Panel(ConvSchedule schedule, in RawFilter<T> filter, int group, ConvSchedule.Band band, int block, int panel, T* target)
    {
        int first = block * schedule.ChannelBlock, channels = Math.Min(schedule.ChannelBlock, schedule.Channels - first);
        int taps = filter.Shape.R * filter.Shape.S, width = schedule.Panels.Rows(panel);
        if (schedule.Grid.Phases > 1)
        {
            PanelOfPhases(schedule, filter, group, band, first, channels, panel, target);
            return;
        }

        StridedMatrix<T> kernels = Kernels(schedule, filter, group, panel).At(0, first);

        // Weights whose terms lie in order are one matrix, and so are single ones.
        if (band.Taps == taps && schedule.IsInKernelOrder && (taps == 1 || kernels.ColumnStride == taps))
        {
            if (taps > 1)
                kernels.ColumnStride = 1;
            Pack(schedule, kernels, schedule.PanelOutputs(panel), channels * taps, target, width);
            return;
        }

        bool isShort = (long)taps * width <= MostElements;
        T* turned = stackalloc T[isShort ? taps * width : Math.Max(MostElements, width)];
        for (int c = 0; c < channels; c++, target += (nint)band.Taps * width)
        {
            if (isShort)
            {
                Turn(schedule, kernels.At(0, c), panel, taps, turned);
                Distribute(schedule, band, filter.Shape.S, turned, width, target);
                continue;
            }

            DistributeLong(schedule, band, filter.Shape.S, kernels.At(0, c), panel, turned, target);
        }
    }

    /// <summary>The terms of one channel that a band has, of a kernel that doesn't fit on the stack: neighbouring columns at a time.</summary>
    private static void DistributeLong(ConvSchedule schedule, ConvSchedule.Band band, int kernelWidth, StridedMatrix<T> kernels, int panel, T* turned, T* target)
    {
        int width = schedule.Panels.Rows(panel), most = MostElements / width;
        (int Kernel, int Offset)[] columns = schedule.Grid.Columns;
        T* kernel = kernels.Data;
        for (int r = band.FirstTap; r < band.LastTap; r++)
        {
            for (int s = 0, last; s < columns.Length; s = last)
            {
                int low = columns[s].Kernel, high = low;
                for (last = s + 1; last < columns.Length && Math.Max(high, columns[last].Kernel) - Math.Min(low, columns[last].Kernel) < most; last++)
                    (low, high) = (Math.Min(low, columns[last].Kernel), Math.Max(high, columns[last].Kernel));
                kernels.Data = kernel + ((nint)schedule.Grid.Rows[r].Kernel * kernelWidth) + low;
                Turn(schedule, kernels, panel, high - low + 1, turned);
                for (int i = s; i < last; i++, target += width)
                    Copy(turned + ((nint)(columns[i].Kernel - low) * width), target, width);
            }
        }
    }

    /// <summary>One panel of a grid that stands for several phases: for each term a weight of each output.</summary>
    private static void PanelOfPhases(ConvSchedule schedule, in RawFilter<T> filter, int group, ConvSchedule.Band band, int first, int channels, int panel, T* target)
    {
        Conv2DShape shape = filter.Shape;
        StridedMatrix<T> kernels = Kernels(filter, group);
        int width = schedule.Panels.Rows(panel), outputs = schedule.PanelOutputs(panel);
        OutputPlaces places = schedule.PhaseOutputs.InWeights(schedule.Panels.Start(panel), outputs, kernels.RowStride, shape.S);
        for (int c = first; c < first + channels; c++)
        {
            for (int k = 0; k < band.Taps; k++, target += width)
            {
                places.Gather<TVec, T>(kernels.At(0, c).Data + Tap(schedule, band, shape.S, k), target);
                new Span<T>(target + outputs, width - outputs).Clear();
            }
        }
    }

    /// <summary>The matrix whose row i and column c is the kernel between output i of a panel and channel c of the group.</summary>
    private static StridedMatrix<T> Kernels(ConvSchedule schedule, in RawFilter<T> filter, int group, int panel) =>
        Kernels(filter, group).At(schedule.Panels.Start(panel), 0);

    /// <summary>The same for channel i of the group's outputs.</summary>
    private static StridedMatrix<T> Kernels(in RawFilter<T> filter, int group)
    {
        Conv2DShape shape = filter.Shape;
        nint kernel = (nint)shape.R * shape.S, outer = shape.C / shape.Groups * kernel;
        bool isForward = filter.Direction == ConvDirection.Forward;
        return new StridedMatrix<T>
        {
            Data = filter.Weights + (group * (nint)(shape.WeightCount / shape.Groups)),
            RowStride = isForward ? outer : kernel,
            ColumnStride = isForward ? kernel : outer,
        };
    }

    /// <summary>The first terms of each output's kernel: turned[k * width + i].</summary>
    private static void Turn(ConvSchedule schedule, StridedMatrix<T> kernels, int panel, int terms, T* turned) =>
        Pack(schedule, kernels with { ColumnStride = 1 }, schedule.PanelOutputs(panel), terms, turned, schedule.Panels.Rows(panel));

    /// <summary>The place in the kernel of a band's k-th tap.</summary>
    private static int Tap(ConvSchedule schedule, ConvSchedule.Band band, int kernelWidth, int k)
    {
        TapGrid grid = schedule.Grid;
        return (grid.Rows[band.FirstTap + (k / grid.Columns.Length)].Kernel * kernelWidth) + grid.Columns[k % grid.Columns.Length].Kernel;
    }

    /// <summary>The terms of one channel that a band has, in its order.</summary>
    private static void Distribute(ConvSchedule schedule, ConvSchedule.Band band, int kernelWidth, T* turned, int width, T* target)
    {
        for (int r = band.FirstTap; r < band.LastTap; r++)
        {
            T* row = turned + ((nint)schedule.Grid.Rows[r].Kernel * kernelWidth * width);
            foreach ((int s, _) in schedule.Grid.Columns)
            {
                Copy(row + ((nint)s * width), target, width);
                target += width;
            }
        }
    }

    private static void Copy(T* from, T* to, int width)
    {
        int j = 0;
        for (; j + TVec.Count <= width; j += TVec.Count)
            TVec.Store(to + j, TVec.Load(from + j));
        if (j < width)
            TVec.StorePartial(to + j, TVec.LoadPartial(from + j, width - j), width - j);
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
