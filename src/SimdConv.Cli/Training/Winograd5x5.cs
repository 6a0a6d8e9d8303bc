using System.Numerics;
using System.Runtime.CompilerServices;

namespace SimdConv.Cli.Training;

/// <summary>
/// Winograd's F(2x2, 5x5) in one dimension, on vectors: 2 outputs of 5 taps by 6 products, at the points 0, 1, -1, 2, -2 and
/// infinity (Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, CVPR 2016). y = A^T [(G g) * (B^T d)]; each of
/// the three matrices has its transpose here too, for the gradients.
/// </summary>
internal static unsafe class Winograd5x5<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Points of one dimension, and of both.</summary>
    public const int Tile = 6, Points = Tile * Tile;

    /// <summary>B^T d: 6 pixels, even and odd ones each <paramref name="step"/> apart, to 6 points.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Input(T* even, T* odd, nint step, T* to, nint pitch)
    {
        Vector<T> d0 = Vector.Load(even), d2 = Vector.Load(even + step), d4 = Vector.Load(even + (2 * step));
        Vector<T> d1 = Vector.Load(odd), d3 = Vector.Load(odd + step), d5 = Vector.Load(odd + (2 * step));
        Vector<T> a = MulAdd(d2, Of(-4), d4), b = MulAdd(d1, Of(-4), d3), c = d4 - d2, e = d3 - d1;
        MulAdd(d0, Of(4), MulAdd(d2, Of(-5), d4)).Store(to);
        (a + b).Store(to + pitch);
        (a - b).Store(to + (2 * pitch));
        MulAdd(e, Of(2), c).Store(to + (3 * pitch));
        MulAdd(e, Of(-2), c).Store(to + (4 * pitch));
        MulAdd(d1, Of(4), MulAdd(d3, Of(-5), d5)).Store(to + (5 * pitch));
    }

    /// <summary>Adds B v to the first two pixels of each kind; the last of each, which no tile before has, are stored.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddInputGradient(T* from, nint pitch, T* even, T* odd, nint step)
    {
        Vector<T> v0 = Vector.Load(from), v1 = Vector.Load(from + pitch), v2 = Vector.Load(from + (2 * pitch));
        Vector<T> v3 = Vector.Load(from + (3 * pitch)), v4 = Vector.Load(from + (4 * pitch)),
            v5 = Vector.Load(from + (5 * pitch));
        Vector<T> sum1 = v1 + v2, sum2 = v3 + v4, apart1 = v1 - v2, apart2 = v3 - v4;
        // The pixels that are added to come first: tiles may be closer together than a vector is long.
        (v0 + sum1 + sum2).Store(even + (2 * step));
        v5.Store(odd + (2 * step));
        Add(even, v0 * Of(4));
        Add(odd, MulAdd(v5 - apart1, Of(4), apart2 * Of(-2)));
        Add(even + step, MulAdd(v0, Of(-5), MulAdd(sum1, Of(-4), -sum2)));
        Add(odd + step, MulAdd(v5, Of(-5), MulAdd(apart2, Of(2), apart1)));

        static void Add(T* to, Vector<T> value) => (Vector.Load(to) + value).Store(to);
    }

    /// <summary>A^T m.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Vector<T> Y0, Vector<T> Y1) Output(
        Vector<T> m0, Vector<T> m1, Vector<T> m2, Vector<T> m3, Vector<T> m4, Vector<T> m5) =>
        (m0 + (m1 + m2) + (m3 + m4), MulAdd(m3 - m4, Of(2), m1 - m2) + m5);

    /// <summary>A y.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void OutputGradient(Vector<T> y0, Vector<T> y1, T* to, nint pitch)
    {
        y0.Store(to);
        (y0 + y1).Store(to + pitch);
        (y0 - y1).Store(to + (2 * pitch));
        MulAdd(y1, Of(2), y0).Store(to + (3 * pitch));
        MulAdd(y1, Of(-2), y0).Store(to + (4 * pitch));
        y1.Store(to + (5 * pitch));
    }

    /// <summary>A row of A.</summary>
    public static (Vector<T> First, Vector<T> Second) OutputRow(int row) => row switch
    {
        0 => (Of(1), Of(0)),
        1 => (Of(1), Of(1)),
        2 => (Of(1), Of(-1)),
        3 => (Of(1), Of(2)),
        4 => (Of(1), Of(-2)),
        _ => (Of(0), Of(1)),
    };

    /// <summary>G g: 5 weights to 6 points.</summary>
    public static void Filter(T* from, nint step, T* to, nint pitch)
    {
        Vector<T> g0 = Vector.Load(from), g1 = Vector.Load(from + step), g2 = Vector.Load(from + (2 * step));
        Vector<T> g3 = Vector.Load(from + (3 * step)), g4 = Vector.Load(from + (4 * step));
        Vector<T> even1 = g0 + g2 + g4, odd1 = g1 + g3;
        Vector<T> even2 = MulAdd(g4, Of(16), MulAdd(g2, Of(4), g0)), odd2 = MulAdd(g3, Of(8), g1 * Of(2));
        (g0 * Of(0.25)).Store(to);
        ((even1 + odd1) * Of(-1 / 6d)).Store(to + pitch);
        ((even1 - odd1) * Of(-1 / 6d)).Store(to + (2 * pitch));
        ((even2 + odd2) * Of(1 / 24d)).Store(to + (3 * pitch));
        ((even2 - odd2) * Of(1 / 24d)).Store(to + (4 * pitch));
        g4.Store(to + (5 * pitch));
    }

    /// <summary>G^T u.</summary>
    public static void FilterGradient(T* from, nint pitch, T* to, nint step)
    {
        Vector<T> u1 = Vector.Load(from + pitch), u2 = Vector.Load(from + (2 * pitch));
        Vector<T> u3 = Vector.Load(from + (3 * pitch)), u4 = Vector.Load(from + (4 * pitch));
        Vector<T> sum1 = (u1 + u2) * Of(-1 / 6d), apart1 = (u1 - u2) * Of(-1 / 6d), sum2 = (u3 + u4) * Of(1 / 24d),
            apart2 = (u3 - u4) * Of(1 / 24d);
        MulAdd(Vector.Load(from), Of(0.25), sum1 + sum2).Store(to);
        MulAdd(apart2, Of(2), apart1).Store(to + step);
        MulAdd(sum2, Of(4), sum1).Store(to + (2 * step));
        MulAdd(apart2, Of(8), apart1).Store(to + (3 * step));
        (MulAdd(sum2, Of(16), sum1) + Vector.Load(from + (5 * pitch))).Store(to + (4 * step));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<T> MulAdd(Vector<T> a, Vector<T> b, Vector<T> c) => typeof(T) == typeof(float)
        ? Vector.MultiplyAddEstimate(a.As<T, float>(), b.As<T, float>(), c.As<T, float>()).As<float, T>()
        : Vector.MultiplyAddEstimate(a.As<T, double>(), b.As<T, double>(), c.As<T, double>()).As<double, T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<T> Of(double value) => new(T.CreateTruncating(value));
}
