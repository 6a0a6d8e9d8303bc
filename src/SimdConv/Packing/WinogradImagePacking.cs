using SimdConv.Kernels;

namespace SimdConv.Packing;

/// <summary>
/// Between images in lanes and the matrices of the input gradient by Winograd's transposed transforms: A dY A^T of a row of
/// tiles, and B V B^T, which is added to the pixels of dx under it. Lines and lanes are those of
/// <see cref="WinogradPacking{TVec, T, TTile}"/>: (tile of the row, image).
/// </summary>
internal static unsafe class WinogradImagePacking<TVec, T, TTile>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TTile : struct, IWinograd
{
    /// <summary>How far the inputs of a tile reach into the next ones.</summary>
    private static int Reach => (TTile.Points - 1) / TTile.Outputs;

    /// <summary>Elements of every M-th column under a row of tiles, and what registers write behind them.</summary>
    private static int Pitch(int lanes, int images) =>
        (lanes + (images * Reach) + (2 * TVec.Count) - 1) / TVec.Count * TVec.Count;

    /// <summary>Elements of the lines of a row of tiles.</summary>
    public static long Lines(int lanes, int images) => (long)TTile.Points * TTile.Outputs * Pitch(lanes, images);

    /// <summary>A dY A^T of a row of tiles: row k of each matrix.</summary>
    /// <param name="run">A whole row of tiles.</param>
    /// <param name="grid">The grid of the forward pass.</param>
    /// <param name="dy">The first channel of the run's first image.</param>
    /// <param name="image">Strides of dY, images being neighbours.</param>
    /// <param name="channels">Channels to transform.</param>
    /// <param name="lines">Scratch: <see cref="Lines"/> elements.</param>
    /// <param name="matrices">Where to.</param>
    /// <param name="lanes">Elements of a row of a matrix: whole registers.</param>
    /// <param name="next">From one matrix to the next.</param>
    public static void Outputs(
        TileRun run, TapGrid grid, T* dy, ImageLayout image, int channels, T* lines, T* matrices, int lanes, nint next)
    {
        int m = TTile.Outputs, rows = Math.Min(m, grid.Height - (run.Row * m));
        dy += run.Row * m * image.H;
        for (int k = 0; k < channels; k++, dy += image.C, matrices += lanes)
        {
            Outputs(dy, image, rows, grid.Width, run.Count / run.Images, run.Images, lines, Pitch(lanes, run.Images),
                new(matrices, lanes, next));
        }
    }

