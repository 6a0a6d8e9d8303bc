namespace SimdConv.Loops;

/// <summary>
/// How a weight gradient is cut in items: chunks of output rows, groups, and blocks of a group's input and output channels. Items
/// of the same input channels follow each other.
/// </summary>
/// <param name="shape">The geometry.</param>
/// <param name="chunks">Chunks of output rows.</param>
/// <param name="channels">Input channels of an item at most.</param>
/// <param name="outputs">Output channels of an item at most.</param>
/// <param name="hasWeights">Whether dW is wanted.</param>
/// <param name="hasBias">Whether db is wanted.</param>
internal readonly struct GradientItems(
    Conv2DShape shape, int chunks, int channels, int outputs, bool hasWeights, bool hasBias)
{
    private readonly int blocks = hasWeights ? Shapes.DivideUp(shape.GroupChannels, channels) : 1,
        outputBlocks = Shapes.DivideUp(shape.GroupOutputs, outputs);

    public long Count => (long)chunks * shape.Groups * blocks * outputBlocks;

    /// <summary>Output channels of an item at most.</summary>
    public int OutputBlock => outputs;

    public GradientItem At(long index)
    {
        (long rest, long outputBlock) = Math.DivRem(index, outputBlocks);
        (rest, long block) = Math.DivRem(rest, blocks);
        GradientItem item = new()
        {
            Chunk = (int)(rest / shape.Groups),
            Group = (int)(rest % shape.Groups),
            Block = (int)block,
            FirstChannel = (int)block * channels,
            FirstOutput = (int)outputBlock * outputs,
            OwnsWeights = hasWeights,
            OwnsBias = hasBias && block == 0,
        };
        item.Channels = Math.Min(channels, shape.GroupChannels - item.FirstChannel);
        item.Outputs = Math.Min(outputs, shape.GroupOutputs - item.FirstOutput);
        item.Taps = item.Channels * shape.KernelSize;
        item.Output = ((nint)item.Group * shape.GroupOutputs) + item.FirstOutput;
        item.Weight = (item.Output * shape.Taps) + ((nint)item.FirstChannel * shape.KernelSize);
        return item;
    }
}
