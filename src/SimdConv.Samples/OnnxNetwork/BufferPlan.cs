namespace SimdConv.Samples.OnnxNetwork;

/// <summary>
/// Which memory each value gets. Values that are never needed at one time may share memory: the largest are placed first, each at
/// the lowest address at which it meets no placed value that lives at one time with it. Sizes are those of one image, so that one
/// plan serves all batches.
/// </summary>
internal sealed class BufferPlan
{
    /// <summary>Elements of a cache line: values begin at lines, whatever the batch is.</summary>
    private const int Line = 16;

    private readonly Dictionary<Value, int> starts = [];

    public BufferPlan(Graph graph, bool reuses)
    {
        Dictionary<Value, (int First, int Last)> lives = [];
        foreach ((int i, Layer layer) in graph.Layers.Index())
        {
            foreach (Value value in new[] { layer.Output, layer.Input, layer.Residual }.OfType<Value>().Select(v => v.Root))
                lives[value] = lives.TryGetValue(value, out (int First, int Last) life) ? (life.First, i) : (i, i);
        }

        Value[] owned = [.. lives.Keys.Where(value => !value.IsInput && !value.IsOutput).OrderByDescending(SizeOf)];
        foreach (Value value in owned)
        {
            int start = 0;
            foreach (Value other in starts.Keys.Where(MeetsInTime).OrderBy(other => starts[other]))
            {
                if (start + SizeOf(value) <= starts[other])
                    break;
                start = Math.Max(start, starts[other] + SizeOf(other));
            }

            starts[value] = start;
            Elements = Math.Max(Elements, start + SizeOf(value));

            bool MeetsInTime(Value other) =>
                !reuses || (lives[other].First <= lives[value].Last && lives[value].First <= lives[other].Last);
        }

        ElementsWithoutReuse = owned.Sum(SizeOf);
    }

    /// <summary>Of one image.</summary>
    public int Elements { get; }

    /// <summary>Of one image, with memory of its own for each value.</summary>
    public int ElementsWithoutReuse { get; }

    public Place PlaceOf(Value value, bool hasChannelsInnermost)
    {
        Value root = value.Root;
        int pixels = root.Height * root.Width;
        bool isInnermost = hasChannelsInnermost && !root.IsNchw;
        ImageLayout layout = isInnermost ? ImageLayout.Nhwc(root.Channels, root.Height, root.Width)
            : ImageLayout.Nchw(root.Channels, root.Height, root.Width);
        Memory memory = root.IsInput ? Memory.Input : root.IsOutput ? Memory.Output : Memory.Own;

        // A flattened image is one pixel of many channels.
        if (value.Elements == root.Elements)
            layout = value.Height == root.Height ? layout : ImageLayout.Nchw(value.Channels, value.Height, value.Width);
        return new Place(memory, starts.GetValueOrDefault(root), root.Elements, value.RootChannel * (isInnermost ? 1 : pixels),
            layout);
    }

    private static int SizeOf(Value value) => (value.Elements + Line - 1) / Line * Line;
}
