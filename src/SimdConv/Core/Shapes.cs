namespace SimdConv.Core;

/// <summary>Arithmetic of sizes: products without overflow, and common divisors.</summary>
internal static class Shapes
{
    /// <summary>
    /// A size as an int; the largest or smallest one for a size beyond, which only shapes have that no operation takes.
    /// </summary>
    public static int Saturate(long size) => (int)Math.Clamp(size, int.MinValue, int.MaxValue);

    /// <summary>The product of two sizes, saturated.</summary>
    public static int Multiply(int x, int y) => Saturate((long)x * y);

    /// <summary>A quotient rounded up, for a divisor above 0. Without a sign, no sum of both overflows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int DivideUp(int dividend, int divisor) =>
        dividend > 0 ? (int)(((uint)dividend + (uint)divisor - 1) / (uint)divisor) : dividend / divisor;

    /// <inheritdoc cref="DivideUp(int, int)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long DivideUp(long dividend, long divisor) =>
        dividend > 0 ? (long)(((ulong)dividend + (ulong)divisor - 1) / (ulong)divisor) : dividend / divisor;

    /// <summary>A size rounded up to a multiple of a unit; throws where that overflows.</summary>
    public static int RoundUp(int size, int unit) => checked(DivideUp(size, unit) * unit);

    /// <inheritdoc cref="RoundUp(int, int)"/>
    public static long RoundUp(long size, long unit) => checked(DivideUp(size, unit) * unit);

    /// <summary>
    /// The greatest common divisor of two numbers that aren't negative, by Euclid's algorithm; that of 0 and a number is the
    /// number.
    /// </summary>
    public static long CommonDivisor(long a, long b)
    {
        while (b != 0)
            (a, b) = (b, a % b);
        return a;
    }

    /// <summary>Padding on two sides of an axis, an odd pixel of it on the first or on the second one.</summary>
    public static (int Before, int After) Halves(long padding, bool isFirstLarger)
    {
        int less = (int)(padding / 2), more = (int)(padding - less);
        return isFirstLarger ? (more, less) : (less, more);
    }

    /// <summary>Refuses a product of sizes that an array of that many elements could not have.</summary>
    public static void RequireCountable(string argument, object value, params ReadOnlySpan<long> sizes)
    {
        Int128 product = 1;
        foreach (long size in sizes)
        {
            product *= size;
            if (product > Array.MaxLength)
                throw ArgumentErrors.OutOfRange(argument, value,
                    $"sizes whose product ({string.Join(" x ", sizes.ToArray())}) is at most {Array.MaxLength}");
        }
    }
}
