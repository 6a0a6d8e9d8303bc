using System.Numerics;
using System.Runtime.CompilerServices;
using SimdConv.Kernels;

namespace SimdConv.Tests.Processes;

/// <summary>
/// Products that between them meet every tile of the best tier: rows 1 to 16, whole and partial registers, packed, being packed
/// and in place.
/// </summary>
internal static class TilesChild
{
    public static void Run()
    {
        Run<float>();
        Run<double>();
    }

    private static void Run<T>() where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        const int Terms = 20, Wide = 40_000;
        T[] a = new T[30 * Terms], b = new T[200 * Terms], c = new T[30 * 200], wide = new T[Terms * Wide],
            wideC = new T[30 * Wide];
        for (int m = 1; m <= 30; m++)
        {
            for (int n = 1; n <= 100; n += 3)
            {
                // alpha 1 in place, another packed.
                SimdConv.Gemm.Multiply(Transpose.No, Transpose.No, m, n, Terms, T.One, a, Terms, b, n, T.Zero, c, n);
                SimdConv.Gemm.Multiply(
                    Transpose.No, Transpose.No, m, n, Terms, T.CreateTruncating(2), a, Terms, b, n, T.Zero, c, n);
            }

            // Too large to be read in place: the tiles that pack A and B, of all heights between half of the most and the most.
            SimdConv.Gemm.Multiply(Transpose.No, Transpose.No, m, Wide, Terms, T.One, a, Terms, wide, Wide, T.Zero, wideC, Wide);
            SimdConv.Gemm.Multiply(Transpose.No, Transpose.No, m, 192, Terms, T.One, a, Terms, b, 192, T.Zero, c, 192);
            SimdConv.Gemm.Multiply(
                Transpose.No, Transpose.No, m, 192, Terms, T.CreateTruncating(2), a, Terms, b, 192, T.Zero, c, 192);
        }

        // Results that are written past the caches, the last row of tiles of any height.
        (int rows, int columns) = LargeResult<T>();
        T[] large = new T[(rows + 7) * columns], few = new T[rows + 7];
        for (int m = rows; m < rows + 8; m++)
            SimdConv.Gemm.Multiply<T>(m, columns, 1, few, wide.AsSpan(0, columns), large);
    }

    /// <summary>A product of one term whose B is read in place and whose C is larger than any cache.</summary>
    public static (int Rows, int Columns) LargeResult<T>()
    {
        int columns = Math.Min(30_000 / 16 * 16, CacheSizes.L2 / 2 / Unsafe.SizeOf<T>() / 16 * 16);
        return ((CacheSizes.L3 / Unsafe.SizeOf<T>() / columns) + 1, columns);
    }
}
