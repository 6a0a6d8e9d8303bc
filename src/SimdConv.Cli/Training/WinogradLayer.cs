using System.Numerics;
using System.Runtime.CompilerServices;
using SimdConv.Kernels;

namespace SimdConv.Cli.Training;

/// <summary>
/// A convolution by Winograd's F(2x2, 5x5), tanh and 2x2 averages, over images that are interleaved pixel by pixel: a tile of the
/// convolution is a window of the averages, and a third of the multiply-adds of the direct sum are left. A row of tiles, and on
/// the way back a row of its points, is run through all steps in cache.
/// <code>
/// forward    B^T: x to points [point][channel]    products with U = G g G^T    A^T, bias, tanh, averages
/// backward   A: gradient of the averages to points [point][output]
///            products with U, B to dx
///            products with x's points, summed, G^T to dW
/// </code>
/// </summary>
/// <remarks>
/// A row of x holds its even columns in its first half, its odd ones in the second, of all images: so one pixel of all tiles of a
/// row is contiguous, (column of tiles, image), and lanes go over both. Rows are <see cref="RowPitch"/> apart. Elements behind
/// the last tile of a row are computed too and never used. The result of the convolution, y, is kept as [row of tiles][block of
/// lanes][output][pixel of the window], so that a block is contiguous. One object serves one thread.
/// </remarks>
internal sealed unsafe class WinogradLayer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Tile = Winograd5x5<T>.Tile, Points = Winograd5x5<T>.Points, Window = 4, Overlap = Tile - 2;

    // Outputs of a tile, forward; channels and outputs of one of the weight gradient. The input gradient's tile has all channels.
    private const int OutputTile = WinogradProducts<T>.OutputTile, ChannelTile = WinogradProducts<T>.ChannelTile;

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

    private static int Block => WinogradProducts<T>.Block;

    /// <summary>Of a block of lanes, the four pixels of an output's windows.</summary>
    private static int Windows => Window * Block;

    /// <summary>Of a block of lanes, from one point of x to the next, and all of a row of points.</summary>
    private int InputPitch => shape.C * Block;

    private int InputSlice => Tile * InputPitch;

    /// <summary>
    /// From one point of the gradient to the next: an odd number of cache lines, so that all sets of the cache are used.
    /// </summary>
    private int OutputPitch => (shape.K + 1) * Block;

    /// <summary>From one row of x to the next.</summary>
    public int RowPitch => 2 * half;

    /// <summary>Elements of x, and of what the convolution and tanh give.</summary>
    public int XSize => shape.C * shape.H * RowPitch;

    public int YSize => tiles * shape.K * Window * pitch;

    private static int Pitch(int size) => (size + Block - 1) / Block * Block;

    /// <summary>
    /// Averages go to <paramref name="pooled"/>, an element of a map every <paramref name="ld"/>; <paramref name="y"/> is for the
    /// backward pass.
    /// </summary>
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
                    WinogradProducts<T>.Multiply<N4>(
                        Points, u, filter.Pitch, shape.C, 1, inputPoints.First, InputPitch, shape.C, products.First);
                    for (int j = 0; j < OutputTile; j++)
                        Outputs(products.At(j * Block), OutputTile * Block, bias[k + j],
                            yRow + (((block * shape.K) + k + j) * Windows));
                }
            }

            Elementwise.Tanh(new ReadOnlySpan<T>(yRow, shape.K * Window * pitch), new Span<T>(yRow, shape.K * Window * pitch),
                scale, execution);
            T* averages = outputPoints.First;
            for (int k = 0; k < shape.K; k++)
            {
                Average(yRow + (k * Windows), averages);
                for (int j = 0; j < tiles; j++)
                    Copy(averages + (j * width), pooled + (((((k * tiles) + i) * tiles) + j) * (nint)ld));
            }
        }
    }

    /// <summary>
    /// The gradients with respect to x, the weights [K][C][5][5] and the bias, from that with respect to the averages; y is lost.
    /// </summary>
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
                    WinogradProducts<T>.Multiply<N6>(
                        Tile, u, filter.Pitch, 1, shape.C, dyPoints, OutputPitch, shape.K, products.First);
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
    /// Overwrites a row of tiles of y = scale * tanh(x) by the gradient of x, which is that of the averages / 4 / scale *
    /// (scale^2 - y^2), and adds it to the gradient of the bias.
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
                    Vector<T> c = Gradient(at + (2 * Block) + lane, dy, square),
                        d = Gradient(at + (3 * Block) + lane, dy, square);
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
                ((Vector.Load(at) + Vector.Load(at + Block) + Vector.Load(at + (2 * Block)) + Vector.Load(at + (3 * Block)))
                    * quarter).Store(target + lane);
            }
        }
    }

    private void Copy(T* from, T* to) => new ReadOnlySpan<T>(from, width).CopyTo(new Span<T>(to, width));

    /// <summary>
    /// Adds, for a row of points, each channel and output, the products of x's and the gradient's points in each lane of a row of
    /// tiles.
    /// </summary>
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
                    WinogradProducts<T>.Accumulate(blocks, x, InputSlice, dy, Tile * OutputPitch, sum);
                }
            }
        }
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
