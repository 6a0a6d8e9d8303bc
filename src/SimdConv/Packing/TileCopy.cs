using SimdConv.Kernels;

namespace SimdConv.Packing;

/// <summary>
/// Moves a tile, whose lanes are neighbours in memory, to and from an image in which they are any distance apart. Where the rows
/// of the tile are neighbours in the image (NHWC, with channels in the rows), blocks are transposed in registers.
/// </summary>
internal static unsafe class TileCopy<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>image[i * rowStride + j * laneStride] = tile[i * ld + j] for i &lt; rows, j &lt; lanes.</summary>
    public static void Store(T* tile, nint ld, int rows, int lanes, T* image, nint rowStride, nint laneStride)
    {
        if (IsTurned(rowStride, laneStride, rows))
        {
            TransposePacking<TVec, T>.Transpose(tile, ld, rows, lanes, image, laneStride, padded: rows);
            return;
        }

        for (int i = 0; i < rows; i++)
            RowCopy<TVec, T>.Scatter(tile + (i * ld), image + (i * rowStride), laneStride, lanes);
    }

    /// <summary>tile = scale * image, plus tile where <paramref name="accumulate"/> is set.</summary>
    [SkipLocalsInit]
    public static void Load(
        T* image, nint rowStride, nint laneStride, T scale, bool accumulate, T* tile, nint ld, int rows, int lanes)
    {
        int w = TVec.Count;
        T* turned = stackalloc T[w * w];
        TVec factor = TVec.Broadcast(scale);
        for (int i = 0; i < rows; i += w)
        {
            int height = Math.Min(w, rows - i);
            for (int j = 0; j < lanes; j += w)
            {
                int width = Math.Min(w, lanes - j);
                T* from = image + (i * rowStride) + (j * laneStride), to = tile + (i * ld) + j;
                nint next = rowStride, step = laneStride;
                if (IsTurned(rowStride, laneStride, rows))
                {
                    TransposeBlocks<TVec, T>.Run(from, laneStride, width, height, turned, w, turned + (w * w));
                    from = turned;
                    next = w;
                    step = 1;
                }

                for (int row = 0; row < height; row++, from += next, to += ld)
                {
                    TVec x = RowCopy<TVec, T>.LoadUpTo(from, step, width);
                    RowCopy<TVec, T>.StoreUpTo(to,
                        accumulate ? TVec.MulAdd(factor, x, RowCopy<TVec, T>.LoadUpTo(to, width)) : TVec.Multiply(factor, x),
                        width);
                }
            }
        }
    }

    private static bool IsTurned(nint rowStride, nint laneStride, int rows) => rowStride == 1 && rows > 1 && laneStride >= rows;
}
