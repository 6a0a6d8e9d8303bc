using System.Diagnostics.CodeAnalysis;

namespace SimdConv.Core;

/// <summary>The library's exceptions: each names the argument, its value and what was expected.</summary>
internal static class ArgumentErrors
{
    public static ArgumentOutOfRangeException OutOfRange(string argument, object? value, string expected) =>
        new(argument, value, $"{argument} is {value}; expected {expected}.");

    public static ArgumentException TierNotAvailable(SimdTier tier, IEnumerable<SimdTier> available) =>
        new($"execution.Tier is {tier}; expected one of the tiers available in this process: {string.Join(", ", available)}.",
            "execution");

    public static ArgumentException TooShort(string argument, long length, long needed, string what) =>
        new($"{argument} holds {length} elements; expected at least {needed} for {what}.", argument);

    public static ArgumentException Overlap(string output, string input) =>
        new($"{output} shares elements with {input}; expected memory of its own.", output);

    public static NotSupportedException ElementType<T>() =>
        new($"The element type is {typeof(T)}; expected float or double.");

    public static TArgument RequireNotNull<TArgument>(TArgument? value, string argument)
        where TArgument : class =>
        value ?? throw new ArgumentNullException(argument);

    public static void RequireAtLeast(int value, int least, string argument)
    {
        if (value < least)
            ThrowBelow(value, least, argument);
    }

    // Apart, so that the check is small enough to be inlined.
    [DoesNotReturn]
    private static void ThrowBelow(int value, int least, string argument) =>
        throw OutOfRange(argument, value, $"{least} or more");

    public static void RequireLength<T>(ReadOnlySpan<T> span, long needed, string what,
        [CallerArgumentExpression(nameof(span))] string argument = "")
    {
        if (span.Length < needed)
            throw TooShort(argument, span.Length, needed, what);
    }

    public static void RequireBatch<T>(ReadOnlySpan<T> span, long needed, int batch,
        [CallerArgumentExpression(nameof(span))] string argument = "")
    {
        if (span.Length < needed)
            throw TooShort(argument, span.Length, needed, $"a batch of {batch}");
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void RequireElementType<T>()
    {
        if (typeof(T) != typeof(float) && typeof(T) != typeof(double))
            throw ElementType<T>();
    }
}
