using SimdConv.Kernels;
using System.Numerics;

namespace SimdConv.Packing;

/// <summary>A matrix anywhere in memory: element (i, j) is at <c>Data[i * RowStride + j * ColumnStride]</c>.</summary>
internal unsafe struct StridedMatrix<T>
    where T : unmanaged
{
    public T* Data;
    public nint RowStride, ColumnStride;

    public readonly StridedMatrix<T> At(nint row, nint column) =>
        new() { Data = Data + (row * RowStride) + (column * ColumnStride), RowStride = RowStride, ColumnStride = ColumnStride };
}

/// <summary>Copies blocks of matrices into the panels that tiles read.</summary>
internal static unsafe class MatrixPacking<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>alpha * A[rows x kc] as one panel: the rows of each k behind each other.</summary>
    public static void PackA(StridedMatrix<T> a, int rows, int kc, T alpha, T* panel)
    {
        if (a.ColumnStride == 1)
        {
            for (int i = 0; i < rows; i++)
            {
                T* source = a.Data + (i * a.RowStride);
                T* target = panel + i;
                for (int k = 0; k < kc; k++, target += rows)
                    *target = alpha * source[k];
            }
        }
        else
        {
            for (int k = 0; k < kc; k++, panel += rows)
            {
                T* source = a.Data + (k * a.ColumnStride);
                for (int i = 0; i < rows; i++)
                    panel[i] = alpha * source[i * a.RowStride];
            }
        }
    }

    /// <summary>B[kc x columns] as one panel of rows <paramref name="nr"/> wide, zeros behind the columns.</summary>
    public static void PackB(StridedMatrix<T> b, int kc, int columns, int nr, T* panel)
    {
        if (b.ColumnStride == 1)
        {
            for (int k = 0; k < kc; k++, panel += nr)
                CopyRow(b.Data + (k * b.RowStride), columns, panel, nr);
            return;
        }

        for (int j = 0; j < columns; j++)
        {
            T* source = b.Data + (j * b.ColumnStride);
            T* target = panel + j;
            for (int k = 0; k < kc; k++, target += nr)
                *target = source[k * b.RowStride];
        }

        for (int j = columns; j < nr; j++)
        {
            for (int k = 0; k < kc; k++)
                panel[((nint)k * nr) + j] = T.Zero;
        }
    }

    /// <summary>A contiguous row, then zeros up to <paramref name="width"/>, a multiple of the register.</summary>
    public static void CopyRow(T* source, int count, T* target, int width)
    {
        int w = TVec.Count, j = 0;
        for (; j + w <= count; j += w)
            TVec.Store(target + j, TVec.Load(source + j));
        if (j < count)
        {
            TVec.Store(target + j, TVec.LoadPartial(source + j, count - j));
            j += w;
        }

        for (; j < width; j += w)
            TVec.Store(target + j, default);
    }
}
