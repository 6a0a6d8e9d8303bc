using SimdConv.Kernels;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace SimdConv.Packing;

/// <summary>Moves channels between planes and lanes.</summary>
internal static unsafe class TransposePacking<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>
    /// Rows of an image as [position][channel], <paramref name="ld"/> from one position to the next, zeros behind the channels.
    /// </summary>
    public static void ToPositions(T* image, ImageLayout layout, int channels, int rows, int width, T* target, int ld)
    {
        for (int y = 0; y < rows; y++, image += layout.H, target += (nint)width * ld)
        {
            if (layout.W == 1)
            {
                Transpose(image, layout.C, channels, width, target, ld, ld);
            }
            else
            {
                for (int j = 0; j < width; j++)
                {
                    for (int c = 0; c < channels; c++)
                        target[((nint)j * ld) + c] = image[(c * layout.C) + (j * layout.W)];
                    new Span<T>(target + ((nint)j * ld) + channels, ld - channels).Clear();
                }
            }
        }
    }

    /// <summary>target[j * ldt + i] = source[i * lds + j] for i &lt; rows, j &lt; columns; zeros for i from rows to padded.</summary>
    public static void Transpose(T* source, nint lds, int rows, int columns, T* target, nint ldt, int padded)
    {
        int w = TVec.Count;
        for (int j = 0; j < columns; j += w)
        {
            for (int i = 0; i < padded; i += w)
                Block(source + (i * lds) + j, lds, Math.Min(w, rows - i), Math.Min(w, columns - j), target + (j * ldt) + i, ldt, Math.Min(w, padded - i));
        }
    }

    /// <summary>
    /// A block of at most a register each way: perfect shuffles of registers i and i + W/2, log2(W) times over, transpose W x W.
    /// </summary>
    [SkipLocalsInit]
    private static void Block(T* source, nint lds, int rows, int columns, T* target, nint ldt, int padded)
    {
        int w = TVec.Count;
        TVec* from = stackalloc TVec[w], to = stackalloc TVec[w];
        for (int i = 0; i < w; i++)
            from[i] = i < rows ? RowCopy<TVec, T>.LoadUpTo(source + (i * lds), columns) : default;
        for (int step = 1; step < w; step *= 2)
        {
            for (int i = 0; i < w / 2; i++)
                (to[2 * i], to[(2 * i) + 1]) = TVec.Interleave(from[i], from[i + (w / 2)]);
            TVec* swap = from;
            from = to;
            to = swap;
        }

        for (int j = 0; j < columns; j++)
            RowCopy<TVec, T>.StoreUpTo(target + (j * ldt), from[j], padded);
    }
}
