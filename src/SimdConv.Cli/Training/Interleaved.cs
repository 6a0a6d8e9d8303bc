using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace SimdConv.Cli.Training;

/// <summary>
/// The steps between LeNet-5's convolutions and products, over <c>width</c> images that are interleaved pixel by pixel:
/// [channel][row][column][image]. Elements are rounded one by one, so they don't depend on the length of Vector{T}; sums of
/// elements do.
/// </summary>
internal static class Interleaved
{
    /// <summary>
    /// From images one after the other to rows that hold one element of each image, <paramref name="pitch"/> elements apart;
    /// zeros behind the last image.
    /// </summary>
    public static unsafe void Gather<T>(ReadOnlySpan<T> images, int size, int width, Span<T> target, int pitch)
        where T : unmanaged
    {
        // Some elements of every image at a time: the elements of one pixel may all map to the same set of the cache.
        const int block = 64;
        int count = images.Length / size;
        for (int first = 0; first < size; first += block)
        {
            int last = Math.Min(first + block, size);
            for (int n = 0; n < count; n++)
            {
                ref readonly T from = ref images[(n * size) + first];
                ref T to = ref target.Slice((first * pitch) + n, ((last - first - 1) * pitch) + 1)[0];

                // The image's next elements, which are too far from the previous ones for the processor to prefetch them.
                for (int line = 0; line < block && Sse.IsSupported && last + line < size; line += 64 / sizeof(T))
                    Sse.Prefetch0(Unsafe.AsPointer(ref Unsafe.AsRef(in images[(n * size) + last + line])));

                for (int i = 0; i < last - first; i++, to = ref Unsafe.Add(ref to, pitch))
                    to = Unsafe.Add(ref Unsafe.AsRef(in from), i);
            }
        }

        for (int i = 0; i < size && count < width; i++)
            target.Slice(i * pitch, width)[count..].Clear();
    }

    /// <summary>The inverse, for <paramref name="count"/> images.</summary>
    public static void Scatter<T>(ReadOnlySpan<T> source, int pitch, int size, int count, Span<T> images)
        where T : unmanaged
    {
        for (int i = 0; i < size; i++)
        {
            for (int n = 0; n < count; n++)
                images[(n * size) + i] = source[(i * pitch) + n];
        }
    }

