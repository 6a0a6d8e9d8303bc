namespace SimdConv.Perf.Suites;

/// <summary>A shape that knows how much arithmetic one call is.</summary>
internal interface IWork
{
    /// <summary>Multiplications and additions; only a tile's depend on the tier.</summary>
    double FlopsIn(SimdTier tier);
}
