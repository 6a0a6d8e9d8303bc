namespace SimdConv.Packing;

/// <summary>The addresses of the outputs of a panel, as offsets from a first element.</summary>
internal unsafe struct OutputPlaces
{
    /// <summary>The outputs of the widest tile: four registers of 16 floats.</summary>
    private const int Most = 64;

    private fixed long places[Most];

    /// <summary>For each output how many outputs, it included and back from it, are neighbours in memory.</summary>
    private fixed int neighbours[Most];

    public int Count { get; init; }

    /// <summary>The offset of an output.</summary>
    public readonly nint this[int output] => (nint)places[output];

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
