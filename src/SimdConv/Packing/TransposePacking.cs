using SimdConv.Kernels;
using System.Numerics;

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
                Transpose(image, layout.C, channels, width, target, ld);
            }
            else
            {
                for (int j = 0; j < width; j++)
                {
                    for (int c = 0; c < channels; c++)
                        target[((nint)j * ld) + c] = image[(c * layout.C) + (j * layout.W)];
                }
            }

            if (channels == ld)
                continue;
            for (int j = 0; j < width; j++)
                new Span<T>(target + ((nint)j * ld) + channels, ld - channels).Clear();
        }
    }

    /// <summary>target[j * ldt + i] = source[i * lds + j] for i &lt; rows, j &lt; columns.</summary>
    public static void Transpose(T* source, nint lds, int rows, int columns, T* target, nint ldt)
    {
        // Blocks of which both sides' cache lines stay in L1.
        for (int j0 = 0; j0 < columns; j0 += 16)
        {
            int j1 = Math.Min(columns, j0 + 16);
            for (int i = 0; i < rows; i++)
            {
                for (int j = j0; j < j1; j++)
                    target[(j * ldt) + i] = source[(i * lds) + j];
            }
        }
    }
}
