namespace SimdConv.Cli.Verification;

/// <summary>
/// A sum of products in about twice the precision of double: the rounding error of each product and addition is kept in a
/// second double (Ogita, Rump and Oishi's Dot2). Of floats the sum is as good as exact.
/// </summary>
internal struct Precise
{
    private double sum, error;

    /// <summary>The sum, rounded once.</summary>
    public readonly double Value => sum + error;

    public void Add(double term)
    {
        double total = sum + term, seen = total - sum;
        error += (sum - (total - seen)) + (term - seen);
        sum = total;
    }

    public void AddProduct(double a, double b)
    {
        double product = a * b;
        error += Math.FusedMultiplyAdd(a, b, -product);
        Add(product);
    }

    public readonly Precise Times(double factor)
    {
        double product = sum * factor;
        return new Precise { sum = product, error = (error * factor) + Math.FusedMultiplyAdd(sum, factor, -product) };
    }
}
