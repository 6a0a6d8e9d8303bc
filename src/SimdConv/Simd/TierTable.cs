namespace SimdConv.Simd;

/// <summary>The tiers. Whatever depends on which there are reads this table.</summary>
internal static class TierTable
{
    /// <summary>
    /// Data of <see cref="AppContext"/> in which the tests of this library put a tier of their own before the first call. As its
    /// type is internal, no other program can.
    /// </summary>
    public const string TestTier = "SimdConv.TestTier";

    /// <summary>
    /// Portable tiers first, then each family's, the slowest of it first: of those that a CPU has, the last one is the best.
    /// </summary>
    public static readonly Tier[] Rows =
    [
        new ScalarTier(),
        new VectorTier(),
        .. AppContext.GetData(TestTier) is Tier tier ? [tier] : Array.Empty<Tier>(),
        new Avx2Tier(),
        new Avx512Tier(),
        new NeonTier(),
    ];

    private static readonly Lazy<Tier> Fastest = new(() =>
        Array.FindLast(Rows, row => row.Family.IsThisCpu && row.IsInHardware && !row.IsForTests)!);

    /// <summary>The best tier that the CPU and the operating system offer, whatever this process was compiled for.</summary>
    public static Tier Hardware => Fastest.Value;

    /// <summary>The row of a tier; null for a number that is no tier's.</summary>
    public static Tier? Find(SimdTier id) => Array.Find(Rows, row => row.Id == id);

    /// <summary>The place in the order of preference.</summary>
    public static int Rank(Tier row) => Array.IndexOf(Rows, row);
}
