using System.Numerics;
using System.Runtime.CompilerServices;
using SimdConv.Kernels;
using SimdConv.Simd;

namespace SimdConv.Tests.Processes;

/// <summary>
/// Products that between them meet every tile of the best tier: rows 1 to 16, whole and partial registers, packed, being packed
/// and in place; and the tiles of convolutions, called for themselves.
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

        TierTable.Find(SimdSupport.Best)!.Use<T, ConvTiles<T>, int>(default);

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

    /// <summary>The tiles of panels and of positions of an image, of every height and width that dense passes have.</summary>
    private readonly unsafe struct ConvTiles<T> : ILanesUser<T, int>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private const int Terms = 30;

        public int Use<TVec, THalf>()
            where TVec : unmanaged, ILanes<TVec, T>
            where THalf : unmanaged, ILanes<THalf, T>
        {
            int size = 64 * TVec.Count;
            T[] a = new T[Terms + size], b = new T[Terms * size], c = new T[16 * size];
            int[] table = new int[Terms];
            fixed (T* image = a, weights = b, tile = c)
            fixed (int* offsets = table)
            {
                OfWidth<TVec, N1>(image, weights, offsets, tile);
                OfWidth<TVec, N2>(image, weights, offsets, tile);
                if (TVec.Registers == 32)
                    OfWidth<TVec, N4>(image, weights, offsets, tile);
                else
                    OfWidth<TVec, N3>(image, weights, offsets, tile);
                for (int taps = 3; taps <= 5; taps += 2)
                {
                    for (int rows = 1; rows <= SlidingKernel<TVec, T>.MR(taps); rows++)
                        SlidingKernel<TVec, T>.Run(rows, taps, Terms, image, weights, offsets, tile, 0, tile);
                }
            }

            return 0;
        }

        private static void OfWidth<TVec, TVectors>(T* image, T* weights, int* offsets, T* tile)
            where TVec : unmanaged, ILanes<TVec, T>
            where TVectors : struct, IConstant
        {
            int nr = GemmKernel<TVec, T, TVectors>.NR;
            for (int rows = 1; rows <= GemmKernel<TVec, T, TVectors>.MR; rows++)
            {
                IndexedA positions = new() { Offsets = offsets, RunTerms = Terms };
                GemmKernel<TVec, T, TVectors>.Run(rows, Terms, image, weights, tile, 0, tile, nr, &positions);
                FetchesC<T> panels = new() { NextC = tile };
                GemmKernel<TVec, T, TVectors>.Run(rows, Terms, image, weights, tile, 0, tile, nr, &panels);
                IndexedB placed = new(offsets);
                GemmKernel<TVec, T, TVectors>.Run(rows, Terms, image, weights, tile, 0, tile, nr, &placed);
            }
        }
    }
}
