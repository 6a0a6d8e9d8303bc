namespace SimdConv.Simd;

/// <summary>
/// The tiers that a process offers to calls, by the CPU, the program and the environment variable that narrows them.
/// </summary>
internal sealed class TierChoice
{
    private readonly string? error;

    /// <param name="rows">The table.</param>
    /// <param name="named">What the environment variable holds: the name of the last tier that is offered; null or empty for no
    /// limit.</param>
    public TierChoice(Tier[] rows, string? named)
    {
        Tier[] own = Array.FindAll(rows, row => row.Family.IsThisCpu);
        int limit = own.Length - 1;
        if (!string.IsNullOrEmpty(named))
        {
            const string Variable = $"The environment variable {SimdSupport.EnvironmentVariable} is";
            Limit = Array.Find(rows, row => row.Name.Equals(named, StringComparison.OrdinalIgnoreCase));
            limit = Array.IndexOf(own, Limit);
            if (Limit is null)
                error = $"{Variable} '{named}'; expected {Names(own, ", ")}.";
            else if (limit < 0)
                error = $"{Variable} '{named}', a tier of {Limit.Family.Name} CPUs, which this one is not; "
                    + $"expected {Names(own, ", ")}.";
            else if (!Array.Exists(own[..(limit + 1)], row => row.IsSupported))
                error = $"{Variable} '{named}', but this program was compiled without the tiers up to that; "
                    + $"expected {Names(Array.FindAll(own, row => row.IsSupported), " or ")}.";
        }

        Available = Array.FindAll(own[..(limit + 1)], row => row.IsSupported);
        Best = error is null ? Array.FindLast(Available, row => !row.IsForTests) : null;
    }

    /// <summary>The tier that the environment variable names; null where it names none.</summary>
    public Tier? Limit { get; }

    /// <summary>The tiers that calls may name, slowest first.</summary>
    public Tier[] Available { get; }

    /// <summary>The tier of calls that name none; null where the environment variable is wrong.</summary>
    public Tier? Best { get; }

    /// <summary>The exception of every use where the environment variable is wrong.</summary>
    public InvalidOperationException Wrong() => new(error);

    private static string Names(Tier[] rows, string separator)
    {
        string[] names = Array.ConvertAll(Array.FindAll(rows, row => !row.IsForTests), row => row.Name);
        return names.Length < 2 ? string.Concat(names) : $"{string.Join(separator, names[..^1])} or {names[^1]}";
    }
}
