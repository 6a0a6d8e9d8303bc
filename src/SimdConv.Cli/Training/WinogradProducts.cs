using System.Numerics;
using System.Runtime.CompilerServices;
using SimdConv.Kernels;

namespace SimdConv.Cli.Training;

/// <summary>
/// The register tiles of <see cref="WinogradLayer{T}"/>: what is multiplied between its transforms. Lanes come in blocks of two
/// registers.
/// </summary>
internal static unsafe class WinogradProducts<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Outputs of a tile; channels of one of the weight gradient.</summary>
    public const int OutputTile = 4, ChannelTile = 3;

    /// <summary>Lanes of a block.</summary>
    public static int Block => 2 * Count;

    private static int Count => Vector<T>.Count;

    /// <summary>
    /// Of some points, some rows of U or its transpose times a block of lanes: target[point][row] = sum over terms of
    /// u[row][term] * points[term].
    /// </summary>
    public static void Multiply<TRows>(
        int count, T* u, nint nextPoint, nint nextRow, nint nextTerm, T* points, nint pitch, int terms, T* target)
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

    /// <summary>
    /// For some channels and outputs at one point, sums[output][channel] += x's point * the gradient's, lane by lane, over some
    /// blocks of lanes.
    /// </summary>
    public static void Accumulate(int blocks, T* x, nint nextX, T* dy, nint nextY, T* sum)
    {
        Vector<T> s0 = At(sum, 0), s1 = At(sum, 1), s2 = At(sum, 2), s3 = At(sum, 3), s4 = At(sum, 4), s5 = At(sum, 5);
        Vector<T> s6 = At(sum, 6), s7 = At(sum, 7), s8 = At(sum, 8), s9 = At(sum, 9), s10 = At(sum, 10), s11 = At(sum, 11);
        for (int block = 0; block < blocks; block++, x += nextX, dy += nextY)
        {
            for (int lane = 0; lane < Block; lane += Count)
            {
                Vector<T> x0 = Vector.Load(x + lane), x1 = Vector.Load(x + Block + lane),
                    x2 = Vector.Load(x + (2 * Block) + lane);
                Vector<T> y = Vector.Load(dy + lane);
                (s0, s1, s2) =
                    (Winograd5x5<T>.MulAdd(x0, y, s0), Winograd5x5<T>.MulAdd(x1, y, s1), Winograd5x5<T>.MulAdd(x2, y, s2));
                y = Vector.Load(dy + Block + lane);
                (s3, s4, s5) =
                    (Winograd5x5<T>.MulAdd(x0, y, s3), Winograd5x5<T>.MulAdd(x1, y, s4), Winograd5x5<T>.MulAdd(x2, y, s5));
                y = Vector.Load(dy + (2 * Block) + lane);
                (s6, s7, s8) =
                    (Winograd5x5<T>.MulAdd(x0, y, s6), Winograd5x5<T>.MulAdd(x1, y, s7), Winograd5x5<T>.MulAdd(x2, y, s8));
                y = Vector.Load(dy + (3 * Block) + lane);
                (s9, s10, s11) =
                    (Winograd5x5<T>.MulAdd(x0, y, s9), Winograd5x5<T>.MulAdd(x1, y, s10), Winograd5x5<T>.MulAdd(x2, y, s11));
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

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static Vector<T> At(T* sums, int index) => Vector.Load(sums + (index * Count));
    }
}
