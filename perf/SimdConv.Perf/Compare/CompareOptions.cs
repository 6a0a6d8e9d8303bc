namespace SimdConv.Perf.Compare;

/// <summary>The element types that are compared.</summary>
internal enum ElementType
{
    Float,
    Double,
}

/// <summary>What <c>compare</c> was asked to do.</summary>
internal sealed record CompareOptions(
    int Threads, ElementType Type, IReadOnlySet<string> Peers, FileInfo? Shapes, DirectoryInfo? Data, double Seconds);
