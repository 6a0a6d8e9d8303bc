namespace SimdConv.Loops;

/// <summary>The ways through a pooling, by what is in lanes.</summary>
internal enum PoolWay
{
    Planes,
    Windows,
    Images,

    /// <summary>Planes, but windows are read piece by piece.</summary>
    Pieces,
}
