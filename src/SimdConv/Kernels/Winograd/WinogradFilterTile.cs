namespace SimdConv.Kernels;

/// <summary>U = G g G^T of filters side by side in lanes.</summary>
internal static unsafe class WinogradFilterTile<TVec, T, TTile>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TTile : struct, IWinograd
{
    /// <summary>Transforms filters, [tap][filter] to [point][filter].</summary>
    /// <param name="taps">R * R rows of filters.</param>
    /// <param name="points">(M + R - 1)^2 rows.</param>
    /// <param name="ld">Elements from one row of either to the next.</param>
    /// <param name="count">Filters; rows are read and written in whole registers.</param>
    public static void Run(T* taps, T* points, nint ld, nint count)
    {
        int size = TTile.Taps, n = TTile.Points, w = TVec.Count;
        T* columns = stackalloc T[n * size * w];
        for (nint i = 0; i < count; i += w)
        {
            for (int s = 0; s < size; s++)
                Column(taps + i + (s * ld), size * ld, columns + (s * w), size * w);
            for (int r = 0; r < n; r++)
                Column(columns + (r * size * w), w, points + i + (r * n * ld), ld);
        }
    }

    /// <summary>G g of one column or row.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Column(T* g, nint step, T* points, nint next)
    {
        TVec g0 = TVec.Load(g), g1 = TVec.Load(g + step), g2 = TVec.Load(g + (2 * step)), g3 = default, g4 = default;
        if (TTile.Taps > 3) g3 = TVec.Load(g + (3 * step));
        if (TTile.Taps > 3) g4 = TVec.Load(g + (4 * step));
        TVec.Store(points, TTile.Filter<TVec, T>(0, g0, g1, g2, g3, g4));
        TVec.Store(points + next, TTile.Filter<TVec, T>(1, g0, g1, g2, g3, g4));
        TVec.Store(points + (2 * next), TTile.Filter<TVec, T>(2, g0, g1, g2, g3, g4));
        TVec.Store(points + (3 * next), TTile.Filter<TVec, T>(3, g0, g1, g2, g3, g4));
        if (TTile.Points > 4) TVec.Store(points + (4 * next), TTile.Filter<TVec, T>(4, g0, g1, g2, g3, g4));
        if (TTile.Points > 4) TVec.Store(points + (5 * next), TTile.Filter<TVec, T>(5, g0, g1, g2, g3, g4));
    }
}
