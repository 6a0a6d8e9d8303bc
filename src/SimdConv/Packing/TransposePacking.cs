using SimdConv.Kernels;

namespace SimdConv.Packing;

/// <summary>Moves channels between planes and lanes.</summary>
internal static unsafe class TransposePacking<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>
    /// Rows of an image as [position][channel], <paramref name="ld"/> from one position to the next; the lanes behind the
    /// channels hold anything.
    /// </summary>
    public static void ToPositions(T* image, ImageLayout layout, int channels, int rows, int width, T* target, int ld)
    {
        if (layout.W == 1 && layout.H == width)
        {
            width *= rows;
            rows = 1;
        }

        for (int y = 0; y < rows; y++, image += layout.H, target += (nint)width * ld)
        {
            if (layout.W == 1)
            {
                Transpose(image, layout.C, channels, width, target, ld, ld);
            }
            else
            {
                for (int j = 0; j < width; j++)
                    RowCopy<TVec, T>.Gather(image + (j * layout.W), layout.C, target + ((nint)j * ld), channels);
            }
        }
    }

    /// <summary>
    /// dw[k * filter + tap] = sums[tap * ld + k] for tap &lt; taps, k &lt; outputs: a register of output channels at a time, so
    /// that dW is written in runs along its rows.
    /// </summary>
    public static void ToFilters(T* sums, int ld, int taps, int outputs, T* dw, nint filter)
    {
        for (int k = 0; k < outputs; k += TVec.Count)
            Transpose(sums + k, ld, taps, Math.Min(TVec.Count, outputs - k), dw + (k * filter), filter, taps);
    }

    /// <summary>
    /// target[j * ldt + i] = source[i * lds + j] for i &lt; rows, j &lt; columns; elements of i from rows to padded hold
    /// anything.
    /// </summary>
    public static void Transpose(T* source, nint lds, int rows, int columns, T* target, nint ldt, int padded)
    {
        int w = TVec.Count;
        for (int i = 0; i < rows; i += w)
            TransposeBlocks<TVec, T>.Run(source + (i * lds), lds, Math.Min(w, rows - i), columns, target + i, ldt,
                target + (columns * ldt), exact: i + w > padded);
    }
}
