using System.Numerics;

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

/// <summary>The addresses of the outputs of a panel, as offsets from a first element.</summary>
internal unsafe struct OutputPlaces
{
    /// <summary>The outputs of the widest tile: four registers of 16 floats.</summary>
    private const int Most = 64;

    private fixed long places[Most];

    /// <summary>For each output how many outputs, it included and back from it, are neighbours in memory.</summary>
    private fixed int neighbours[Most];

    public int Count { get; init; }

    public void Set(int output, nint place)
    {
        places[output] = place;
        neighbours[output] = output > 0 && places[output - 1] == place - 1 ? neighbours[output - 1] + 1 : 1;
    }

    /// <summary>row[i] = memory[offset of i].</summary>
    public void Gather<TVec, T>(T* memory, T* row)
        where TVec : unmanaged, ILanes<TVec, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int i = 0; i < Count;)
        {
            int last = i + TVec.Count - 1;
            if (last < Count && neighbours[last] >= TVec.Count)
            {
                TVec.Store(row + i, TVec.Load(memory + places[i]));
                i = last + 1;
                continue;
            }

            row[i] = memory[places[i]];
            i++;
        }
    }

    /// <summary>memory[offset of i] = row[i].</summary>
    public void Scatter<TVec, T>(T* row, T* memory)
        where TVec : unmanaged, ILanes<TVec, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int i = 0; i < Count;)
        {
            int last = i + TVec.Count - 1;
            if (last < Count && neighbours[last] >= TVec.Count)
            {
                TVec.Store(memory + places[i], TVec.Load(row + i));
                i = last + 1;
                continue;
            }

            memory[places[i]] = row[i];
            i++;
        }
    }
}
