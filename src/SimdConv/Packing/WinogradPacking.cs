using SimdConv.Kernels;

namespace SimdConv.Packing;

/// <summary>
/// Between images and the matrices of Winograd's algorithm. Lanes are neighbouring tiles; element (r, s) of a transformed tile is
/// in matrix r * (M + 2) + s.
/// </summary>
internal static unsafe class WinogradPacking<TVec, T, TTile>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TTile : struct, IWinograd
{
    /// <summary>Rows and columns of the inputs of a tile.</summary>
    private static int Inputs => TTile.Outputs + 2;

    /// <summary>Elements of each of the lines that <see cref="Input"/> works with, for blocks of so many lanes.</summary>
    public static int Pitch(int lanes) => ((TTile.Outputs * (lanes + 1) / TVec.Count) + 2) * TVec.Count;

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
    /// <param name="lines">Scratch: as many lines of <see cref="Pitch"/> elements as a tile has rows.</param>
    /// <param name="matrices">Where to.</param>
    /// <param name="lanes">Elements of a row of a matrix: the lanes of the block.</param>
    /// <param name="next">From one matrix to the next.</param>
    // Not inlined: the transforms of this method would exceed what the JIT inlines into one caller, as profile data makes it try.
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Input(TileRun run, int fill, TapGrid grid, T* source, ImageLayout image, int channels, T* lines,
        T* matrices, int lanes, nint next)
    {
        int m = TTile.Outputs, n = Inputs, w = TVec.Count, room = lanes - run.At, pitch = Pitch(lanes);
        int top = (run.Row * m) + grid.Rows[0].Offset, left = (run.Column * m) + grid.Columns[0].Offset;
        int firstRow = Math.Clamp(-top, 0, n), lastRow = Math.Clamp(grid.SourceHeight - top, firstRow, n);
        int columns = (run.Count * m) + 2;
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
        if (firstRow == 0 && lastRow == Inputs && count == TVec.Count && image.W == 1)
        {
            x0 = TVec.Load(source);
            x1 = TVec.Load(source + h);
            x2 = TVec.Load(source + (2 * h));
            x3 = TVec.Load(source + (3 * h));
            if (TTile.Outputs > 2) x4 = TVec.Load(source + (4 * h));
            if (TTile.Outputs > 2) x5 = TVec.Load(source + (5 * h));
        }
        else
        {
            x0 = Pixels(0);
            x1 = Pixels(1);
            x2 = Pixels(2);
            x3 = Pixels(3);
            if (TTile.Outputs > 2) x4 = Pixels(4);
            if (TTile.Outputs > 2) x5 = Pixels(5);
        }

        TVec.Store(lines, TTile.Input<TVec, T>(0, x0, x1, x2, x3, x4, x5));
        TVec.Store(lines + pitch, TTile.Input<TVec, T>(1, x0, x1, x2, x3, x4, x5));
        TVec.Store(lines + (2 * pitch), TTile.Input<TVec, T>(2, x0, x1, x2, x3, x4, x5));
        TVec.Store(lines + (3 * pitch), TTile.Input<TVec, T>(3, x0, x1, x2, x3, x4, x5));
        if (TTile.Outputs > 2) TVec.Store(lines + (4 * pitch), TTile.Input<TVec, T>(4, x0, x1, x2, x3, x4, x5));
        if (TTile.Outputs > 2) TVec.Store(lines + (5 * pitch), TTile.Input<TVec, T>(5, x0, x1, x2, x3, x4, x5));

        TVec Pixels(int row) =>
            row < firstRow || row >= lastRow ? default : RowCopy<TVec, T>.LoadUpTo(source + (row * h), image.W, count);
    }

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
        }

        RowCopy<TVec, T>.StoreUpTo(target, TTile.Input<TVec, T>(0, x0, x1, x2, x3, x4, x5), count);
        RowCopy<TVec, T>.StoreUpTo(target + next, TTile.Input<TVec, T>(1, x0, x1, x2, x3, x4, x5), count);
        RowCopy<TVec, T>.StoreUpTo(target + (2 * next), TTile.Input<TVec, T>(2, x0, x1, x2, x3, x4, x5), count);
        RowCopy<TVec, T>.StoreUpTo(target + (3 * next), TTile.Input<TVec, T>(3, x0, x1, x2, x3, x4, x5), count);
        if (TTile.Outputs > 2)
            RowCopy<TVec, T>.StoreUpTo(target + (4 * next), TTile.Input<TVec, T>(4, x0, x1, x2, x3, x4, x5), count);
        if (TTile.Outputs > 2)
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

    /// <summary>
    /// A^T on one row of each matrix, which is one output channel: the M rows of pixels of a block of tiles, each a row of
    /// <paramref name="target"/>, M pixels a tile.
    /// </summary>
    /// <param name="matrices">The row of the first matrix.</param>
    /// <param name="next">From one matrix to the next.</param>
    /// <param name="lanes">The lanes of the block.</param>
    /// <param name="bias">What is added to each pixel of a lane.</param>
    /// <param name="interleave">Whether the lanes are neighbouring tiles; if not, registers of neighbouring pixels are stored as
    /// they are.</param>
    /// <param name="scratch">M * (M + 2) registers.</param>
    /// <param name="target">Where to.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Output(T* matrices, nint next, int lanes, TVec bias, bool interleave, T* scratch, T* target)
    {
        int m = TTile.Outputs, n = Inputs, w = TVec.Count;
        nint row = n * next;
        for (int lane = 0; lane < lanes; lane += w)
        {
            for (int j = 0; j < n; j++)
            {
                T* from = matrices + lane + (j * next), to = scratch + (j * w);
                TVec m0 = TVec.Load(from), m1 = TVec.Load(from + row), m2 = TVec.Load(from + (2 * row)),
                    m3 = TVec.Load(from + (3 * row)), m4 = default, m5 = default;
                if (m > 2) m4 = TVec.Load(from + (4 * row));
                if (m > 2) m5 = TVec.Load(from + (5 * row));
                TVec.Store(to, TTile.Output<TVec, T>(0, m0, m1, m2, m3, m4, m5));
                TVec.Store(to + (n * w), TTile.Output<TVec, T>(1, m0, m1, m2, m3, m4, m5));
                if (m > 2) TVec.Store(to + (2 * n * w), TTile.Output<TVec, T>(2, m0, m1, m2, m3, m4, m5));
                if (m > 2) TVec.Store(to + (3 * n * w), TTile.Output<TVec, T>(3, m0, m1, m2, m3, m4, m5));
            }

            for (int i = 0; i < m; i++)
            {
                T* from = scratch + (i * n * w), to = target + ((((nint)i * lanes) + lane) * m);
                TVec m0 = TVec.Load(from), m1 = TVec.Load(from + w), m2 = TVec.Load(from + (2 * w)),
                    m3 = TVec.Load(from + (3 * w)), m4 = default, m5 = default;
                if (m > 2) m4 = TVec.Load(from + (4 * w));
                if (m > 2) m5 = TVec.Load(from + (5 * w));
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

                    TVec.Store(to + (2 * w), y2);
                    TVec.Store(to + (3 * w), y3);
                }

                if (interleave)
                    (y0, y1) = TVec.Interleave(y0, y1);
                TVec.Store(to, y0);
                TVec.Store(to + w, y1);
            }
        }
    }
}
