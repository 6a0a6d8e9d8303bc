namespace SimdConv.Cli.Verification;

/// <summary>The right elements of a product's C, and how far each may be off.</summary>
internal sealed record Expected<T>(T[] Values, double[] Bounds)
{
    public double Bound(int i) => Bounds[i];
}
