namespace SimdConv;

/// <summary>A cache of a core, or one that it shares with others.</summary>
/// <param name="Level">1 for the cache nearest to the core.</param>
/// <param name="Kind">What it holds.</param>
/// <param name="Bytes">Its size.</param>
public readonly record struct CpuCache(int Level, CpuCacheKind Kind, long Bytes);
