namespace SimdConv.Kernels;

internal readonly struct TileShape<TRows, TVectors, TWay> : ITileShape
    where TRows : struct, IConstant
    where TVectors : struct, IConstant
    where TWay : struct, ITileWay
{
    public static int Rows => TRows.Value;

    public static int Vectors => TVectors.Value;

    public static TileWay Way => TWay.Value;
}
