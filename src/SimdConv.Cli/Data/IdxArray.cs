namespace SimdConv.Cli.Data;

/// <summary>Unsigned bytes in 1, 3 or 4 dimensions, as an IDX file holds them.</summary>
internal sealed record IdxArray(int[] Dimensions, byte[] Values)
{
    public int Count => Dimensions[0];
}
