namespace SimdConv.Packing;

/// <summary>
/// The rows of C of one group: the target's channels, each once for every phase that the grid stands for. Rows that are
/// neighbours in the target follow each other: the columns of a channel, or the channels of a pixel where these are neighbours in
/// memory.
/// </summary>
internal sealed class PhaseOutputs(TapGrid grid, int channels, ImageLayout target)
{
    /// <summary>Channels of one group.</summary>
    public int Channels => channels;

    /// <summary>Rows of C: at most as many as the target has elements.</summary>
    public int Count { get; } = checked(channels * grid.Phases);

    /// <summary>Adds how many rows there are, and whether neighbours are channels of a pixel, not columns.</summary>
    public void AddOrder(List<int> numbers) => numbers.AddRange(Count, grid.Phases > 1 && target.C == 1 ? 1 : 0);

    /// <summary>The channel of an output.</summary>
    public int Channel(int output) => target.C == 1 ? output % channels : output / grid.Phases;

    /// <summary>The addresses of some outputs in the target, counted from the first pixel of the first phase.</summary>
    public OutputPlaces InTarget(int first, int count)
    {
        OutputPlaces places = new() { Count = count };
        for (int i = 0; i < count; i++)
        {
            (int channel, int row, int column) = this[first + i];
            places.Set(i,
                (channel * target.C) + (grid.RowPhases[row].Origin * target.H) + (grid.ColumnPhases[column].Origin * target.W));
        }

        return places;
    }

    /// <summary>
    /// The addresses of some outputs' kernels among the weights, counted from the kernel of the first channel and phase.
    /// </summary>
    public OutputPlaces InWeights(int first, int count, nint nextChannel, int kernelWidth)
    {
        OutputPlaces places = new() { Count = count };
        for (int i = 0; i < count; i++)
        {
            (int channel, int row, int column) = this[first + i];
            places.Set(i,
                (channel * nextChannel) + ((nint)grid.RowPhases[row].Kernel * kernelWidth) + grid.ColumnPhases[column].Kernel);
        }

        return places;
    }

    private (int Channel, int Row, int Column) this[int output]
    {
        get
        {
            int phase = target.C == 1 ? output / channels : output % grid.Phases;
            return (Channel(output), phase / grid.ColumnPhases.Length, phase % grid.ColumnPhases.Length);
        }
    }
}
