namespace SimdConv.Perf.Compare;

/// <summary>The element types that are compared.</summary>
internal enum ElementType
{
    Float,
    Double,
}

/// <summary>How SimdConv's images lie in a batch; those of the peers are in NCHW.</summary>
internal enum ImageOrder
{
    Nchw,
    Chwn,
}

/// <summary>What <c>compare</c> was asked to do.</summary>
internal sealed record CompareOptions(
    int Threads, ElementType Type, IReadOnlySet<string> Peers, IReadOnlyList<FileInfo>? Shapes, DirectoryInfo? Data,
    double Seconds)
{
    public ImageOrder Layout { get; init; }

    /// <summary>The network of the suite epoch: a description or a file that holds one; LeNet-5 if null.</summary>
    public string? Net { get; init; }

    /// <summary>The ONNX file of the suite network; ResNet-18 if null.</summary>
    public FileInfo? Model { get; init; }

    /// <summary>The batches of the suite network; its own ones if null.</summary>
    public IReadOnlyList<int>? Batches { get; init; }

    /// <summary>
    /// winograd or direct: how convolutions are computed that Winograd's algorithm suits; null for each suite's own way.
    /// </summary>
    public string? Algorithm { get; init; }
}
