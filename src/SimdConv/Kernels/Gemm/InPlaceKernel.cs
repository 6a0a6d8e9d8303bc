namespace SimdConv.Kernels;

/// <summary>
/// The tiles of <see cref="InPlaceTile{TVec, T, TShape}"/> as one call: a shape is compiled when it first runs.
/// </summary>
internal static unsafe class InPlaceKernel<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>
    /// The most rows of a tile of that width: what a row of B, a broadcast element and a mask leave of the registers, at most
    /// eight.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int MaxRows(int vectors) => Math.Min(8, (TVec.Registers - vectors - 2) / vectors);

    /// <param name="rows">1 to <see cref="MaxRows"/>.</param>
    /// <param name="vectors">1, 2 or 4.</param>
    /// <param name="columns">More than <paramref name="vectors"/> - 1 registers and at most that many.</param>
    /// <param name="o">All but <see cref="InPlaceOperands{T}.Last"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Run(int rows, int vectors, int columns, InPlaceOperands<T>* o)
    {
        o->Last = columns - ((vectors - 1) * TVec.Count);
        if (TVec.Count > 1 && vectors == 1 && o->Last < TVec.Count)
            Run<N1, Partial>(rows, o);
        else if (TVec.Count > 1 && o->IsStreaming && o->Last == TVec.Count)
            Run<Streaming>(rows, vectors, o);
        else if (TVec.Count > 1 && o->Ahead != 0)
            Run<Fetching>(rows, vectors, o);
        else
            Run<Whole>(rows, vectors, o);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Run<TEnd>(int rows, int vectors, InPlaceOperands<T>* o)
        where TEnd : struct
    {
        if (vectors == 1)
            Run<N1, TEnd>(rows, o);
        else if (vectors == 2)
            Run<N2, TEnd>(rows, o);
        else
            Run<N4, TEnd>(rows, o);
    }

    private static void Run<TVectors, TEnd>(int rows, InPlaceOperands<T>* o)
        where TVectors : struct, IConstant
        where TEnd : struct
    {
        // Ahead of time, rows that the registers don't suffice for are left out.
        switch (rows)
        {
            case 1: InPlaceTile<TVec, T, InPlaceShape<N1, TVectors, TEnd>>.Run(o); break;
            case 2 when MaxRows(TVectors.Value) >= 2: InPlaceTile<TVec, T, InPlaceShape<N2, TVectors, TEnd>>.Run(o); break;
            case 3 when MaxRows(TVectors.Value) >= 3: InPlaceTile<TVec, T, InPlaceShape<N3, TVectors, TEnd>>.Run(o); break;
            case 4 when MaxRows(TVectors.Value) >= 4: InPlaceTile<TVec, T, InPlaceShape<N4, TVectors, TEnd>>.Run(o); break;
            case 5 when MaxRows(TVectors.Value) >= 5: InPlaceTile<TVec, T, InPlaceShape<N5, TVectors, TEnd>>.Run(o); break;
            case 6 when MaxRows(TVectors.Value) >= 6: InPlaceTile<TVec, T, InPlaceShape<N6, TVectors, TEnd>>.Run(o); break;
            case 7 when MaxRows(TVectors.Value) >= 7: InPlaceTile<TVec, T, InPlaceShape<N7, TVectors, TEnd>>.Run(o); break;
            case 8 when MaxRows(TVectors.Value) >= 8: InPlaceTile<TVec, T, InPlaceShape<N8, TVectors, TEnd>>.Run(o); break;
        }
    }
}
