using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>
/// Lays weights out for the tiles: for each grid, group, band and block of channels, panels of outputs, in each the outputs of
/// one term k = (c, r, s) behind each other: what is broadcast, or whole registers with zeros behind the last output.
/// </summary>
internal static unsafe class FilterPacking<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Elements of a panel's kernels for one channel that are transposed on the stack.</summary>
    private const int MostElements = 4096;

    /// <summary>Elements below which a second thread costs more than it gives.</summary>
    private const int SerialLimit = 32_768;

    /// <param name="strategies">The grids of the pass.</param>
    /// <param name="filter">The weights.</param>
    /// <param name="panels">Where to.</param>
    /// <param name="execution">Threads: each packs its share of the panels.</param>
    public static void Run(ConvStrategy[] strategies, in RawFilter<T> filter, T* panels, Execution execution)
    {
        Job job = new() { Strategies = strategies, Filter = ref filter, Panels = panels };
        int parts = filter.Shape.WeightCount <= SerialLimit ? 1 : execution.Threads;
        WorkQueue.Run(ref job, parts, parts, execution);
    }

    private ref struct Job : ISharedWork
    {
        public ConvStrategy[] Strategies;
        public ref readonly RawFilter<T> Filter;
        public T* Panels;

        public readonly void Run(ref WorkQueue queue) => RunPart(in this, queue.Part, queue.Parts);
    }

    private static void RunPart(in Job job, int part, int parts)
    {
        ConvStrategy[] strategies = job.Strategies;
        Conv2DShape shape = job.Filter.Shape;
        int taps = shape.KernelSize;
        bool transposesOnce = strategies.Length > 1 && taps > 1 && (long)taps * strategies[0].Panels.Rows(0) <= MostElements;
        foreach (ConvStrategy strategy in strategies)
            transposesOnce &= strategy.Tile == strategies[0].Tile && strategy.PacksRegisters == strategies[0].PacksRegisters
                && strategy.Grid.Phases == 1;
        for (int group = 0; group < shape.Groups; group++)
        {
            foreach (ConvStrategy strategy in strategies)
            {
                int first = (int)((long)strategy.Panels.Count * part / parts),
                    last = (int)((long)strategy.Panels.Count * (part + 1) / parts);
                if (!transposesOnce)
                {
                    T* panels = job.Panels + strategy.FilterStart + (group * strategy.FilterSize);
                    PanelsOf(strategy, in job.Filter, group, first, last, panels);
                }

                for (int panel = first; panel < last && transposesOnce && strategy == strategies[0]; panel++)
                    PanelOfAll(strategies, in job.Filter, group, panel, job.Panels);
            }
        }
    }

    /// <summary>
    /// Panels of one grid. Outputs that lie side by side, as those of the input gradient of 1x1 do, are read in whole rows.
    /// </summary>
    private static void PanelsOf(ConvStrategy strategy, in RawFilter<T> filter, int group, int first, int last, T* panels)
    {
        bool inRows = filter.Direction == ConvDirection.InputGradient && filter.Shape.HasSingleTap && strategy.PacksRegisters
            && strategy.Grid.Phases == 1;
        foreach (ConvBand band in strategy.Bands)
        {
            for (int block = 0; block < strategy.Blocks && first < last && band.Taps > 0; block++)
            {
                if (inRows)
                {
                    int channel = block * strategy.ChannelBlock, start = strategy.Panels.Start(first);
                    int outputs = Math.Min(strategy.Panels.Start(last), strategy.Outputs) - start;
                    int channels = Math.Min(strategy.ChannelBlock, strategy.Channels - channel);
                    Pack(strategy, Kernels(strategy, filter, group, first).At(0, channel), outputs, channels,
                        panels + band.FilterOffset(block, first), strategy.Panels.Rows(first));
                    continue;
                }

                for (int panel = first; panel < last; panel++)
                    Panel(strategy, filter, group, band, block, panel, panels + band.FilterOffset(block, panel));
            }
        }
    }

    /// <summary>
    /// One panel of all grids, phases of a stride: each kernel is transposed once, and its terms go to where they belong.
    /// </summary>
    private static void PanelOfAll(ConvStrategy[] strategies, in RawFilter<T> filter, int group, int panel, T* panels)
    {
        int taps = filter.Shape.KernelSize, width = strategies[0].Panels.Rows(panel);
        T* transposed = stackalloc T[taps * width];
        StridedMatrix<T> kernels = Kernels(strategies[0], filter, group, panel);
        for (int c = 0; c < strategies[0].Channels; c++)
        {
            Transpose(strategies[0], kernels.At(0, c), panel, taps, transposed);
            foreach (ConvStrategy strategy in strategies)
            {
                int block = c / strategy.ChannelBlock;
                foreach (ConvBand band in strategy.Bands)
                {
                    T* target = panels + strategy.FilterStart + (group * strategy.FilterSize) + band.FilterOffset(block, panel);
                    nint channel = c - (block * strategy.ChannelBlock);
                    Distribute(strategy, band, filter.Shape.S, transposed, width, target + (channel * band.Taps * width));
                }
            }
        }
    }

    /// <summary>One panel of one band and block of channels.</summary>
    public static void Panel(ConvStrategy strategy, in RawFilter<T> filter, int group, ConvBand band, int block, int panel,
        T* target)
    {
        int first = block * strategy.ChannelBlock, channels = Math.Min(strategy.ChannelBlock, strategy.Channels - first);
        int taps = filter.Shape.KernelSize, width = strategy.Panels.Rows(panel);
        if (strategy.Grid.Phases > 1)
        {
            PanelOfPhases(strategy, filter, group, band, first, channels, panel, target);
            return;
        }

        StridedMatrix<T> kernels = Kernels(strategy, filter, group, panel).At(0, first);

        // Weights whose terms are in the kernel's order are one matrix, and so are those of a single tap.
        if (band.Taps == taps && strategy.Grid.IsInKernelOrder && (taps == 1 || kernels.ColumnStride == taps))
        {
            if (taps > 1)
                kernels.ColumnStride = 1;
            Pack(strategy, kernels, strategy.PanelOutputs(panel), channels * taps, target, width);
            return;
        }

        bool isShort = (long)taps * width <= MostElements;
        T* transposed = stackalloc T[isShort ? taps * width : Math.Max(MostElements, width)];
        for (int c = 0; c < channels; c++, target += (nint)band.Taps * width)
        {
            if (isShort)
            {
                Transpose(strategy, kernels.At(0, c), panel, taps, transposed);
                Distribute(strategy, band, filter.Shape.S, transposed, width, target);
                continue;
            }

            DistributeLong(strategy, band, filter.Shape.S, kernels.At(0, c), panel, transposed, target);
        }
    }

    /// <summary>
    /// The terms of one channel that a band has, of a kernel that doesn't fit on the stack: neighbouring columns at a time.
    /// </summary>
    private static void DistributeLong(ConvStrategy strategy, ConvBand band, int kernelWidth, StridedMatrix<T> kernels, int panel,
        T* transposed, T* target)
    {
        int width = strategy.Panels.Rows(panel), most = MostElements / width;
        (int Kernel, int Offset)[] columns = strategy.Grid.Columns;
        T* kernel = kernels.Data;
        for (int r = band.FirstTap; r < band.LastTap; r++)
        {
            for (int s = 0, last; s < columns.Length; s = last)
            {
                int low = columns[s].Kernel, high = low;
                for (last = s + 1; last < columns.Length
                    && Math.Max(high, columns[last].Kernel) - Math.Min(low, columns[last].Kernel) < most; last++)
                    (low, high) = (Math.Min(low, columns[last].Kernel), Math.Max(high, columns[last].Kernel));
                kernels.Data = kernel + ((nint)strategy.Grid.Rows[r].Kernel * kernelWidth) + low;
                Transpose(strategy, kernels, panel, high - low + 1, transposed);
                for (int i = s; i < last; i++, target += width)
                    Copy(transposed + ((nint)(columns[i].Kernel - low) * width), target, width);
            }
        }
    }

    /// <summary>One panel of a grid that stands for several phases: for each term a weight of each output.</summary>
    private static void PanelOfPhases(ConvStrategy strategy, in RawFilter<T> filter, int group, ConvBand band, int first,
        int channels, int panel, T* target)
    {
        Conv2DShape shape = filter.Shape;
        StridedMatrix<T> kernels = Kernels(filter, group);
        int width = strategy.Panels.Rows(panel), outputs = strategy.PanelOutputs(panel);
        OutputPlaces places = strategy.PhaseOutputs.InWeights(strategy.Panels.Start(panel), outputs, kernels.RowStride, shape.S);
        for (int c = first; c < first + channels; c++)
        {
            for (int k = 0; k < band.Taps; k++, target += width)
            {
                places.Gather<TVec, T>(kernels.At(0, c).Data + Tap(strategy, band, shape.S, k), target);
                new Span<T>(target + outputs, width - outputs).Clear();
            }
        }
    }

    /// <summary>
    /// The matrix whose row i and column c is the kernel between output i of a panel and channel c of the group.
    /// </summary>
    private static StridedMatrix<T> Kernels(ConvStrategy strategy, in RawFilter<T> filter, int group, int panel) =>
        Kernels(filter, group).At(strategy.Panels.Start(panel), 0);

    /// <summary>The same for channel i of the group's outputs.</summary>
    public static StridedMatrix<T> Kernels(in RawFilter<T> filter, int group)
    {
        Conv2DShape shape = filter.Shape;
        nint kernel = shape.KernelSize, outer = shape.GroupChannels * kernel;
        bool isForward = filter.Direction == ConvDirection.Forward;
        return new StridedMatrix<T>
        {
            Data = filter.Weights + (group * (nint)(shape.WeightCount / shape.Groups)),
            RowStride = isForward ? outer : kernel,
            ColumnStride = isForward ? kernel : outer,
        };
    }

    /// <summary>The first terms of each output's kernel: transposed[k * width + i].</summary>
    private static void Transpose(ConvStrategy strategy, StridedMatrix<T> kernels, int panel, int terms, T* transposed) =>
        Pack(strategy, kernels with { ColumnStride = 1 }, strategy.PanelOutputs(panel), terms, transposed,
            strategy.Panels.Rows(panel));

    /// <summary>The place in the kernel of a band's k-th tap.</summary>
    private static int Tap(ConvStrategy strategy, ConvBand band, int kernelWidth, int k)
    {
        TapGrid grid = strategy.Grid;
        return (grid.Rows[band.FirstTap + (k / grid.Columns.Length)].Kernel * kernelWidth)
            + grid.Columns[k % grid.Columns.Length].Kernel;
    }

    /// <summary>The terms of one channel that a band has, in its order.</summary>
    private static void Distribute(ConvStrategy strategy, ConvBand band, int kernelWidth, T* transposed, int width, T* target)
    {
        for (int r = band.FirstTap; r < band.LastTap; r++)
        {
            T* row = transposed + ((nint)strategy.Grid.Rows[r].Kernel * kernelWidth * width);
            foreach ((int s, _) in strategy.Grid.Columns)
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
    private static void Pack(ConvStrategy strategy, StridedMatrix<T> matrix, int outputs, int terms, T* target, int width)
    {
        if (strategy.PacksRegisters)
            MatrixPacking<TVec, T>.PackB(matrix.Transposed, terms, outputs, width, target);
        else
            MatrixPacking<TVec, T>.PackA(matrix, outputs, terms, T.One, target);
    }
}
