using SimdConv.Kernels;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace SimdConv.Loops;

/// <summary>
/// The loop nest without packing and without workspace, for operands that already lie as tiles can read them: B's rows contiguous,
/// alpha 1. Fastest where an operand is too small, or too seldom read again, for a copy of it to pay.
/// </summary>
internal static unsafe class DirectLoops<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>KC where B is read once: so few rows that the hardware follows each of them through memory.</summary>
    private const int StreamedTerms = 16;

    /// <summary>KC where B is read again: a panel of B, 2 registers wide, stays in half of L1.</summary>
    private static int ReusedTerms => BlockSizes.L1Bytes / 2 / (2 * TVec.Count * sizeof(T));

    /// <summary>Whether the product runs faster in place than packed.</summary>
    public static bool Suits(GemmProblem<T>* p)
    {
        // One row of tiles reads B once only. Otherwise B is to stay in L2 with room for A and C.
        return p->B.ColumnStride == 1 && p->Alpha == T.One
            && (p->M <= DirectKernel<TVec, T>.MaxRows(2) || (long)p->K * p->N * sizeof(T) <= BlockSizes.L2Bytes);
    }

    /// <summary>C = A * B + C, or A * B where <paramref name="fromC"/> is not set.</summary>
    [SkipLocalsInit]
    public static void Run(GemmProblem<T>* p, bool fromC)
    {
        bool isFlat = p->M <= DirectKernel<TVec, T>.MaxRows(4);
        int most = isFlat ? DirectKernel<TVec, T>.MaxRows(4) : DirectKernel<TVec, T>.MaxRows(2);
        int kcMost = p->M > most || (long)p->K * p->N * sizeof(T) <= BlockSizes.L2Bytes ? Math.Max(ReusedTerms, StreamedTerms) : StreamedTerms;
        int w = TVec.Count;
        DirectOperands<T> o;
        o.ARow = p->A.RowStride;
        o.ATerm = p->A.ColumnStride;
        o.Ldb = p->B.RowStride;
        o.Ldc = o.LdStart = p->Ldc;
        int pc = 0;
        do
        {
            o.Terms = Math.Min(p->K - pc, kcMost);
            T* a = p->A.Data + (pc * o.ATerm), b = p->B.Data + (pc * o.Ldb);
            for (int jc = 0; jc < p->N;)
            {
                int left = p->N - jc, across = left > 3 * w && isFlat ? 4 : left > w ? 2 : 1;
                int columns = Math.Min(left, across * w);
                o.B = b + jc;
                for (int row = 0; row < p->M;)
                {
                    // Whole tiles, the last two of equal height.
                    int below = p->M - row, rows = below >= 2 * most ? most : below > most ? (below + 1) / 2 : below;
                    o.A = a + (row * o.ARow);
                    o.C = p->C + (row * o.Ldc) + jc;
                    o.Start = fromC ? o.C : null;

                    // Not more than one register across: two halves of it take the same time, and fewer cycles to load A. One half, half the time.
                    if (typeof(TVec) == typeof(Avx512Lanes<T>) && across == 1)
                        DirectKernel<Avx2Lanes<T>, T>.Run(rows, columns > w / 2 ? 2 : 1, columns, &o);
                    else
                        DirectKernel<TVec, T>.Run(rows, across, columns, &o);
                    row += rows;
                }

                jc += columns;
            }

            fromC = true;
            pc += kcMost;
        }
        while (pc < p->K);
    }
}
