namespace SimdConv.Samples.OnnxNetwork;

/// <summary>What a node of the graph writes, or the graph's input: an image of each element of the batch, or a row of features,
/// which is an image of one pixel.</summary>
internal sealed class Value(string name, int channels, int height, int width, bool isFlat)
{
    public string Name { get; } = name;

    public int Channels { get; } = channels;

    public int Height { get; } = height;

    public int Width { get; } = width;

    /// <summary>Whether ONNX has it as a matrix, a row an element of the batch.</summary>
    public bool IsFlat { get; } = isFlat;

    /// <summary>How often nodes read it; once more if it is the graph's output.</summary>
    public int Uses { get; set; }

    /// <summary>What computes it; null for the graph's input, for parts put together, and for another view of a value.</summary>
    public LinearLayer? Producer { get; init; }

    /// <summary>The value whose memory it lies in; null for memory of its own.</summary>
    public Value? Whole { get; set; }

    /// <summary>The first of its channels in <see cref="Whole"/>.</summary>
    public int FirstChannel { get; set; }

    public bool IsInput { get; init; }

    public bool IsOutput { get; set; }

    /// <summary>Whether its elements have to lie as ONNX orders them.</summary>
    public bool IsNchw { get; set; }

    /// <summary>Elements of one image.</summary>
    public int Elements => Channels * Height * Width;

    /// <summary>The value that has the memory.</summary>
    public Value Root => Whole?.Root ?? this;

    /// <summary>The first channel of this value in <see cref="Root"/>.</summary>
    public int RootChannel => Whole is null ? 0 : Whole.RootChannel + FirstChannel;

    public override string ToString() => IsFlat ? $"{Channels}" : $"{Channels}x{Height}x{Width}";
}
