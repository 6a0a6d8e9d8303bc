using SimdConv.Kernels;

namespace SimdConv.Packing;

/// <summary>
/// Between images and the matrices of Winograd's algorithm. Lanes are neighbouring tiles; element (r, s) of a transformed tile is
/// in matrix r * (M + R - 1) + s.
/// </summary>
internal static unsafe class WinogradPacking<TVec, T, TTile>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TTile : struct, IWinograd
{
    /// <summary>Elements that <see cref="Input"/> works with, for blocks of so many lanes.</summary>
    public static long Lines(int lanes, bool areImagesInLanes) => TTile.Points * (areImagesInLanes
        ? (long)TTile.Outputs * ImagePitch(lanes, Math.Min(lanes, TileOrder.MostImages)) : Pitch(lanes));

    /// <summary>Elements of a line: the pixels under so many tiles, and what registers read behind them.</summary>
    private static int Pitch(int lanes) =>
        ((TTile.Outputs * lanes) + TTile.Points + (2 * TVec.Count) - 1) / TVec.Count * TVec.Count;

    /// <summary>
    /// The transformed tiles of a run: row c of each matrix, lanes from the run's first one on. Lanes behind
    /// <paramref name="fill"/> may be overwritten, so runs have to be filled in ascending order.
    /// </summary>
    /// <param name="run">Which tiles.</param>
    /// <param name="fill">Lanes to write: those of the run, and, where it is the last of its block, all behind them, as
    /// zeros.</param>
    /// <param name="grid">Which source pixels the outputs see.</param>
    /// <param name="source">The first channel of the run's image.</param>
    /// <param name="image">The image's strides.</param>
    /// <param name="channels">Channels to transform.</param>
    /// <param name="lines">Scratch: <see cref="Lines"/> elements.</param>
    /// <param name="matrices">Where to.</param>
    /// <param name="areImagesInLanes">Whether a tile's images are neighbours.</param>
    public static void Input(TileRun run, int fill, TapGrid grid, T* source, ImageLayout image, int channels, T* lines,
        TileMatrices<T> matrices, bool areImagesInLanes)
    {
        if (areImagesInLanes)
            InputOfImages(run, grid, source, image, channels, lines, matrices.First, matrices.Lanes, matrices.Next);
        else
            InputOfTiles(run, fill, grid, source, image, channels, lines, matrices.First, matrices.Lanes, matrices.Next);
    }

    // Not inlined: the transforms of this method would exceed what the JIT inlines into one caller, as profile data makes it try.
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void InputOfTiles(TileRun run, int fill, TapGrid grid, T* source, ImageLayout image, int channels, T* lines,
        T* matrices, int lanes, nint next)
    {
        int m = TTile.Outputs, n = TTile.Points, w = TVec.Count, room = lanes - run.At, pitch = Pitch(lanes);
        int top = (run.Row * m) + grid.Rows[0].Offset, left = (run.Column * m) + grid.Columns[0].Offset;
        int firstRow = Math.Clamp(-top, 0, n), lastRow = Math.Clamp(grid.SourceHeight - top, firstRow, n);
        int columns = (run.Count * m) + TTile.Taps - 1;
        int first = Math.Clamp(-left, 0, columns), last = Math.Clamp(grid.SourceWidth - left, first, columns);

        // Columns outside of the image stay zeros, and so do those of tiles behind the last one.
        new Span<T>(lines, n * pitch).Clear();
        source = unchecked(source + (top * image.H) + (left * image.W));
        for (int c = 0; c < channels; c++, source += image.C, matrices += lanes)
        {
            for (int j = first; j < last; j += w)
                Columns(source + (j * image.W), image, firstRow, lastRow, Math.Min(w, last - j), lines + j, pitch);
            for (int lane = 0; lane < fill; lane += w)
            {
                T* line = lines + (lane * m), target = matrices + run.At + lane;
                for (int r = 0; r < n; r++, line += pitch, target += n * next)
                    Row(line, target, next, Math.Min(w, room - lane));
            }
        }
    }

