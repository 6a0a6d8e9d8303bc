using SimdConv.Kernels;

namespace SimdConv.Packing;

/// <summary>
/// What the weight gradient by Winograd's algorithm has beside <see cref="WinogradPacking{TVec, T, TTile}"/>: A dY A^T of tiles
/// of dY, and G^T U G of the sums. Lanes are output channels.
/// </summary>
internal static unsafe class WinogradGradientPacking<TVec, T, TTile>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TTile : struct, IWinograd
{
    /// <summary>Output channels of neighbouring tiles and images that are transformed at once: their lines stay in L1.</summary>
    private const int MostElements = 512;

    /// <summary>Elements that <see cref="Outputs"/> works with, for so many images and output channels.</summary>
    public static long Lines(int images, int ld) =>
        TTile.Outputs * TTile.Points * (Math.Max(MostElements, (long)images * ld) + TVec.Count);

    /// <summary>
    /// The transformed tiles of dY of a run: row t of each matrix is tile t, from the run's first lane on.
    /// </summary>
    /// <param name="run">Which tiles.</param>
    /// <param name="grid">The grid of the forward pass.</param>
    /// <param name="dy">The first output channel of the run's first image.</param>
    /// <param name="image">Strides of dY.</param>
    /// <param name="outputs">Output channels to transform.</param>
    /// <param name="positions">Scratch: M * M * ld elements for each tile.</param>
    /// <param name="lines">Scratch: <see cref="Lines"/> elements.</param>
    /// <param name="matrices">Where to.</param>
    /// <param name="ld">Whole registers of output channels: from one tile to the next.</param>
    /// <param name="next">From one matrix to the next.</param>
    public static void Outputs(TileRun run, TapGrid grid, T* dy, ImageLayout image, int outputs, T* positions, T* lines,
        T* matrices, int ld, nint next)
    {
        int m = TTile.Outputs, tile = run.Column / run.Images, tiles = Shapes.DivideUp(run.Count, run.Images);
        int top = run.Row * m, left = tile * m, rows = Math.Min(m, grid.Height - top),
            columns = Math.Min(tiles * m, grid.Width - left);
        nint pixel = (nint)run.Images * ld, row = columns * pixel;
        dy += (top * image.H) + (left * image.W);
        matrices += run.At * ld;
        for (int i = 0; i < rows; i++)
        {
            T* from = dy + (i * image.H), to = positions + (i * row);
            if (run.Images == 1)
                TransposePacking<TVec, T>.ToPositions(from, image, outputs, 1, columns, to, ld);
            for (int j = 0; j < columns && run.Images > 1; j++)
            {
                // Rows of few images are too short for the processor to see where the next one begins.
                Prefetch.Rows(from + image.W, outputs, image.C, run.Images);
                TransposePacking<TVec, T>.Transpose(from, image.C, outputs, run.Images, to, ld, ld);
                from += image.W;
                to += pixel;
            }
        }

        int most = Math.Max(1, MostElements / (int)pixel);
        for (int j = 0; j < tiles; j += most)
        {
            int some = Math.Min(most, tiles - j), elements = some * (int)pixel;
            WinogradImagePacking<TVec, T, TTile>.Outputs(positions + (j * m * pixel), image with { H = row, W = pixel, C = 0 },
                rows, columns - (j * m), some, (int)pixel, lines, elements + TVec.Count,
                new(matrices + (j * pixel), elements, next));
        }
    }

    /// <summary>G^T U G of one input channel: from sums [point][output channel] to [tap][output channel].</summary>
    /// <param name="sums">The channel's sums at the first point.</param>
    /// <param name="next">From one point to the next.</param>
    /// <param name="columns">Scratch: R * (M + R - 1) registers.</param>
    /// <param name="taps">Where to.</param>
    /// <param name="ld">Whole registers of output channels: from one tap to the next.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Filter(T* sums, nint next, T* columns, T* taps, int ld)
    {
        int n = TTile.Points, size = TTile.Taps, w = TVec.Count;
        for (int k = 0; k < ld; k += w)
        {
            for (int s = 0; s < n; s++)
                Taps(sums + (s * next) + k, n * next, columns + (s * w), n * w);
            for (int r = 0; r < size; r++)
                Taps(columns + (r * n * w), w, taps + (r * size * ld) + k, ld);
        }
    }

    /// <summary>G^T of one column or row.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Taps(T* points, nint next, T* taps, nint step)
    {
        TVec u0 = TVec.Load(points), u1 = TVec.Load(points + next), u2 = TVec.Load(points + (2 * next)),
            u3 = TVec.Load(points + (3 * next)), u4 = default, u5 = default;
        if (TTile.Points > 4) u4 = TVec.Load(points + (4 * next));
        if (TTile.Points > 4) u5 = TVec.Load(points + (5 * next));
        TVec.Store(taps, TTile.FilterGradient<TVec, T>(0, u0, u1, u2, u3, u4, u5));
        TVec.Store(taps + step, TTile.FilterGradient<TVec, T>(1, u0, u1, u2, u3, u4, u5));
        TVec.Store(taps + (2 * step), TTile.FilterGradient<TVec, T>(2, u0, u1, u2, u3, u4, u5));
        if (TTile.Taps > 3) TVec.Store(taps + (3 * step), TTile.FilterGradient<TVec, T>(3, u0, u1, u2, u3, u4, u5));
        if (TTile.Taps > 3) TVec.Store(taps + (4 * step), TTile.FilterGradient<TVec, T>(4, u0, u1, u2, u3, u4, u5));
    }
}