    /// <summary>A y A^T of neighbouring tiles of a row.</summary>
    /// <param name="y">The first pixel: neighbours are images, or whatever else is transformed side by side.</param>
    /// <param name="image">From one row to the next, and from one pixel; C is how far behind a pixel is what is read next, which
    /// is fetched, or 0.</param>
    /// <param name="rows">Rows of the tiles that there are, M at most; zeros take the place of others.</param>
    /// <param name="columns">Columns of pixels that there are.</param>
    /// <param name="tiles">Tiles.</param>
    /// <param name="size">Neighbours of a pixel.</param>
    /// <param name="lines">Scratch: M * (M + R - 1) lines.</param>
    /// <param name="pitch">From one line to the next: a register more than the neighbours of all tiles.</param>
    /// <param name="matrices">Where to; lanes are the neighbours of all tiles in whole registers.</param>
    public static void Outputs(T* y, ImageLayout image, int rows, int columns, int tiles, int size, T* lines, nint pitch,
        TileMatrices<T> matrices)
    {
        // Registers run over the neighbours of a pixel into the next one of the line, which is written later.
        int m = TTile.Outputs;
        for (int j = 0; j < tiles * m; j++)
        {
            OutputColumn(
                y + (j * image.W), image, j < columns ? rows : 0, size, lines + (j % m * pitch) + (j / m * size), m * pitch);
        }

        OutputRows(lines, pitch, matrices.First, matrices.Lanes, matrices.Next);
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void OutputColumn(T* source, ImageLayout image, int rows, int images, T* line, nint pitch)
    {
        int w = TVec.Count;
        nint h = image.H, ahead = image.C;
        for (int i = 0; i < images; i += w)
        {
            if (i + w > images && images > w)
                i = images - w;
            T* from = source + i, to = line + i;
            int count = images - i;
            TVec y0 = rows > 0 ? RowCopy<TVec, T>.LoadUpTo(from, count) : default,
                y1 = rows > 1 ? RowCopy<TVec, T>.LoadUpTo(from + h, count) : default, y2 = default, y3 = default;
            if (TTile.Outputs > 2) y2 = rows > 2 ? RowCopy<TVec, T>.LoadUpTo(from + (2 * h), count) : default;
            if (TTile.Outputs > 2) y3 = rows > 3 ? RowCopy<TVec, T>.LoadUpTo(from + (3 * h), count) : default;
            Store(y0, y1, y2, y3, to, pitch);
            for (int row = 0; row < rows && ahead != 0; row++)
                Prefetch.Line(from + ahead + (row * h));
        }
    }

    /// <summary>A y, an element every <paramref name="step"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(TVec y0, TVec y1, TVec y2, TVec y3, T* to, nint step)
    {
        TVec.Store(to, TTile.OutputGradient<TVec, T>(0, y0, y1, y2, y3));
        TVec.Store(to + step, TTile.OutputGradient<TVec, T>(1, y0, y1, y2, y3));
        TVec.Store(to + (2 * step), TTile.OutputGradient<TVec, T>(2, y0, y1, y2, y3));
        TVec.Store(to + (3 * step), TTile.OutputGradient<TVec, T>(3, y0, y1, y2, y3));
        if (TTile.Points > 4) TVec.Store(to + (4 * step), TTile.OutputGradient<TVec, T>(4, y0, y1, y2, y3));
        if (TTile.Points > 4) TVec.Store(to + (5 * step), TTile.OutputGradient<TVec, T>(5, y0, y1, y2, y3));
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void OutputRows(T* lines, nint phase, T* matrices, int lanes, nint next)
    {
        int m = TTile.Outputs, n = TTile.Points;
        for (int r = 0; r < n; r++, lines += m * phase, matrices += n * next)
        {
            for (int lane = 0; lane < lanes; lane += TVec.Count)
            {
                T* from = lines + lane;
                TVec y0 = TVec.Load(from), y1 = TVec.Load(from + phase), y2 = default, y3 = default;
                if (m > 2) y2 = TVec.Load(from + (2 * phase));
                if (m > 2) y3 = TVec.Load(from + (3 * phase));
                Store(y0, y1, y2, y3, matrices + lane, next);
            }
        }
    }

    /// <summary>
    /// B V B^T of a row of tiles and one channel, added to the pixels of dx under it: those that tiles above reach too are there
    /// already, others begin as beta times what dx holds.
    /// </summary>
    /// <param name="matrices">The channel's row of the first matrix.</param>
    /// <param name="next">From one matrix to the next.</param>
    /// <param name="run">A whole row of tiles.</param>
    /// <param name="lanes">Its lanes in whole registers.</param>
    /// <param name="grid">The grid of the forward pass.</param>
    /// <param name="lines">Scratch: <see cref="Lines"/> elements.</param>
    /// <param name="dx">The channel of the run's first image.</param>
    /// <param name="image">Strides of dx, images being neighbours.</param>
    /// <param name="beta">Multiplies what dx holds before.</param>
    public static void Inputs(
        T* matrices, nint next, TileRun run, int lanes, TapGrid grid, T* lines, T* dx, ImageLayout image, T beta)
    {
        int m = TTile.Outputs, n = TTile.Points, images = run.Images, columns = (run.Count / images * m) + TTile.Taps - 1;
        nint phase = Pitch(lanes, images), pitch = m * phase;
        for (int r = 0; r < n; r++)
            InputRow(matrices + (r * n * next), next, run.Count, images, lines + (r * pitch), phase);
        int top = (run.Row * m) + grid.Rows[0].Offset, left = grid.Columns[0].Offset, added = run.Row == 0 ? 0 : n - m;
        int firstRow = Math.Max(0, -top), lastRow = Math.Min(n, grid.SourceHeight - top);
        dx = unchecked(dx + (top * image.H) + (left * image.W));
        for (int j = Math.Max(0, -left); j < Math.Min(columns, grid.SourceWidth - left); j++)
        {
            InputColumn(lines + (j % m * phase) + (j / m * images), pitch, images, firstRow, lastRow, added,
                dx + (j * image.W), image.H, beta);
        }
    }

    /// <summary>
    /// B along a row of points. Of the tiles that reach a pixel, the first one is added first: a register's last pixels, which no
    /// tile before it has, are stored ahead of those that are added to.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void InputRow(T* matrices, nint next, int count, nint images, T* line, nint phase)
    {
        int m = TTile.Outputs, w = TVec.Count;
        for (int p = 0; p < m; p++)
            new Span<T>(line + (p * phase), checked((int)images * ((TTile.Points - 1 - p) / m)) + w).Clear();
        for (int lane = 0; lane < count; lane += w)
        {
            T* from = matrices + lane, to = line + lane;
            int left = count - lane;
            TVec v0 = RowCopy<TVec, T>.LoadUpTo(from, left), v1 = RowCopy<TVec, T>.LoadUpTo(from + next, left),
                v2 = RowCopy<TVec, T>.LoadUpTo(from + (2 * next), left), v3 = RowCopy<TVec, T>.LoadUpTo(from + (3 * next), left),
                v4 = default, v5 = default;
            if (TTile.Points > 4) v4 = RowCopy<TVec, T>.LoadUpTo(from + (4 * next), left);
            if (TTile.Points > 4) v5 = RowCopy<TVec, T>.LoadUpTo(from + (5 * next), left);
            if (TTile.Points == 4)
            {
                TVec.Store(to + images, TTile.InputGradient<TVec, T>(2, v0, v1, v2, v3, v4, v5));
                TVec.Store(to + phase + images, TTile.InputGradient<TVec, T>(3, v0, v1, v2, v3, v4, v5));
            }
            else if (m == 2)
            {
                TVec.Store(to + (2 * images), TTile.InputGradient<TVec, T>(4, v0, v1, v2, v3, v4, v5));
                TVec.Store(to + phase + (2 * images), TTile.InputGradient<TVec, T>(5, v0, v1, v2, v3, v4, v5));
                Add(to + images, TTile.InputGradient<TVec, T>(2, v0, v1, v2, v3, v4, v5));
                Add(to + phase + images, TTile.InputGradient<TVec, T>(3, v0, v1, v2, v3, v4, v5));
            }
            else
            {
                TVec.Store(to + images, TTile.InputGradient<TVec, T>(4, v0, v1, v2, v3, v4, v5));
                TVec.Store(to + phase + images, TTile.InputGradient<TVec, T>(5, v0, v1, v2, v3, v4, v5));
                TVec.Store(to + (2 * phase), TTile.InputGradient<TVec, T>(2, v0, v1, v2, v3, v4, v5));
                TVec.Store(to + (3 * phase), TTile.InputGradient<TVec, T>(3, v0, v1, v2, v3, v4, v5));
            }

            Add(to, TTile.InputGradient<TVec, T>(0, v0, v1, v2, v3, v4, v5));
            Add(to + phase, TTile.InputGradient<TVec, T>(1, v0, v1, v2, v3, v4, v5));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(T* target, TVec value) => TVec.Store(target, TVec.Add(TVec.Load(target), value));

    /// <summary>B down a column of points, to rows [first, last) of dx, of which the first ones are added to.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void InputColumn(
        T* line, nint pitch, int images, int firstRow, int lastRow, int added, T* dx, nint h, T beta)
    {
        for (int i = 0; i < images; i += TVec.Count)
        {
            T* from = line + i, to = dx + i;
            int count = images - i;
            TVec v0 = TVec.Load(from), v1 = TVec.Load(from + pitch), v2 = TVec.Load(from + (2 * pitch)),
                v3 = TVec.Load(from + (3 * pitch)), v4 = default, v5 = default;
            if (TTile.Points > 4) v4 = TVec.Load(from + (4 * pitch));
            if (TTile.Points > 4) v5 = TVec.Load(from + (5 * pitch));
            Row(0, TTile.InputGradient<TVec, T>(0, v0, v1, v2, v3, v4, v5));
            Row(1, TTile.InputGradient<TVec, T>(1, v0, v1, v2, v3, v4, v5));
            Row(2, TTile.InputGradient<TVec, T>(2, v0, v1, v2, v3, v4, v5));
            Row(3, TTile.InputGradient<TVec, T>(3, v0, v1, v2, v3, v4, v5));
            if (TTile.Points > 4) Row(4, TTile.InputGradient<TVec, T>(4, v0, v1, v2, v3, v4, v5));
            if (TTile.Points > 4) Row(5, TTile.InputGradient<TVec, T>(5, v0, v1, v2, v3, v4, v5));

            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            void Row(int r, TVec value)
            {
                if (r < firstRow || r >= lastRow)
                    return;
                T* target = to + (r * h);
                if (r < added)
                    value = TVec.Add(RowCopy<TVec, T>.LoadUpTo(target, count), value);
                else if (beta != T.Zero)
                    value = TVec.MulAdd(TVec.Broadcast(beta), RowCopy<TVec, T>.LoadUpTo(target, count), value);
                RowCopy<TVec, T>.StoreUpTo(target, value, count);
            }
        }
    }
}
