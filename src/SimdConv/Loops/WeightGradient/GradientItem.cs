namespace SimdConv.Loops;

/// <summary>
/// A part of one group's dW and db that a thread sums up over a chunk of output rows: see <see cref="GradientItems"/>.
/// </summary>
internal struct GradientItem
{
    public int Chunk, Group;

    /// <summary>The block of the group's input channels, its first channel, and how many it has.</summary>
    public int Block, FirstChannel, Channels;

    /// <summary>The first output channel within the group, and how many.</summary>
    public int FirstOutput, Outputs;

    /// <summary>Taps of all its input channels.</summary>
    public int Taps;

    /// <summary>Whether the item sums up weights, and the bias: the first block of input channels does that.</summary>
    public bool OwnsWeights, OwnsBias;

    /// <summary>The first output channel among those of all groups: its place in db.</summary>
    public nint Output;

    /// <summary>The place of the first weight in dW.</summary>
    public nint Weight;

    public readonly void Trace()
    {
        CallTrace.Reach("chunk", Chunk);
        CallTrace.Reach("group", Group);
        CallTrace.Reach("block", Block);
        CallTrace.Reach("outputs", FirstOutput);
    }
}
