using System.Numerics;
using System.Runtime.CompilerServices;

namespace SimdConv.Kernels;

/// <summary>The tiles of <see cref="DirectTile{TVec, T, TShape}"/> as one call: a shape is compiled when it first runs.</summary>
internal static unsafe class DirectKernel<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The most rows of a tile so many registers wide: what is left beside a row of B, a broadcast and a mask, at most eight.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int MaxRows(int vectors) => Math.Min(8, (TVec.Registers - vectors - 2) / vectors);

    /// <param name="rows">1 to <see cref="MaxRows"/>.</param>
    /// <param name="vectors">1, 2 or 4.</param>
    /// <param name="columns">More than <paramref name="vectors"/> - 1 registers and at most that many.</param>
    /// <param name="o">All but <see cref="DirectOperands{T}.Last"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Run(int rows, int vectors, int columns, DirectOperands<T>* o)
    {
        o->Last = columns - ((vectors - 1) * TVec.Count);
        int shape = o->Last < TVec.Count ? rows + 8 : rows;
        if (vectors == 1)
            Run<N1>(shape, o);
        else if (vectors == 2)
            Run<N2>(shape, o);
        else
            Run<N4>(shape, o);
    }

    private static void Run<TVectors>(int shape, DirectOperands<T>* o)
        where TVectors : struct, IConstant
    {
        switch (shape)
        {
            case 1: DirectTile<TVec, T, Whole<N1, TVectors>>.Run(o); break;
            case 2: DirectTile<TVec, T, Whole<N2, TVectors>>.Run(o); break;
            case 3: DirectTile<TVec, T, Whole<N3, TVectors>>.Run(o); break;
            case 4: DirectTile<TVec, T, Whole<N4, TVectors>>.Run(o); break;
            case 5: DirectTile<TVec, T, Whole<N5, TVectors>>.Run(o); break;
            case 6: DirectTile<TVec, T, Whole<N6, TVectors>>.Run(o); break;
            case 7: DirectTile<TVec, T, Whole<N7, TVectors>>.Run(o); break;
            case 8: DirectTile<TVec, T, Whole<N8, TVectors>>.Run(o); break;
            case 9: DirectTile<TVec, T, Partial<N1, TVectors>>.Run(o); break;
            case 10: DirectTile<TVec, T, Partial<N2, TVectors>>.Run(o); break;
            case 11: DirectTile<TVec, T, Partial<N3, TVectors>>.Run(o); break;
            case 12: DirectTile<TVec, T, Partial<N4, TVectors>>.Run(o); break;
            case 13: DirectTile<TVec, T, Partial<N5, TVectors>>.Run(o); break;
            case 14: DirectTile<TVec, T, Partial<N6, TVectors>>.Run(o); break;
            case 15: DirectTile<TVec, T, Partial<N7, TVectors>>.Run(o); break;
            case 16: DirectTile<TVec, T, Partial<N8, TVectors>>.Run(o); break;
        }
    }
}
