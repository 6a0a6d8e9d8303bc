using SimdConv.Kernels;

namespace SimdConv.Packing;

/// <summary>
/// Moves channels into lanes and back: pixel i of a block becomes a register that holds that pixel of neighbouring channels.
/// </summary>
internal static unsafe class LanePacking<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Registers of rows x width pixels of some channels; lanes behind those channels hold anything.</summary>
    public static void Gather(T* source, ImageLayout image, int lanes, int rows, int width, T* target)
    {
        bool transposes = image.W == 1 && image.C != 1;
        if (transposes && image.H == width)
            (rows, width) = (1, rows * width);
        for (int h = 0; h < rows; h++, source += image.H, target += (nint)width * TVec.Count)
        {
            if (transposes)
            {
                TransposeBlocks<TVec, T>.Run(source, image.C, lanes, width, target, TVec.Count,
                    target + ((nint)width * TVec.Count));
                continue;
            }

            for (int w = 0; w < width; w++)
            {
                T* from = source + (w * image.W), to = target + ((nint)w * TVec.Count);
                if (image.C == 1)
                    TVec.Store(to, RowCopy<TVec, T>.LoadUpTo(from, lanes));
                else
                    RowCopy<TVec, T>.Gather(from, image.C, to, lanes);
            }
        }
    }

    /// <summary>The inverse for one row of pixels; writes no other pixels and no other channels.</summary>
    public static void Scatter(T* source, T* target, ImageLayout image, int lanes, int width)
    {
        if (image.W != 1 || image.C == 1)
        {
            for (int w = 0; w < width; w++)
                RowCopy<TVec, T>.Scatter(source + ((nint)w * TVec.Count), target + (w * image.W), image.C, lanes);
            return;
        }

        for (int w = 0; w < width; w += TVec.Count)
        {
            int count = Math.Min(TVec.Count, width - w);
            TransposeBlocks<TVec, T>.Run(source + ((nint)w * TVec.Count), TVec.Count, count, lanes, target + w, image.C,
                target + w + ((lanes - 1) * image.C) + count, exact: true);
        }
    }
}