    /// <summary>
    /// B^T down the columns of as many pixels as a register holds, or <paramref name="count"/> and zeros behind.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Columns(T* source, ImageLayout image, int firstRow, int lastRow, int count, T* lines, nint pitch)
    {
        nint h = image.H;
        TVec x0, x1, x2, x3, x4 = default, x5 = default;
        if (firstRow == 0 && lastRow == TTile.Points && count == TVec.Count && image.W == 1)
        {
            x0 = TVec.Load(source);
            x1 = TVec.Load(source + h);
            x2 = TVec.Load(source + (2 * h));
            x3 = TVec.Load(source + (3 * h));
            if (TTile.Points > 4) x4 = TVec.Load(source + (4 * h));
            if (TTile.Points > 4) x5 = TVec.Load(source + (5 * h));
        }
        else
        {
            x0 = Pixels(source, 0, h, firstRow, lastRow, image.W, count);
            x1 = Pixels(source, 1, h, firstRow, lastRow, image.W, count);
            x2 = Pixels(source, 2, h, firstRow, lastRow, image.W, count);
            x3 = Pixels(source, 3, h, firstRow, lastRow, image.W, count);
            if (TTile.Points > 4) x4 = Pixels(source, 4, h, firstRow, lastRow, image.W, count);
            if (TTile.Points > 4) x5 = Pixels(source, 5, h, firstRow, lastRow, image.W, count);
        }

        TVec.Store(lines, TTile.Input<TVec, T>(0, x0, x1, x2, x3, x4, x5));
        TVec.Store(lines + pitch, TTile.Input<TVec, T>(1, x0, x1, x2, x3, x4, x5));
        TVec.Store(lines + (2 * pitch), TTile.Input<TVec, T>(2, x0, x1, x2, x3, x4, x5));
        TVec.Store(lines + (3 * pitch), TTile.Input<TVec, T>(3, x0, x1, x2, x3, x4, x5));
        if (TTile.Points > 4) TVec.Store(lines + (4 * pitch), TTile.Input<TVec, T>(4, x0, x1, x2, x3, x4, x5));
        if (TTile.Points > 4) TVec.Store(lines + (5 * pitch), TTile.Input<TVec, T>(5, x0, x1, x2, x3, x4, x5));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec Pixels(T* source, int row, nint h, int firstRow, int lastRow, nint step, int count) =>
        row < firstRow || row >= lastRow ? default : RowCopy<TVec, T>.LoadUpTo(source + (row * h), step, count);

    /// <summary>B^T along one row of neighbouring tiles, <paramref name="count"/> of them stored at most.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Row(T* line, T* target, nint next, int count)
    {
        TVec x0, x1, x2, x3, x4 = default, x5 = default;
        if (TTile.Outputs > 2)
        {
            (x0, x1, x2, x3) = Deinterleave(line);
            (x4, x5, _, _) = Deinterleave(line + 4);
        }
        else
        {
            (x0, x1) = TVec.Deinterleave(TVec.Load(line), TVec.Load(line + TVec.Count));
            (x2, x3) = TVec.Deinterleave(TVec.Load(line + 2), TVec.Load(line + 2 + TVec.Count));
            if (TTile.Points > 4)
                (x4, x5) = TVec.Deinterleave(TVec.Load(line + 4), TVec.Load(line + 4 + TVec.Count));
        }

        RowCopy<TVec, T>.StoreUpTo(target, TTile.Input<TVec, T>(0, x0, x1, x2, x3, x4, x5), count);
        RowCopy<TVec, T>.StoreUpTo(target + next, TTile.Input<TVec, T>(1, x0, x1, x2, x3, x4, x5), count);
        RowCopy<TVec, T>.StoreUpTo(target + (2 * next), TTile.Input<TVec, T>(2, x0, x1, x2, x3, x4, x5), count);
        RowCopy<TVec, T>.StoreUpTo(target + (3 * next), TTile.Input<TVec, T>(3, x0, x1, x2, x3, x4, x5), count);
        if (TTile.Points > 4)
            RowCopy<TVec, T>.StoreUpTo(target + (4 * next), TTile.Input<TVec, T>(4, x0, x1, x2, x3, x4, x5), count);
        if (TTile.Points > 4)
            RowCopy<TVec, T>.StoreUpTo(target + (5 * next), TTile.Input<TVec, T>(5, x0, x1, x2, x3, x4, x5), count);
    }

    /// <summary>Elements 0, 4, 8 ... of four registers of neighbours, elements 1, 5, 9 ... and so on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (TVec, TVec, TVec, TVec) Deinterleave(T* source)
    {
        int w = TVec.Count;
        (TVec even0, TVec odd0) = TVec.Deinterleave(TVec.Load(source), TVec.Load(source + w));
        (TVec even1, TVec odd1) = TVec.Deinterleave(TVec.Load(source + (2 * w)), TVec.Load(source + (3 * w)));
        (TVec x0, TVec x2) = TVec.Deinterleave(even0, even1);
        (TVec x1, TVec x3) = TVec.Deinterleave(odd0, odd1);
        return (x0, x1, x2, x3);
    }

    /// <summary>Elements of every M-th column under a row of tiles, and what registers read behind them.</summary>
    private static int ImagePitch(int lanes, int images) =>
        (lanes + (images * ((TTile.Points - 1) / TTile.Outputs)) + (3 * TVec.Count) - 1) / TVec.Count * TVec.Count;

    /// <summary>
    /// The transformed tiles of a run of images in lanes: row c of each matrix, from its first lane on. Lanes behind those of the
    /// run, up to whole registers, hold anything.
    /// </summary>
    /// <remarks>
    /// A line for each row of a tile and each column modulo M holds the columns [tile][image]: so an input of all tiles is
    /// contiguous.
    /// </remarks>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void InputOfImages(TileRun run, TapGrid grid, T* source, ImageLayout image, int channels, T* lines,
        T* matrices, int lanes, nint next)
    {
        int m = TTile.Outputs, n = TTile.Points, images = run.Images;
        int tile = run.Column / images, tiles = Shapes.DivideUp(run.Count, images), columns = (tiles * m) + TTile.Taps - 1;
        int top = (run.Row * m) + grid.Rows[0].Offset, left = (tile * m) + grid.Columns[0].Offset;
        int firstRow = Math.Clamp(-top, 0, n), lastRow = Math.Clamp(grid.SourceHeight - top, firstRow, n);
        nint phase = ImagePitch(lanes, images), pitch = m * phase;
        ImageLayout neighbours = image with { W = 1 };
        source = unchecked(source + (top * image.H) + (left * image.W));
        for (int c = 0; c < channels; c++, source += image.C, matrices += lanes)
        {
            // Registers run over the images of a column into the next one of the line, which is written later.
            for (int j = 0; j < columns; j++)
            {
                bool isInside = left + j >= 0 && left + j < grid.SourceWidth;
                ColumnOfImages(source + (j * image.W), neighbours, firstRow, isInside ? lastRow : firstRow, images,
                    lines + (j % m * phase) + (j / m * images), pitch);
            }

            RowsOfImages(lines, phase, images, matrices, lanes, next);
        }
    }

