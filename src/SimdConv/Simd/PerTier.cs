namespace SimdConv.Simd;

/// <summary>
/// One object for each tier, made when the tier is first used; two threads may make one at once, and the first of them stays. It
/// is whole before it is there: Interlocked puts it in place, and reads are Volatile.
/// </summary>
internal readonly struct PerTier<TMade>(Func<SimdTier, TMade> make)
    where TMade : class
{
    private readonly TMade?[] made = new TMade?[TierTable.Rows.Length];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TMade Of(SimdTier tier) => Volatile.Read(ref made[(int)tier]) ?? Make(tier);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private TMade Make(SimdTier tier)
    {
        TMade one = make(tier);
        return Interlocked.CompareExchange(ref made[(int)tier], one, null) ?? one;
    }
}