    /// <summary>
    /// 2x2 averages of rows of <paramref name="columns"/>. Rows of the result are <paramref name="pitch"/> apart, and hold their
    /// even columns in the first half, the odd ones in the second.
    /// </summary>
    public static void Pool<T>(ReadOnlySpan<T> x, int height, int columns, int width, Span<T> y, int pitch)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T quarter = T.CreateTruncating(0.25);
        Vector<T> quarters = new(quarter);
        int row = columns * width;
        for (int h = 0; h < height; h += 2)
        {
            for (int column = 0, w = h * row; column < columns / 2; column++, w += 2 * width)
            {
                int at = (h / 2 * pitch) + SplitColumn(column, pitch, width);
                ref T a = ref First(x.Slice(w, width)), b = ref First(x.Slice(w + width, width));
                ref T c = ref First(x.Slice(w + row, width)), d = ref First(x.Slice(w + row + width, width)),
                    to = ref First(y.Slice(at, width));
                for (int i = 0; i < width; i += Vector<T>.Count)
                {
                    // The last register overlaps the one before.
                    int begin = Math.Min(i, width - Vector<T>.Count);
                    if (begin >= 0)
                        Store((Load(ref a, begin) + Load(ref b, begin) + Load(ref c, begin) + Load(ref d, begin)) * quarters,
                            ref to, begin);
                }

                for (int i = 0; i < width && width < Vector<T>.Count; i++)
                    Unsafe.Add(ref to, i) =
                        (Unsafe.Add(ref a, i) + Unsafe.Add(ref b, i) + Unsafe.Add(ref c, i) + Unsafe.Add(ref d, i)) * quarter;
            }
        }
    }

    /// <summary>
    /// Overwrites y = scale * tanh(x), which was pooled, by the gradient of x, and sums that over each map. <paramref name="dy"/>
    /// is the gradient of the averages, laid out as <see cref="Pool"/> lays them out.
    /// </summary>
    public static void PoolTanhGradient<T>(
        ReadOnlySpan<T> dy, int pitch, Span<T> y, int height, int columns, int width, T scale, Span<T> sums)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        // dy / 4 / scale * (scale^2 - y^2)
        T factor = T.CreateTruncating(0.25) / scale, square = scale * scale;
        int row = columns * width, last = width - Vector<T>.Count;
        Vector<T> squares = new(square), factors = new(factor);

        // By how many elements the last register of a row overlaps the one before.
        int overlap = (Vector<T>.Count - (width % Vector<T>.Count)) % Vector<T>.Count;
        Vector<T> own = Vector.GreaterThanOrEqual(Vector<T>.Indices, new Vector<T>(T.CreateTruncating(overlap)));
        for (int map = 0; map < sums.Length; map++)
        {
            Vector<T> sum = default;
            T rest = T.Zero;
            for (int h = map * height; h < (map + 1) * height; h += 2)
            {
                for (int column = 0, w = h * row; column < columns / 2; column++, w += 2 * width)
                {
                    int at = (h / 2 * pitch) + SplitColumn(column, pitch, width);
                    ref T given = ref First(dy.Slice(at, width)), a = ref First(y.Slice(w, 2 * width)),
                        b = ref Unsafe.Add(ref a, width);
                    ref T c = ref First(y.Slice(w + row, 2 * width)), d = ref Unsafe.Add(ref c, width);
                    if (last < 0)
                    {
                        for (int i = 0; i < width; i++)
                        {
                            T g = Unsafe.Add(ref given, i) * factor;
                            rest += PutGradient(ref Unsafe.Add(ref a, i), g, square)
                                + PutGradient(ref Unsafe.Add(ref b, i), g, square)
                                + PutGradient(ref Unsafe.Add(ref c, i), g, square)
                                + PutGradient(ref Unsafe.Add(ref d, i), g, square);
                        }

                        continue;
                    }

                    // The last register reads elements that the one before overwrites, so its gradient is computed first.
                    Vector<T> gs = Load(ref given, last) * factors;
                    Vector<T> endA = Gradient(Load(ref a, last), gs, squares), endB = Gradient(Load(ref b, last), gs, squares);
                    Vector<T> endC = Gradient(Load(ref c, last), gs, squares), endD = Gradient(Load(ref d, last), gs, squares);
                    sum += Vector.ConditionalSelect(own, endA + endB + (endC + endD), default);
                    for (int i = 0; i < last; i += Vector<T>.Count)
                    {
                        gs = Load(ref given, i) * factors;
                        Vector<T> ga = Gradient(Load(ref a, i), gs, squares), gb = Gradient(Load(ref b, i), gs, squares);
                        Vector<T> gc = Gradient(Load(ref c, i), gs, squares), gd = Gradient(Load(ref d, i), gs, squares);
                        Store(ga, ref a, i);
                        Store(gb, ref b, i);
                        Store(gc, ref c, i);
                        Store(gd, ref d, i);
                        sum += ga + gb + (gc + gd);
                    }

                    Store(endA, ref a, last);
                    Store(endB, ref b, last);
                    Store(endC, ref c, last);
                    Store(endD, ref d, last);
                }
            }

            sums[map] = Vector.Sum(sum) + rest;
        }
    }

    /// <summary>
    /// Where a column begins in a row that holds its even columns in the first half, the odd ones in the second.
    /// </summary>
    private static int SplitColumn(int column, int pitch, int width) => ((column & 1) * (pitch / 2)) + (column / 2 * width);

    /// <summary>Rows of the gradient of y = scale * tanh(x) become rows of the gradient of x, in place.</summary>
    public static void TanhGradient<T>(ReadOnlySpan<T> y, Span<T> dy, int rows, int width, int pitch, T scale)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T factor = T.One / scale, square = scale * scale;
        Vector<T> squares = new(square), factors = new(factor);
        for (int row = 0; row < rows; row++)
        {
            ReadOnlySpan<T> values = y.Slice(row * pitch, width);
            Span<T> gradients = dy.Slice(row * pitch, width);
            int i = 0;
            for (; i + Vector<T>.Count <= width; i += Vector<T>.Count)
                Gradient(new Vector<T>(values[i..]), new Vector<T>(gradients[i..]) * factors, squares).CopyTo(gradients[i..]);

            for (; i < width; i++)
                gradients[i] = gradients[i] * factor * (square - (values[i] * values[i]));
        }
    }

    public static void Add<T>(ReadOnlySpan<T> terms, Span<T> sums)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ReadOnlySpan<Vector<T>> more = MemoryMarshal.Cast<T, Vector<T>>(terms);
        Span<Vector<T>> totals = MemoryMarshal.Cast<T, Vector<T>>(sums);
        for (int i = 0; i < totals.Length; i++)
            totals[i] += more[i];
        for (int i = totals.Length * Vector<T>.Count; i < sums.Length; i++)
            sums[i] += terms[i];
    }

    /// <summary>The gradient of x where y = scale * tanh(x), from dy / scale and scale^2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<T> Gradient<T>(Vector<T> y, Vector<T> dy, Vector<T> squares)
        where T : unmanaged =>
        dy * (squares - (y * y));

    private static T PutGradient<T>(ref T y, T dy, T square)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        y = dy * (square - (y * y));

    private static ref T First<T>(ReadOnlySpan<T> values) => ref MemoryMarshal.GetReference(values);

    private static Vector<T> Load<T>(ref T first, int index)
        where T : unmanaged =>
        Vector.LoadUnsafe(ref first, (nuint)index);

    private static void Store<T>(Vector<T> value, ref T first, int index)
        where T : unmanaged =>
        value.StoreUnsafe(ref first, (nuint)index);
}