    /// <summary>
    /// Fetches the same rows of the next channel: they are too short for the processor to see where the next one begins.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void ColumnOfImages(
        T* source, ImageLayout image, int firstRow, int lastRow, int images, T* line, nint pitch)
    {
        int w = TVec.Count;
        for (int i = 0; i < images; i += w)
        {
            if (i + w > images && images > w)
                i = images - w;
            Columns(source + i, image, firstRow, lastRow, Math.Min(w, images - i), line + i, pitch);
            for (int row = firstRow; row < lastRow; row++)
                Prefetch.Line(source + i + image.C + (row * image.H));
        }
    }

    /// <summary>B^T along the rows of a channel's tiles, all inputs of which are contiguous.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void RowsOfImages(T* lines, nint phase, nint images, T* matrices, int lanes, nint next)
    {
        int m = TTile.Outputs, n = TTile.Points;
        for (int r = 0; r < n; r++, lines += m * phase, matrices += n * next)
        {
            T* even = lines, odd = lines + phase, target = matrices;
            for (int lane = 0; lane < lanes; lane += TVec.Count)
            {
                TVec x0 = TVec.Load(even + lane), x1 = TVec.Load(odd + lane), x2, x3, x4 = default, x5 = default;
                if (m == 2)
                {
                    x2 = TVec.Load(even + lane + images);
                    x3 = TVec.Load(odd + lane + images);
                    if (n > 4) x4 = TVec.Load(even + lane + (2 * images));
                    if (n > 4) x5 = TVec.Load(odd + lane + (2 * images));
                }
                else
                {
                    x2 = TVec.Load(even + lane + (2 * phase));
                    x3 = TVec.Load(odd + lane + (2 * phase));
                    x4 = TVec.Load(even + lane + images);
                    x5 = TVec.Load(odd + lane + images);
                }

                TVec.Store(target + lane, TTile.Input<TVec, T>(0, x0, x1, x2, x3, x4, x5));
                TVec.Store(target + lane + next, TTile.Input<TVec, T>(1, x0, x1, x2, x3, x4, x5));
                TVec.Store(target + lane + (2 * next), TTile.Input<TVec, T>(2, x0, x1, x2, x3, x4, x5));
                TVec.Store(target + lane + (3 * next), TTile.Input<TVec, T>(3, x0, x1, x2, x3, x4, x5));
                if (n > 4) TVec.Store(target + lane + (4 * next), TTile.Input<TVec, T>(4, x0, x1, x2, x3, x4, x5));
                if (n > 4) TVec.Store(target + lane + (5 * next), TTile.Input<TVec, T>(5, x0, x1, x2, x3, x4, x5));
            }
        }
    }

    /// <summary>Rows of a pixel of each tile, images side by side, to the pixels of the target.</summary>
    /// <param name="source">The images of the first tile.</param>
    /// <param name="tiles">Tiles.</param>
    /// <param name="images">Images of a tile.</param>
    /// <param name="target">The pixel of the first tile.</param>
    /// <param name="next">From there to that of the next tile.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void CopyImages(T* source, int tiles, int images, T* target, nint next)
    {
        int w = TVec.Count;
        for (int tile = 0; tile < tiles; tile++, source += images, target += next)
        {
            int i = 0;
            for (; i + w <= images; i += w)
                TVec.Store(target + i, TVec.Load(source + i));
            if (i < images && images > w)
                TVec.Store(target + images - w, TVec.Load(source + images - w));
            else if (i < images)
                TVec.StorePartial(target + i, TVec.LoadPartial(source + i, images - i), images - i);
        }
    }

    /// <summary>
    /// A^T on one row of each matrix, which is one output channel: the M rows of pixels of a block of tiles, each a row of
    /// <paramref name="target"/>, M pixels a tile.
    /// </summary>
    /// <param name="matrices">The row of the first matrix.</param>
    /// <param name="next">From one matrix to the next.</param>
    /// <param name="lanes">The lanes of the block.</param>
    /// <param name="bias">What is added to each pixel of a lane.</param>
    /// <param name="order">How the pixels are stored.</param>
    /// <param name="scratch">M * (M + R - 1) registers.</param>
    /// <param name="target">Where to.</param>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static void Output(T* matrices, nint next, int lanes, TVec bias, TilePixels order, T* scratch, T* target)
    {
        int m = TTile.Outputs, n = TTile.Points, w = TVec.Count;
        bool interleave = order == TilePixels.Interleaved;
        nint row = n * next, step = order == TilePixels.InRows ? lanes : w, ofLane = order == TilePixels.InRows ? 1 : m;
        for (int lane = 0; lane < lanes; lane += w)
        {
            for (int j = 0; j < n; j++)
            {
                T* from = matrices + lane + (j * next), to = scratch + (j * w);
                TVec m0 = TVec.Load(from), m1 = TVec.Load(from + row), m2 = TVec.Load(from + (2 * row)),
                    m3 = TVec.Load(from + (3 * row)), m4 = default, m5 = default;
                if (n > 4) m4 = TVec.Load(from + (4 * row));
                if (n > 4) m5 = TVec.Load(from + (5 * row));
                TVec.Store(to, TTile.Output<TVec, T>(0, m0, m1, m2, m3, m4, m5));
                TVec.Store(to + (n * w), TTile.Output<TVec, T>(1, m0, m1, m2, m3, m4, m5));
                if (m > 2) TVec.Store(to + (2 * n * w), TTile.Output<TVec, T>(2, m0, m1, m2, m3, m4, m5));
                if (m > 2) TVec.Store(to + (3 * n * w), TTile.Output<TVec, T>(3, m0, m1, m2, m3, m4, m5));
            }

            for (int i = 0; i < m; i++)
            {
                T* from = scratch + (i * n * w), to = target + ((nint)i * lanes * m) + (lane * ofLane);
                TVec m0 = TVec.Load(from), m1 = TVec.Load(from + w), m2 = TVec.Load(from + (2 * w)),
                    m3 = TVec.Load(from + (3 * w)), m4 = default, m5 = default;
                if (n > 4) m4 = TVec.Load(from + (4 * w));
                if (n > 4) m5 = TVec.Load(from + (5 * w));
                TVec y0 = TVec.Add(TTile.Output<TVec, T>(0, m0, m1, m2, m3, m4, m5), bias),
                    y1 = TVec.Add(TTile.Output<TVec, T>(1, m0, m1, m2, m3, m4, m5), bias);
                if (m > 2)
                {
                    TVec y2 = TVec.Add(TTile.Output<TVec, T>(2, m0, m1, m2, m3, m4, m5), bias),
                        y3 = TVec.Add(TTile.Output<TVec, T>(3, m0, m1, m2, m3, m4, m5), bias);
                    if (interleave)
                    {
                        (y0, y2) = TVec.Interleave(y0, y2);
                        (y1, y3) = TVec.Interleave(y1, y3);
                        (y2, y3) = TVec.Interleave(y2, y3);
                    }

                    TVec.Store(to + (2 * step), y2);
                    TVec.Store(to + (3 * step), y3);
                }

                if (interleave)
                    (y0, y1) = TVec.Interleave(y0, y1);
                TVec.Store(to, y0);
                TVec.Store(to + step, y1);
            }
        }
    }
}
