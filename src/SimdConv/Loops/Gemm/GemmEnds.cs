using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>
/// What comes before the first term and after the last, for a block of C: whole where C is small, else while it is in cache.
/// </summary>
internal static unsafe class GemmEnds<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>C = fma(beta, C, bias) ahead of the terms: what each chain starts from. With beta 0, C isn't read.</summary>
    public static void Start(GemmProblem<T>* p, int row, int rows, int column, int columns)
    {
        int w = TVec.Count;
        TVec beta = TVec.Broadcast(p->Beta);
        for (int i = row; i < row + rows; i++)
        {
            T* c = p->C + (i * p->Ldc);
            TVec bias = p->RowBias == null ? default : TVec.Broadcast(p->RowBias[i * p->RowBiasStep]);
            for (int j = column; j < column + columns; j += w)
            {
                int count = Math.Min(w, column + columns - j);
                if (p->ColumnBias != null)
                    bias = Load(p->ColumnBias + j, count);
                TVec value = p->Beta == T.Zero ? bias
                    : HasBias(p) ? TVec.MulAdd(beta, Load(c + j, count), bias)
                    : TVec.Multiply(beta, Load(c + j, count));
                if (count == w)
                    TVec.Store(c + j, value);
                else
                    TVec.StorePartial(c + j, value, count);
            }
        }

        static TVec Load(T* source, int count) => count == TVec.Count ? TVec.Load(source) : TVec.LoadPartial(source, count);
    }

    /// <summary>Whether chains start from anything but zero or C as it is.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Starts(GemmProblem<T>* p) => HasBias(p) || (p->Beta != T.Zero && p->Beta != T.One);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool HasBias(GemmProblem<T>* p) => p->RowBias != null || p->ColumnBias != null;

    /// <summary>What follows the last term.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Finish(GemmProblem<T>* p, int row, int rows, int column, int columns)
    {
        if (Finishes(p))
            Activate(p, row, rows, column, columns);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Finishes(GemmProblem<T>* p) => !p->Finish.IsNone;

    private static void Activate(GemmProblem<T>* p, int row, int rows, int column, int columns)
    {
        for (int i = row; i < row + rows; i++)
        {
            nint at = (i * p->Ldc) + column;
            RowCopy<TVec, T>.Finish(in p->Finish, at, p->C + at, columns);
        }
    }
}
