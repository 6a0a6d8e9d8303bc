namespace SimdConv.Cli.Commands;

/// <summary>Tiers by the names that options and JSON use.</summary>
internal static class Tiers
{
    public static readonly string[] Names = [.. Enum.GetValues<SimdTier>().Select(NameOf)];

    public static string NameOf(SimdTier tier) => tier.ToString().ToLowerInvariant();

    /// <summary>The available tiers, slowest first.</summary>
    public static IReadOnlyList<SimdTier> Available()
    {
        try
        {
            return SimdSupport.Available;
        }
        catch (InvalidOperationException error)
        {
            // The environment variable that narrows the tiers holds nonsense.
            throw new InputException(error.Message, error);
        }
    }

    /// <summary>The named tier, or the best one if none is named.</summary>
    public static SimdTier Resolve(string? name)
    {
        IReadOnlyList<SimdTier> available = Available();
        if (name is null)
            return SimdSupport.Best;
        foreach (SimdTier tier in available)
        {
            if (NameOf(tier) == name)
                return tier;
        }

        throw new InputException(
            $"--tier is {name}; expected one that is available here: {string.Join(", ", available.Select(NameOf))}.");
    }
}
