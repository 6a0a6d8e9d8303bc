namespace SimdConv.Reference;

/// <summary>
/// A sum of products kept in about twice the precision of <typeparamref name="T"/>: float in a double, double with the rounding
/// error of every product and addition in a second double (Ogita, Rump and Oishi's Dot2).
/// </summary>
internal struct Accumulator<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private double sum, error;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(T value)
    {
        double term = Widen(value);
        if (typeof(T) == typeof(float))
            sum += term;
        else
            AddExactly(term);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddProduct(T left, T right)
    {
        double a = Widen(left), b = Widen(right);
        if (typeof(T) == typeof(float))
        {
            sum += a * b; // The product of two floats is exact in double.
            return;
        }

        double product = a * b;
        error += Math.FusedMultiplyAdd(a, b, -product);
        AddExactly(product);
    }

    public void MultiplyBy(T factor)
    {
        double f = Widen(factor), product = sum * f;
        error = (error * f) + Math.FusedMultiplyAdd(sum, f, -product);
        sum = product;
    }

    /// <summary>The sum, rounded to T. An infinite or NaN sum has no meaningful error term.</summary>
    public readonly T Result => Narrow(double.IsFinite(sum) && double.IsFinite(error) ? sum + error : sum);

    public readonly T DividedBy(int divisor)
    {
        if (typeof(T) == typeof(float) || !double.IsFinite(sum) || !double.IsFinite(error))
            return Narrow(sum / divisor);
        double quotient = sum / divisor;
        return Narrow(quotient + ((Math.FusedMultiplyAdd(-quotient, divisor, sum) + error) / divisor));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void AddExactly(double term)
    {
        double total = sum + term, termSeen = total - sum;
        error += (sum - (total - termSeen)) + (term - termSeen);
        sum = total;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static double Widen(T value) =>
        typeof(T) == typeof(float) ? Unsafe.BitCast<T, float>(value) : Unsafe.BitCast<T, double>(value);

    private static T Narrow(double value) =>
        typeof(T) == typeof(float) ? Unsafe.BitCast<float, T>((float)value) : Unsafe.BitCast<double, T>(value);
}
