namespace SimdConv.Simd;

/// <summary>CPUs with one machine language. Tiers of different families stand beside each other: no CPU has both.</summary>
/// <param name="Name">The name in messages.</param>
/// <param name="IsThisCpu">Whether this process runs on such a CPU.</param>
internal sealed record CpuFamily(string Name, bool IsThisCpu)
{
    /// <summary>Every CPU: tiers that are written in portable C#.</summary>
    public static readonly CpuFamily Any = new("any CPU", true);
}
