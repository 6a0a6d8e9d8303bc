using SimdConv.Kernels;
using System.Numerics;

namespace SimdConv.Packing;

/// <summary>
/// The part of a target image that a strip of a grid covers, to move rows of tiles to and from it. A tile's columns count
/// positions row by row, <c>pitch</c> from one row of the grid to the next, of which the first Width are real.
/// </summary>
internal readonly unsafe struct TargetWindow<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly T* origin;
    private readonly nint channelStride, rowStride, pixelStride;
    private readonly int width;
    private readonly bool contiguous;

    public TargetWindow(TapGrid grid, ImageLayout layout, T* image, int row, int rows)
    {
        width = grid.Width;
        channelStride = layout.C;
        rowStride = grid.StepH * layout.H;
        pixelStride = grid.StepW * layout.W;
        origin = image + ((grid.OriginH + ((nint)row * grid.StepH)) * layout.H) + (grid.OriginW * layout.W);
        contiguous = pixelStride == 1 && (rowStride == width || rows == 1);
    }

    /// <summary>tile = beta * target; columns between rows are left as they are.</summary>
    public void Load(int m, int rows, int position, int count, int pitch, T* tile, nint ld, T beta)
    {
        int w = TVec.Count;
        TVec scale = TVec.Broadcast(beta);
        for (int i = 0; i < rows; i++, m++, tile += ld)
        {
            for (int at = 0; Next(ref at, position, count, pitch, out int length, out nint offset); at += length)
            {
                T* from = origin + (m * channelStride) + offset;
                int j = 0;
                if (pixelStride == 1)
                {
                    for (; j + w <= length; j += w)
                        TVec.Store(tile + at + j, TVec.Multiply(scale, TVec.Load(from + j)));
                }

                for (; j < length; j++)
                    tile[at + j] = beta * from[j * pixelStride];
            }
        }
    }

    /// <summary>target = activation(tile).</summary>
    public void Store(int m, int rows, int position, int count, int pitch, T* tile, nint ld, Finish<T> finish)
    {
        for (int i = 0; i < rows; i++, m++, tile += ld)
        {
            if (finish.Activation != Activation.None)
                ElementwiseLoops<TVec, T>.Run(finish.Operation, tile, tile, tile, count, finish.Scale);
            for (int at = 0; Next(ref at, position, count, pitch, out int length, out nint offset); at += length)
            {
                T* to = origin + (m * channelStride) + offset;
                if (pixelStride == 1)
                    Copy(tile + at, to, length);
                else
                {
                    for (int j = 0; j < length; j++)
                        to[j * pixelStride] = tile[at + j];
                }
            }
        }
    }

    private static void Copy(T* from, T* to, int length)
    {
        int w = TVec.Count, j = 0;
        for (; j + w <= length; j += w)
            TVec.Store(to + j, TVec.Load(from + j));
        if (j < length)
            TVec.StorePartial(to + j, TVec.Load(from + j), length - j);
    }

    /// <summary>The next run of real positions at or behind column <paramref name="at"/>, at most one row of the grid.</summary>
    private bool Next(ref int at, int position, int count, int pitch, out int length, out nint offset)
    {
        int row = (position + at) / pitch, column = (position + at) % pitch;
        if (column >= width)
        {
            at += pitch - column;
            column = 0;
            row++;
        }

        bool whole = contiguous && pitch == width;
        length = whole ? count - at : Math.Min(width - column, count - at);
        offset = whole ? position + at : (row * rowStride) + (column * pixelStride);
        return length > 0;
    }
}
