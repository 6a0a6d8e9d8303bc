using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SimdConv.Cli.Training;

/// <summary>
/// What lies between LeNet-5's convolutions and products, over images whose pixels lie beside each other, <c>width</c> of them: [channel][row][column][image].
/// Operations are rounded one by one, so results don't depend on the length of Vector{T}.
/// </summary>
internal static class Interleaved
{
    /// <summary>Elements of images, one after the other, to rows of one element of each, <paramref name="pitch"/> apart; zeros behind the last image.</summary>
    public static void Gather<T>(ReadOnlySpan<T> images, int size, int width, Span<T> target, int pitch)
        where T : unmanaged
    {
        // Some elements of every image at a time: those of one pixel may all compete for the same lines of the cache.
        const int block = 64;
        int count = images.Length / size;
        for (int first = 0; first < size; first += block)
        {
            int last = Math.Min(first + block, size);
            for (int n = 0; n < count; n++)
            {
                ReadOnlySpan<T> part = images[((n * size) + first)..((n * size) + last)];
                ref T to = ref target.Slice((first * pitch) + n, ((last - first - 1) * pitch) + 1)[0];
                for (int i = 0; i < part.Length; i++)
                    Unsafe.Add(ref to, i * pitch) = part[i];
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

    /// <summary>2x2 averages of rows of <paramref name="columns"/>; the columns of the result are <paramref name="pitch"/> apart.</summary>
    public static void Pool<T>(ReadOnlySpan<T> x, int height, int columns, int width, Span<T> y, int pitch)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T quarter = T.CreateTruncating(0.25);
        int row = columns * width;
        for (int h = 0, at = 0; h < height; h += 2)
        {
            for (int w = h * row; w < (h + 1) * row; w += 2 * width, at += pitch)
            {
                ref T a = ref First(x.Slice(w, width)), b = ref First(x.Slice(w + width, width));
                ref T c = ref First(x.Slice(w + row, width)), d = ref First(x.Slice(w + row + width, width)), to = ref First(y.Slice(at, width));
                int i = 0;
                for (; i + Vector<T>.Count <= width; i += Vector<T>.Count)
                    Store((Load(ref a, i) + Load(ref b, i) + Load(ref c, i) + Load(ref d, i)) * quarter, ref to, i);
                for (; i < width; i++)
                    Unsafe.Add(ref to, i) = (Unsafe.Add(ref a, i) + Unsafe.Add(ref b, i) + Unsafe.Add(ref c, i) + Unsafe.Add(ref d, i)) * quarter;
            }
        }
    }

    /// <summary>In place of y = scale * tanh(x), which was pooled, the gradient of x; <paramref name="dy"/> is that of the averages.</summary>
    public static void PoolTanhGradient<T>(ReadOnlySpan<T> dy, Span<T> y, int height, int columns, int width, T scale)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T quarter = T.CreateTruncating(0.25);
        int row = columns * width;
        for (int h = 0, at = 0; h < height; h += 2)
        {
            for (int w = h * row; w < (h + 1) * row; w += 2 * width, at += width)
            {
                ReadOnlySpan<T> given = dy.Slice(at, width);
                TanhGradient(y.Slice(w, width), given, quarter, y.Slice(w, width), scale);
                TanhGradient(y.Slice(w + width, width), given, quarter, y.Slice(w + width, width), scale);
                TanhGradient(y.Slice(w + row, width), given, quarter, y.Slice(w + row, width), scale);
                TanhGradient(y.Slice(w + row + width, width), given, quarter, y.Slice(w + row + width, width), scale);
            }
        }
    }

    /// <summary>Rows of the gradient of y = scale * tanh(x) become those of x's, in place.</summary>
    public static void TanhGradient<T>(ReadOnlySpan<T> y, Span<T> dy, int rows, int width, int pitch, T scale)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int row = 0; row < rows; row++)
            TanhGradient(y.Slice(row * pitch, width), dy.Slice(row * pitch, width), T.One, dy.Slice(row * pitch, width), scale);
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

    /// <summary>dx = share * dy * (scale - y^2 / scale), which may take the place of y or dy.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TanhGradient<T>(ReadOnlySpan<T> y, ReadOnlySpan<T> dy, T share, Span<T> dx, T scale)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T inverse = T.One / scale;
        int last = dx.Length - Vector<T>.Count;
        if (last < 0)
        {
            for (int i = 0; i < dx.Length; i++)
                dx[i] = share * dy[i] * (scale - (y[i] * y[i] * inverse));
            return;
        }

        // The last register overlaps the one before, so it is computed ahead.
        ref T from = ref First(y), given = ref First(dy), to = ref MemoryMarshal.GetReference(dx);
        Vector<T> value = Load(ref from, last), end = share * Load(ref given, last) * (new Vector<T>(scale) - (value * value * inverse));
        for (int i = 0; i < last; i += Vector<T>.Count)
        {
            value = Load(ref from, i);
            Store(share * Load(ref given, i) * (new Vector<T>(scale) - (value * value * inverse)), ref to, i);
        }

        Store(end, ref to, last);
    }

    private static ref T First<T>(ReadOnlySpan<T> values) => ref MemoryMarshal.GetReference(values);

    private static Vector<T> Load<T>(ref T first, int index)
        where T : unmanaged =>
        Vector.LoadUnsafe(ref first, (nuint)index);

    private static void Store<T>(Vector<T> value, ref T first, int index)
        where T : unmanaged =>
        value.StoreUnsafe(ref first, (nuint)index);
}
