using System.Numerics;
using System.Runtime.CompilerServices;
using SimdConv.Kernels;

namespace SimdConv.Cli.Training;

/// <summary>
/// A convolution by Winograd's F(2x2, 5x5), tanh and 2x2 averages, over images that lie beside each other: a tile of the convolution is a window of the
/// averages, and a third of the multiply-adds of the direct sum are left. A row of tiles, and on the way back a row of its points, is run through all steps in
/// cache.
/// <code>
/// forward    B^T: x to points [point][channel]     products with U = G g G^T     A^T, bias, tanh, averages
/// backward   A: gradient of the averages to points [point][output]      products with U, B to dx      products with x's points, summed, G^T to dW
/// </code>
/// </summary>
/// <remarks>
/// A row of x holds its even columns in its first half, its odd ones in the second, of all images: so what tiles of one row see at one place is contiguous,
/// (column of tiles, image), and lanes go over both. Rows are <see cref="RowPitch"/> apart. What lies behind the last tile of a row is computed along and
/// never used.
/// What the convolution gives, y, is kept as [row of tiles][block of lanes][output][pixel of the window], so that a block is contiguous.
/// One object serves one thread.
/// </remarks>
internal sealed unsafe class WinogradLayer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Tile = Winograd5x5<T>.Tile, Points = Winograd5x5<T>.Points, Window = 4, Overlap = Tile - 2;

    // Outputs of a tile, forward; channels and outputs of one of the weight gradient. The input gradient's tile has all channels.
    private const int OutputTile = 4, ChannelTile = 3;

    private readonly Conv2DShape shape;
    private readonly int width, tiles, half, pitch, blocks;
    private readonly T scale;
    private readonly WinogradFilter<T> gradient;
    private readonly AlignedBuffer<T> columns, dColumns, inputPoints, outputPoints, products, sums, biasSums, dAverages;

    /// <param name="shape">The convolution: 5x5, of 6 channels and a multiple of 4 outputs.</param>
    /// <param name="width">Images beside each other.</param>
    /// <param name="scale">That of tanh.</param>
    public WinogradLayer(Conv2DShape shape, int width, T scale)
    {
        (this.shape, this.width, this.scale) = (shape, width, scale);
        tiles = shape.P / 2;
        pitch = Pitch(tiles * width);
        half = (pitch + (2 * width) + Count - 1) / Count * Count;
        blocks = pitch / Block;
        gradient = new WinogradFilter<T>(shape);
        (columns, dColumns) = (new(Tile * shape.C * RowPitch), new(Tile * shape.C * RowPitch));
        inputPoints = new((long)InputSlice * Math.Max(Tile, blocks));
        outputPoints = new(Math.Max((long)Tile * OutputPitch * blocks, pitch));
        products = new(Points * Math.Max(OutputTile, shape.C) * Block);
        sums = new(Points * shape.C * shape.K * Count);
        biasSums = new(shape.K * Count);
        dAverages = new(pitch);
    }

    private static int Count => Vector<T>.Count;

    private static int Block => 2 * Count;

    /// <summary>Of a block of lanes, the four pixels of an output's windows.</summary>
    private static int Windows => Window * Block;

    /// <summary>Of a block of lanes, from one point of x to the next, and all of a row of points.</summary>
    private int InputPitch => shape.C * Block;

    private int InputSlice => Tile * InputPitch;

    /// <summary>From one point of the gradient to the next: an odd number of cache lines, so that all sets of the cache are used.</summary>
    private int OutputPitch => (shape.K + 1) * Block;

    /// <summary>From one row of x to the next.</summary>
    public int RowPitch => 2 * half;

    /// <summary>Elements of x, and of what the convolution and tanh give.</summary>
    public int XSize => shape.C * shape.H * RowPitch;

    public int YSize => tiles * shape.K * Window * pitch;

    private static int Pitch(int size) => (size + Block - 1) / Block * Block;

    /// <summary>Averages go to <paramref name="pooled"/>, an element of a map every <paramref name="ld"/>; <paramref name="y"/> is for the way back.</summary>
    public void Forward(T* x, WinogradFilter<T> filter, ReadOnlySpan<T> bias, T* y, T* pooled, int ld, Execution execution)
    {
        for (int i = 0; i < tiles; i++)
        {
            T* yRow = y + (i * (nint)(YSize / tiles));
            InputColumns(x, i);
            for (int block = 0; block < blocks; block++)
            {
                for (int r = 0; r < Tile; r++)
                    InputPoints(r, block, inputPoints.At(r * InputSlice));
                for (int k = 0; k < shape.K; k += OutputTile)
                {
                    T* u = filter.Points + (k * shape.C);
                    Multiply<N4>(Points, u, filter.Pitch, shape.C, 1, inputPoints.First, InputPitch, shape.C, products.First);
                    for (int j = 0; j < OutputTile; j++)
                        Outputs(products.At(j * Block), OutputTile * Block, bias[k + j], yRow + (((block * shape.K) + k + j) * Windows));
                }
            }

            Elementwise.Tanh(new ReadOnlySpan<T>(yRow, shape.K * Window * pitch), new Span<T>(yRow, shape.K * Window * pitch), scale, execution);
            T* averages = outputPoints.First;
            for (int k = 0; k < shape.K; k++)
            {
                Average(yRow + (k * Windows), averages);
                for (int j = 0; j < tiles; j++)
                    Copy(averages + (j * width), pooled + (((((k * tiles) + i) * tiles) + j) * (nint)ld));
            }
        }
    }

    /// <summary>The gradients with respect to x, the weights [K][C][5][5] and the bias, from that with respect to the averages; y is lost.</summary>
    public void Backward(T* x, WinogradFilter<T> filter, T* y, T* dPooled, int ld, T* dx, Span<T> dw, Span<T> db)
    {
        // Of dx and the columns the first ends alone: elsewhere the first tile to add something stores it.
        for (int c = 0; c < shape.C; c++)
            new Span<T>(dx + (c * shape.H * (nint)RowPitch), Overlap * RowPitch).Clear();
        sums.Clear();
        biasSums.Clear();
        for (int i = 0; i < tiles; i++)
        {
            T* dyRow = y + (i * (nint)(YSize / tiles));
            TanhGradients(dyRow, dPooled + (i * tiles * (nint)ld), ld);
            InputColumns(x, i);
            for (int r = 0; r < Tile; r++)
            {
                for (int begin = 0; begin < shape.C * RowPitch; begin += half)
                    new Span<T>(dColumns.At((r * shape.C * RowPitch) + begin), Overlap / 2 * width).Clear();
                for (int block = 0; block < blocks; block++)
                {
                    T* dyPoints = outputPoints.At(block * Tile * OutputPitch), u = filter.Points + (r * Tile * filter.Pitch);
                    InputPoints(r, block, inputPoints.At(block * InputSlice));
                    OutputPoints(r, dyRow + (block * shape.K * Windows), dyPoints);
                    Multiply<N6>(Tile, u, filter.Pitch, 1, shape.C, dyPoints, OutputPitch, shape.K, products.First);
                    InputGradients(r, block);
                }

                AddWeightGradients(r);
            }

            ColumnGradients(dx, i);
        }

        SumLanes();
        gradient.WeightGradient(dw);
        for (int k = 0; k < shape.K; k++)
            db[k] = Vector.Sum(Vector.Load(biasSums.At(k * Count)));
    }

    /// <summary>B^T down the columns that a row of tiles sees.</summary>
    private void InputColumns(T* x, int i)
    {
        int rowPitch = RowPitch;
        nint step = 2 * rowPitch, pitch = shape.C * rowPitch;
        for (int c = 0; c < shape.C; c++)
        {
            T* from = x + (((c * shape.H) + (2 * i)) * (nint)RowPitch), to = columns.At(c * RowPitch);
            for (int at = 0; at < rowPitch; at += Count)
                Winograd5x5<T>.Input(from + at, from + rowPitch + at, step, to + at, pitch);
        }
    }

    /// <summary>B^T along a row of points: a block of lanes.</summary>
    private void InputPoints(int r, int block, T* target)
    {
        int channels = shape.C, rowPitch = RowPitch;
        nint step = width, pitch = InputPitch;
        T* even = columns.At((r * channels * rowPitch) + (block * Block)), odd = even + half;
        for (int c = 0; c < channels; c++, even += rowPitch, odd += rowPitch, target += Block)
        {
            Winograd5x5<T>.Input(even, odd, step, target, pitch);
            Winograd5x5<T>.Input(even + Count, odd + Count, step, target + Count, pitch);
        }
    }

    /// <summary>B along a row of points, added to the columns.</summary>
    private void InputGradients(int r, int block)
    {
        int channels = shape.C, rowPitch = RowPitch;
        nint step = width, pitch = InputPitch;
        T* even = dColumns.At((r * channels * rowPitch) + (block * Block)), odd = even + half, from = products.First;
        for (int c = 0; c < channels; c++, even += rowPitch, odd += rowPitch, from += Block)
        {
            Winograd5x5<T>.AddInputGradient(from, pitch, even, odd, step);
            Winograd5x5<T>.AddInputGradient(from + Count, pitch, even + Count, odd + Count, step);
        }
    }

    /// <summary>B down the columns, added to dx.</summary>
    private void ColumnGradients(T* dx, int i)
    {
        int rowPitch = RowPitch;
        nint step = 2 * rowPitch, pitch = shape.C * rowPitch;
        for (int c = 0; c < shape.C; c++)
        {
            T* to = dx + (((c * shape.H) + (2 * i)) * (nint)RowPitch), from = dColumns.At(c * RowPitch);
            for (int at = 0; at < rowPitch; at += Count)
                Winograd5x5<T>.AddInputGradient(from + at, pitch, to + at, to + rowPitch + at, step);
        }
    }

    /// <summary>A^T m A of one output, and its bias: the four pixels of its windows.</summary>
    private void Outputs(T* m, nint step, T bias, T* y)
    {
        Vector<T> start = new(bias);
        for (int lane = 0; lane < Block; lane += Count, m += Count, y += Count)
        {
            (Vector<T> a0, Vector<T> b0) = Column(m, step);
            (Vector<T> a1, Vector<T> b1) = Column(m + step, step);
            (Vector<T> a2, Vector<T> b2) = Column(m + (2 * step), step);
            (Vector<T> a3, Vector<T> b3) = Column(m + (3 * step), step);
            (Vector<T> a4, Vector<T> b4) = Column(m + (4 * step), step);
            (Vector<T> a5, Vector<T> b5) = Column(m + (5 * step), step);
            (a0, a1) = Winograd5x5<T>.Output(a0, a1, a2, a3, a4, a5);
            (b0, b1) = Winograd5x5<T>.Output(b0, b1, b2, b3, b4, b5);
            (a0 + start).Store(y);
            (a1 + start).Store(y + Block);
            (b0 + start).Store(y + (2 * Block));
            (b1 + start).Store(y + (3 * Block));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static (Vector<T>, Vector<T>) Column(T* m, nint step) => Winograd5x5<T>.Output(
            Vector.Load(m), Vector.Load(m + (Tile * step)), Vector.Load(m + (2 * Tile * step)),
            Vector.Load(m + (3 * Tile * step)), Vector.Load(m + (4 * Tile * step)), Vector.Load(m + (5 * Tile * step)));
    }

    /// <summary>
    /// In place of a row of tiles of y = scale * tanh(x) the gradient of x: that of the averages / 4 / scale * (scale^2 - y^2). The bias's are added up.
    /// </summary>
    private void TanhGradients(T* y, T* dPooled, int ld)
    {
        Vector<T> factor = new(T.CreateTruncating(0.25) / scale), square = new(scale * scale);
        for (int k = 0; k < shape.K; k++, y += Windows, dPooled += tiles * tiles * (nint)ld)
        {
            for (int j = 0; j < tiles; j++)
                Copy(dPooled + (j * (nint)ld), dAverages.At(j * width));
            Vector<T> bias = Vector.Load(biasSums.At(k * Count));
            T* given = dAverages.First, at = y;
            nint step = shape.K * Windows;
            for (T* end = given + pitch; given < end; given += Block, at += step)
            {
                for (int lane = 0; lane < Block; lane += Count)
                {
                    Vector<T> dy = Vector.Load(given + lane) * factor;
                    Vector<T> a = Gradient(at + lane, dy, square), b = Gradient(at + Block + lane, dy, square);
                    Vector<T> c = Gradient(at + (2 * Block) + lane, dy, square), d = Gradient(at + (3 * Block) + lane, dy, square);
                    bias += a + b + (c + d);
                }
            }

            bias.Store(biasSums.At(k * Count));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static Vector<T> Gradient(T* y, Vector<T> dy, Vector<T> square)
        {
            Vector<T> value = Vector.Load(y), gradient = Interleaved.Gradient(value, dy, square);
            gradient.Store(y);
            return gradient;
        }
    }

    /// <summary>A dY A^T, a row of points: a block of lanes.</summary>
    private void OutputPoints(int r, T* dy, T* target)
    {
        // A's row.
        (Vector<T> first, Vector<T> second) = Winograd5x5<T>.OutputRow(r);
        nint next = OutputPitch;
        for (T* end = target + (shape.K * Block); target < end; dy += Windows, target += Block)
        {
            for (int lane = 0; lane < Block; lane += Count)
            {
                T* at = dy + lane;
                Vector<T> even = Winograd5x5<T>.MulAdd(Vector.Load(at + (2 * Block)), second, Vector.Load(at) * first);
                Vector<T> odd = Winograd5x5<T>.MulAdd(Vector.Load(at + (3 * Block)), second, Vector.Load(at + Block) * first);
                Winograd5x5<T>.OutputGradient(even, odd, target + lane, next);
            }
        }
    }

    private void Average(T* y, T* target)
    {
        Vector<T> quarter = new(T.CreateTruncating(0.25));
        nint step = shape.K * Windows;
        for (T* end = target + pitch; target < end; target += Block, y += step)
        {
            for (int lane = 0; lane < Block; lane += Count)
            {
                T* at = y + lane;
                ((Vector.Load(at) + Vector.Load(at + Block) + Vector.Load(at + (2 * Block)) + Vector.Load(at + (3 * Block))) * quarter).Store(target + lane);
            }
        }
    }

    private void Copy(T* from, T* to) => new ReadOnlySpan<T>(from, width).CopyTo(new Span<T>(to, width));

    /// <summary>
    /// Of some points, some rows of U or its transpose times a block of lanes: target[point][row] = sum over terms of u[row][term] * points[term].
    /// </summary>
    private static void Multiply<TRows>(int count, T* u, nint nextPoint, nint nextRow, nint nextTerm, T* points, nint pitch, int terms, T* target)
        where TRows : struct, IConstant
    {
        for (int point = 0; point < count; point++, u += nextPoint, points += pitch, target += TRows.Value * Block)
        {
            Vector<T> a0 = default, b0 = default, a1 = default, b1 = default, a2 = default, b2 = default;
            Vector<T> a3 = default, b3 = default, a4 = default, b4 = default, a5 = default, b5 = default;
            T* weights = u, upper = u + (3 * nextRow), from = points;
            for (int term = 0; term < terms; term++, from += Block, weights += nextTerm, upper += nextTerm)
            {
                Vector<T> a = Vector.Load(from), b = Vector.Load(from + Count), w = new(weights[0]);
                (a0, b0) = (Winograd5x5<T>.MulAdd(w, a, a0), Winograd5x5<T>.MulAdd(w, b, b0));
                w = new(weights[nextRow]);
                (a1, b1) = (Winograd5x5<T>.MulAdd(w, a, a1), Winograd5x5<T>.MulAdd(w, b, b1));
                w = new(weights[2 * nextRow]);
                (a2, b2) = (Winograd5x5<T>.MulAdd(w, a, a2), Winograd5x5<T>.MulAdd(w, b, b2));
                w = new(upper[0]);
                (a3, b3) = (Winograd5x5<T>.MulAdd(w, a, a3), Winograd5x5<T>.MulAdd(w, b, b3));
                if (TRows.Value == 4)
                    continue;
                w = new(upper[nextRow]);
                (a4, b4) = (Winograd5x5<T>.MulAdd(w, a, a4), Winograd5x5<T>.MulAdd(w, b, b4));
                w = new(upper[2 * nextRow]);
                (a5, b5) = (Winograd5x5<T>.MulAdd(w, a, a5), Winograd5x5<T>.MulAdd(w, b, b5));
            }

            Put(a0, b0, target);
            Put(a1, b1, target + Block);
            Put(a2, b2, target + (2 * Block));
            Put(a3, b3, target + (3 * Block));
            if (TRows.Value == 4)
                continue;
            Put(a4, b4, target + (4 * Block));
            Put(a5, b5, target + (5 * Block));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Put(Vector<T> a, Vector<T> b, T* target)
        {
            a.Store(target);
            b.Store(target + Count);
        }
    }

    /// <summary>Adds, for a row of points, each channel and output, the products of x's and the gradient's points in each lane of a row of tiles.</summary>
    private void AddWeightGradients(int r)
    {
        T* sum = sums.At(r * Tile * shape.C * shape.K * Count);
        for (int s = 0; s < Tile; s++)
        {
            for (int c = 0; c < shape.C; c += ChannelTile)
            {
                for (int k = 0; k < shape.K; k += OutputTile, sum += ChannelTile * OutputTile * Count)
                {
                    T* x = inputPoints.At((s * InputPitch) + (c * Block)), dy = outputPoints.At((s * OutputPitch) + (k * Block));
                    Vector<T> s0 = At(sum, 0), s1 = At(sum, 1), s2 = At(sum, 2), s3 = At(sum, 3), s4 = At(sum, 4), s5 = At(sum, 5);
                    Vector<T> s6 = At(sum, 6), s7 = At(sum, 7), s8 = At(sum, 8), s9 = At(sum, 9), s10 = At(sum, 10), s11 = At(sum, 11);
                    for (int block = 0; block < blocks; block++, x += InputSlice, dy += Tile * OutputPitch)
                    {
                        for (int lane = 0; lane < Block; lane += Count)
                        {
                            Vector<T> x0 = Vector.Load(x + lane), x1 = Vector.Load(x + Block + lane), x2 = Vector.Load(x + (2 * Block) + lane);
                            Vector<T> y = Vector.Load(dy + lane);
                            (s0, s1, s2) = (Winograd5x5<T>.MulAdd(x0, y, s0), Winograd5x5<T>.MulAdd(x1, y, s1), Winograd5x5<T>.MulAdd(x2, y, s2));
                            y = Vector.Load(dy + Block + lane);
                            (s3, s4, s5) = (Winograd5x5<T>.MulAdd(x0, y, s3), Winograd5x5<T>.MulAdd(x1, y, s4), Winograd5x5<T>.MulAdd(x2, y, s5));
                            y = Vector.Load(dy + (2 * Block) + lane);
                            (s6, s7, s8) = (Winograd5x5<T>.MulAdd(x0, y, s6), Winograd5x5<T>.MulAdd(x1, y, s7), Winograd5x5<T>.MulAdd(x2, y, s8));
                            y = Vector.Load(dy + (3 * Block) + lane);
                            (s9, s10, s11) = (Winograd5x5<T>.MulAdd(x0, y, s9), Winograd5x5<T>.MulAdd(x1, y, s10), Winograd5x5<T>.MulAdd(x2, y, s11));
                        }
                    }

                    s0.Store(sum);
                    s1.Store(sum + Count);
                    s2.Store(sum + (2 * Count));
                    s3.Store(sum + (3 * Count));
                    s4.Store(sum + (4 * Count));
                    s5.Store(sum + (5 * Count));
                    s6.Store(sum + (6 * Count));
                    s7.Store(sum + (7 * Count));
                    s8.Store(sum + (8 * Count));
                    s9.Store(sum + (9 * Count));
                    s10.Store(sum + (10 * Count));
                    s11.Store(sum + (11 * Count));
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static Vector<T> At(T* sums, int index) => Vector.Load(sums + (index * Count));
    }

    /// <summary>The sums over lanes, to the gradient's points.</summary>
    private void SumLanes()
    {
        T* sum = sums.First;
        for (int point = 0; point < Points; point++)
        {
            for (int c = 0; c < shape.C; c += ChannelTile)
            {
                T* target = gradient.Points + (point * gradient.Pitch) + c;
                for (int k = 0; k < shape.K; k++, target += shape.C)
                {
                    for (int i = 0; i < ChannelTile; i++, sum += Count)
                        target[i] = Vector.Sum(Vector.Load(sum));
                }
            }
        }
    }
}
