using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>
/// The loop nests that read operands in place, alpha being 1: fastest where they are too small, or too seldom read again,
/// for a packed copy to pay. No workspace, but where B is transposed.
/// </summary>
internal static unsafe class InPlaceLoops<TVec, THalf, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where THalf : unmanaged, ILanes<THalf, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Bytes of the widest register.</summary>
    private const int Alignment = 64;

    /// <summary>
    /// KC where B is read once: so few rows that the hardware follows each of them. The next as many are fetched meanwhile.
    /// </summary>
    private const int StreamedTerms = 16;

    /// <summary>KC where B is read again: its panel, two registers wide, takes at most half of L1.</summary>
    private static int ReusedTerms => Math.Max(StreamedTerms, CacheSizes.L1 / 2 / (2 * TVec.Count * sizeof(T)));

    /// <summary>Rows of a tile of two half registers: Zen 4 runs six at its peak, but seven or eight 15 % below.</summary>
    private const int NarrowRows = 6;

    /// <summary>
    /// KC of a transposed B: long enough for the hardware to follow its rows, which pays more than a panel within L1 would.
    /// </summary>
    private const int TransposedTerms = 256;

    /// <summary>Whether the product runs faster in place than packed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Suits(GemmProblem<T>* p)
    {
        if (p->Alpha != T.One)
            return false;

        // One row of tiles reads B once only, so a packed copy of it would never be read again.
        if (p->M <= InPlaceKernel<TVec, T>.MaxRows(2))
            return true;

        // All of B in half of L2, so that it stays there while panels of A go by: copied first where it is transposed. A too,
        // where each panel of B would read it in pieces, and there are panels enough to pay for a packed copy; A's columns only
        // where they are near each other.
        const int ManyColumns = 128;
        long half = CacheSizes.L2 / 2;
        bool readsOnce = p->A.ColumnStride == 1 && (p->K <= ReusedTerms || p->N <= ManyColumns);
        return (long)p->K * p->N * sizeof(T) <= half && (readsOnce || (long)p->M * p->K * sizeof(T) < half);
    }

    /// <summary>C = A * B + C, or A * B where <paramref name="fromC"/> is not set.</summary>
    public static void Run(GemmProblem<T>* p, bool fromC)
    {
        bool isFlat = p->M <= InPlaceKernel<TVec, T>.MaxRows(4);
        int most = isFlat ? InPlaceKernel<TVec, T>.MaxRows(4) : InPlaceKernel<TVec, T>.MaxRows(2);
        if (CallTrace.IsOn)
            Trace(p, fromC, most);
        if (p->B.ColumnStride == 1 && !IsStreaming(p, fromC))
            RunInPlace(p, fromC, false);
        else if (p->B.ColumnStride == 1)
            RunStreaming(p, most);
        else if (p->M <= 2 && TVec.Count is 4 or 8 or 16)
            RunDots(p, fromC);
        else if (p->M <= most)
            RunPanelsTransposed(p, fromC, isFlat ? 4 : 2);
        else
            RunWholeTransposed(p, fromC);
    }

    private static void Trace(GemmProblem<T>* p, bool fromC, int most) => CallTrace.Reach(
        p->B.ColumnStride == 1 ? IsStreaming(p, fromC) ? "streaming" : "B as it lies"
        : p->M <= 2 && TVec.Count is 4 or 8 or 16 ? "dots"
        : p->M <= most ? "B transposed in panels" : "B transposed whole");

    /// <summary>
    /// A C that is written once, and too large for any cache to hold it until it is read: past the caches, so that its old
    /// contents aren't fetched, for which its rows have to be aligned alike.
    /// </summary>
    private static bool IsStreaming(GemmProblem<T>* p, bool fromC)
    {
        const int MostTerms = 64;
        return !fromC && p->K <= MostTerms && (long)p->M * p->N * sizeof(T) > CacheSizes.L3
            && p->Ldc * sizeof(T) % Alignment == 0 && (nint)p->C % sizeof(T) == 0;
    }

    /// <summary>Row of tiles after row of tiles: C is written in the order of memory.</summary>
    private static void RunStreaming(GemmProblem<T>* p, int most)
    {
        GemmProblem<T> block = *p;
        for (int row = 0; row < p->M; row += most)
        {
            block.M = Math.Min(most, p->M - row);
            block.A = p->A.At(row, 0);
            block.C = p->C + (row * p->Ldc);
            RunInPlace(&block, false, true);
        }

        // Such stores may pass later ones, which no other thread must see.
        Cpu.StoreFence();
    }

    /// <summary>B in place: for each few columns, rows of tiles below each other.</summary>
    [SkipLocalsInit]
    public static void RunInPlace(GemmProblem<T>* p, bool fromC, bool isStreaming)
    {
        bool isFlat = p->M <= InPlaceKernel<TVec, T>.MaxRows(4);
        int most = isFlat ? InPlaceKernel<TVec, T>.MaxRows(4) : InPlaceKernel<TVec, T>.MaxRows(2);
        int w = TVec.Count;

        // Half registers fill what is little more than one register with less work than two.
        int two = Half<TVec, THalf>.Exists ? w + (w / 2) : w;
        bool isLong = p->K > StreamedTerms,
            isStreamed = isLong && p->M <= most && (long)p->K * p->N * sizeof(T) > CacheSizes.L2 / 2;
        int kcMost = isLong && !isStreamed ? ReusedTerms : StreamedTerms;
        InPlaceOperands<T> o;
        o.ARow = p->A.RowStride;
        o.ATerm = p->A.ColumnStride;
        o.Ldb = p->B.RowStride;
        o.Ldc = o.LdStart = p->Ldc;
        o.IsStreaming = isStreaming;
        o.Ahead = isStreamed ? StreamedTerms * o.Ldb : 0;

        // Columns ahead of the first register that is aligned, where that matters.
        int ahead = o.IsStreaming ? Math.Min(p->N, (int)(-(nint)p->C & (Alignment - 1)) / sizeof(T)) : 0, pc = 0;
        do
        {
            o.Terms = Math.Min(p->K - pc, kcMost);
            T* a = p->A.Data + (pc * o.ATerm), b = p->B.Data + (pc * o.Ldb);
            for (int jc = 0; jc < p->N;)
            {
                int left = (jc < ahead ? ahead : p->N) - jc, across = left > 3 * w && isFlat ? 4 : left > two ? 2 : 1;
                int columns = Math.Min(left, across * w);
                o.B = b + jc;
                bool isNarrow = Half<TVec, THalf>.Exists && columns < w;
                int height = isNarrow && columns > w / 2 && p->M > most ? NarrowRows : most;
                for (int row = 0; row < p->M;)
                {
                    // Whole tiles, the last two of equal height.
                    int below = p->M - row, rows = below >= 2 * height ? height : below > height ? (below + 1) / 2 : below;
                    o.A = a + (row * o.ARow);
                    o.C = p->C + (row * o.Ldc) + jc;
                    o.Start = fromC ? o.C : null;

                    // Two half registers need no mask, as a part of a whole one would; one half takes half the time.
                    if (isNarrow)
                        InPlaceKernel<THalf, T>.Run(rows, columns <= w / 2 ? 1 : 2, columns, &o);
                    else
                        InPlaceKernel<TVec, T>.Run(rows, across, columns, &o);
                    row += rows;
                }

                jc += columns;
            }

            fromC = true;
            pc += kcMost;
        }
        while (pc < p->K);
    }

    /// <summary>
    /// B transposed and few rows: dot products, as many at once as a register has lanes, with nothing between memory and the
    /// multiply-adds.
    /// </summary>
    private static void RunDots(GemmProblem<T>* p, bool fromC)
    {
        GemmProblem<T> rows = *p;
        bool isContiguous = p->A.ColumnStride == 1;
        using Workspace workspace = Workspace.Of(isContiguous ? 0 : (long)p->M * p->K, out T* gathered);
        if (!isContiguous)
        {
            rows.A = new() { Data = gathered, RowStride = p->K, ColumnStride = 1 };
            for (int m = 0; m < p->M; m++)
                RowCopy<TVec, T>.Gather(p->A.Data + (m * p->A.RowStride), p->A.ColumnStride, rows.A.Data + ((nint)m * p->K),
                    p->K);
        }

        // Rows of B that stay in L2 for the other rows of A.
        for (int j = 0; j < p->N; j += TVec.Count)
        {
            for (int m = 0; m < p->M;)
            {
                int left = p->M - m;
                m += left >= 2 ? Dots<N2>(&rows, m, j, fromC) : Dots<N1>(&rows, m, j, fromC);
            }
        }
    }

    [SkipLocalsInit]
    private static int Dots<TRows>(GemmProblem<T>* p, int row, int column, bool fromC)
        where TRows : struct, IConstant
    {
        int w = TVec.Count, columns = Math.Min(w, p->N - column);
        T* c = p->C + (row * p->Ldc) + column, sums = stackalloc T[TRows.Value * w];
        for (int m = 0; m < TRows.Value; m++)
            TVec.Store(sums + (m * w), fromC ? RowCopy<TVec, T>.LoadUpTo(c + (m * p->Ldc), columns) : default);
        StridedMatrix<T> b = p->B.At(0, column);
        TransposeBlocks<TVec, T>.Dots<TRows>(b.Data, b.ColumnStride, columns, p->K, p->A.Data + (row * p->A.RowStride),
            p->A.RowStride, sums);
        for (int m = 0; m < TRows.Value; m++)
            RowCopy<TVec, T>.StoreUpTo(c + (m * p->Ldc), TVec.Load(sums + (m * w)), columns);
        return TRows.Value;
    }

    /// <summary>
    /// B transposed and at most one row of tiles: blocks of B are transposed in registers on their way through L1.
    /// </summary>
    private static void RunPanelsTransposed(GemmProblem<T>* p, bool fromC, int vectors)
    {
        int w = TVec.Count, kcMost = TransposedTerms;
        using Workspace workspace = Workspace.Of((long)kcMost * vectors * w, out T* panel);
        InPlaceOperands<T> o;
        o.ARow = p->A.RowStride;
        o.ATerm = p->A.ColumnStride;
        o.B = panel;
        o.Ldc = o.LdStart = p->Ldc;
        o.Ahead = 0;
        o.IsStreaming = false;
        for (int jc = 0; jc < p->N;)
        {
            int left = p->N - jc, across = left > 3 * w && vectors == 4 ? 4 : left > w ? 2 : 1;
            int columns = Math.Min(left, across * w), pc = 0;
            o.Ldb = across * w;
            o.C = p->C + jc;
            do
            {
                int kc = Math.Min(p->K - pc, kcMost);
                MatrixPacking<TVec, T>.PackB(p->B.At(pc, jc), kc, columns, across * w, o.B);
                o.A = p->A.Data + (pc * o.ATerm);
                o.Terms = kc;
                o.Start = fromC || pc > 0 ? o.C : null;
                InPlaceKernel<TVec, T>.Run(p->M, across, columns, &o);
                pc += kcMost;
            }
            while (pc < p->K);
            jc += columns;
        }
    }

    /// <summary>B transposed and small: copied once, row by row for all columns, then read in place.</summary>
    private static void RunWholeTransposed(GemmProblem<T>* p, bool fromC)
    {
        int width = Shapes.RoundUp(p->N, TVec.Count);
        using Workspace workspace = Workspace.Of((long)p->K * width, out T* b);
        GemmProblem<T> whole = *p;
        whole.B = new() { Data = b, RowStride = width, ColumnStride = 1 };
        MatrixPacking<TVec, T>.PackB(p->B, p->K, p->N, width, whole.B.Data);
        Run(&whole, fromC);
    }
}
