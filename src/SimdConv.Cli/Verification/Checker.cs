using System.Numerics;
using SimdConv.Cli.Training;

namespace SimdConv.Cli.Verification;

/// <summary>
/// Makes the data of one shape in one element type, and holds the library's results in each tier against what is expected.
/// </summary>
internal sealed class Checker<T>(Verifier owner, string shape)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static readonly string TypeName = typeof(T) == typeof(float) ? "float" : "double";

    private readonly Random64 random = new(1);
    private T[] guarded = [];

    /// <summary>The library's side of a check: fills the result in the tier that the execution names.</summary>
    public delegate void Operation(Span<T> result, Execution execution);

    public int Threads => owner.Threads;

    /// <summary>What has to be made for each tier ahead, such as a packed operand.</summary>
    public Func<Execution, TValue> ForEachTier<TValue>(Func<SimdTier, TValue> make)
    {
        Dictionary<SimdTier, TValue> values = owner.Tiers.ToDictionary(tier => tier, make);
        return execution => values[execution.Tier!.Value];
    }

    /// <summary>Numbers between -1 and 1, or between others.</summary>
    public T[] Data(int count, double reach = 1)
    {
        T[] data = new T[count];
        foreach (ref T value in data.AsSpan())
            value = T.CreateTruncating(reach * ((2 * random.NextDouble()) - 1));
        return data;
    }

    public static T[] Sizes(T[] data) => Array.ConvertAll(data, T.Abs);

    /// <summary>Checks sums of <paramref name="terms"/> terms, whose absolute values sum to <paramref name="gauge"/>.</summary>
    public void CheckSums(string direction, T[] expected, T[] gauge, long terms, Operation operation) =>
        Check(direction, expected, i => ErrorBound.OfSum<T>(double.CreateTruncating(gauge[i]), terms), operation);

    /// <summary>Checks results that no rounding may change.</summary>
    public void CheckExactly(string direction, T[] expected, Operation operation) =>
        Check(direction, expected, static _ => 0, operation);

    /// <summary>
    /// Runs the operation in each tier, on a result that is filled with NaN and lies between guards.
    /// </summary>
    /// <param name="direction">What reports call it.</param>
    /// <param name="expected">The right results; NaN where the operation must not write.</param>
    /// <param name="bound">How far each may be from it.</param>
    /// <param name="operation">Fills the result.</param>
    public void Check(string direction, T[] expected, Func<int, double> bound, Operation operation)
    {
        int length = expected.Length + (2 * ErrorBound.Guard);
        if (guarded.Length < length)
            guarded = new T[length];
        foreach (SimdTier tier in owner.Tiers)
        {
            // NaN stays where the library forgets to write.
            Span<T> all = guarded.AsSpan(0, length), result = all.Slice(ErrorBound.Guard, expected.Length);
            all.Fill(T.NaN);
            double worst = 0;
            string? error;
            try
            {
                operation(result, new Execution(owner.Threads, null, tier));
                owner.Filter?.Filter(direction, tier, result);
                (worst, error) = ErrorBound.Compare<T>(all, expected, bound);
            }
            catch (Exception thrown) when (thrown is not OutOfMemoryException)
            {
                error = Verifier.Describe(thrown);
            }

            owner.Note(shape, direction, TypeName, tier, worst, error);
        }
    }
}
