using System.Numerics;

namespace SimdConv.Cli.Verification;

/// <summary>A check that did not hold.</summary>
internal sealed record Failure(string Shape, string Direction, string Type, SimdTier Tier, string Error);

/// <summary>Checks the library's operations in float and double against plain loops, and counts.</summary>
internal sealed class Verifier(IReadOnlyList<SimdTier> tiers, int threads, IResultFilter? filter = null)
{
    public IReadOnlyList<SimdTier> Tiers { get; } = tiers;

    public int Threads { get; } = threads;

    public IResultFilter? Filter { get; } = filter;

    public int Checks { get; private set; }

    /// <summary>The largest error seen, as a fraction of its bound; infinite where a result was NaN.</summary>
    public double Worst { get; private set; }

    public List<Failure> Failures { get; } = [];

    /// <summary>How many checks there were of each direction, in the order in which they first came up.</summary>
    public OrderedDictionary<string, int> Directions { get; } = [];

    /// <summary>Returns whether every check of the shape held.</summary>
    public bool Verify(ICheckable shape)
    {
        int before = Failures.Count;
        Verify<float>(shape);
        Verify<double>(shape);
        return Failures.Count == before;
    }

    /// <summary>Notes a check; a null error is one that held.</summary>
    public void Note(string shape, string direction, string type, SimdTier tier, double worst, string? error)
    {
        Checks++;
        Directions[direction] = Directions.GetValueOrDefault(direction) + 1;
        Worst = double.IsNaN(worst) ? double.PositiveInfinity : Math.Max(Worst, worst);
        if (error is not null)
            Failures.Add(new Failure(shape, direction, type, tier, error));
    }

    public static string Describe(Exception error) => $"{error.GetType().Name}: {error.Message}";

    private void Verify<T>(ICheckable shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        try
        {
            shape.Check(new Checker<T>(this, shape.ToString()!));
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            // A valid shape that the library makes no plan for.
            Failures.Add(new Failure(shape.ToString()!, "plan", Checker<T>.TypeName, Tiers[^1], Describe(error)));
        }
    }
}
