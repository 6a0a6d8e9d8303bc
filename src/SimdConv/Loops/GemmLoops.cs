using System.Numerics;
using System.Runtime.CompilerServices;
using SimdConv.Core;
using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>C[M x N] = alpha * A[M x K] * B[K x N] + beta * C, transposes already in the strides.</summary>
internal unsafe struct GemmProblem<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public int M, N, K;
    public T Alpha, Beta;
    public StridedMatrix<T> A, B;
    public T* C;
    public nint Ldc;

    /// <summary>All panels of A or B, where the caller has packed them; at most one of the two.</summary>
    public T* PackedA, PackedB;

    /// <summary>Columns of all panels of B, and the column among them that this part begins with.</summary>
    public int PackedColumns, PackedColumn;

    /// <summary>What the chains of a row, or of a column, begin with; at most one of the two.</summary>
    public T* RowBias, ColumnBias;

    /// <summary>What follows the last term.</summary>
    public Finish<T> Finish;
}

/// <summary>
/// The packed loop nest of Goto and van de Geijn, ACM TOMS 34(3), 2008, as BLIS names its loops:
/// <code>
/// ic: rows of C by MC            the block of A fits the share of L3
///   pc: terms by KC              pack A[MC x KC] in panels of MR rows
///     jc: columns of C by NC     pack B[KC x NC] in panels of NR columns, which stay in L2
///       ir: panels of A          the micro-panel of A stays in L1
///         jr: panels of B        one tile: C[MR x NR], KC terms in registers
/// </code>
/// A later block of pc starts its chains from C, so the order of an element's terms depends on no block size.
/// </summary>
internal static unsafe class GemmLoops<TVec, T, TKernel>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TKernel : struct, IGemmKernel<T>
{
    public static void Run(GemmProblem<T>* problem, in Execution execution)
    {
        int m = problem->M, n = problem->N;
        int threads = execution.Threads;
        problem->PackedColumns = problem->PackedB == null ? 0 : PackedColumns(n);
        if (threads == 1 || (long)m * n * Math.Max(1, problem->K) <= BlockSizes.SerialLimit)
        {
            RunSerial(problem);
            return;
        }

        // By rows or by columns, whichever has more tiles; packed panels of A stay whole.
        bool byRows = problem->PackedA == null && (m + TKernel.MR - 1) / TKernel.MR >= (n + TKernel.NR - 1) / TKernel.NR;
        int units = byRows ? (m + TKernel.MR - 1) / TKernel.MR : (n + TKernel.NR - 1) / TKernel.NR;
        Split split = new() { Problem = problem, ByRows = byRows, Parts = Math.Min(threads, units), Units = units };
        execution.Run(split.Parts, &RunPart, &split);
    }

    private struct Split
    {
        public GemmProblem<T>* Problem;
        public bool ByRows;
        public int Parts, Units;
    }

    private static void RunPart(void* state, int part)
    {
        Split* split = (Split*)state;
        GemmProblem<T> mine = *split->Problem;
        int unit = split->ByRows ? TKernel.MR : TKernel.NR;
        int from = (int)((long)split->Units * part / split->Parts) * unit;
        int to = (int)Math.Min((long)split->Units * (part + 1) / split->Parts * unit, split->ByRows ? mine.M : mine.N);
        if (split->ByRows)
        {
            mine.A = mine.A.At(from, 0);
            mine.C += from * mine.Ldc;
            mine.RowBias = mine.RowBias == null ? null : mine.RowBias + from;
            mine.M = to - from;
        }
        else
        {
            mine.B = mine.B.At(0, from);
            mine.C += from;
            mine.PackedColumn += from;
            mine.ColumnBias = mine.ColumnBias == null ? null : mine.ColumnBias + from;
            mine.N = to - from;
        }

        RunSerial(&mine);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void RunSerial(GemmProblem<T>* p)
    {
        bool fromC = p->Beta != T.Zero || HasBias(p);
        if (fromC && (p->Beta != T.One || HasBias(p)))
            Start(p);
        Run(p, fromC);
        for (int i = 0; i < p->M && p->Finish.Operation != ElementwiseOperation.None; i++)
        {
            T* c = p->C + (i * p->Ldc);
            ElementwiseLoops<TVec, T>.Run(p->Finish.Operation, c, c, c, p->N, p->Finish.Factor);
        }
    }

    /// <summary>The one place where the way through a product is chosen, the fastest that suits it first.</summary>
    private static void Run(GemmProblem<T>* p, bool fromC)
    {
        if (p->PackedA != null || p->PackedB != null)
            RunPacked(p, fromC);
        else if (p->N == 1 && p->Ldc == 1 && p->M > 1 && p->Alpha == T.One)
            RunColumn(p, fromC);
        else if (IsBetterTransposed(p))
            RunTransposed(p, fromC);
        else if (DirectLoops<TVec, T>.Suits(p))
            DirectLoops<TVec, T>.Run(p, fromC);
        else
            RunPacked(p, fromC);
    }

    /// <summary>The same product seen from behind: C^T = B^T * A^T. Each element's chain is the same, a * b being b * a.</summary>
    private static GemmProblem<T> Transposed(GemmProblem<T>* p) => new()
    {
        M = p->N,
        N = p->M,
        K = p->K,
        Alpha = p->Alpha,
        Beta = p->Beta,
        A = p->B.Transposed,
        B = p->A.Transposed,
        C = p->C,
        Ldc = p->M,
    };

    /// <summary>One column of C is a row of its transpose, as it lies.</summary>
    private static void RunColumn(GemmProblem<T>* p, bool fromC)
    {
        GemmProblem<T> row = Transposed(p);
        DirectLoops<TVec, T>.Run(&row, fromC);
    }

    /// <summary>
    /// Few columns that leave lanes empty, when the rows would fill them: worth a copy of C where there are terms enough. 49 columns
    /// fill 77 % of four registers of 16, 512 rows all.
    /// </summary>
    private static bool IsBetterTransposed(GemmProblem<T>* p)
    {
        const int MostColumns = 128, LeastTerms = 128;
        if (p->Alpha != T.One || p->N > MostColumns || p->M < 4 * p->N || p->K < LeastTerms)
            return false;
        return 10L * Padded(p->N) * p->M > 11L * p->N * Padded(p->M);

        static long Padded(int size) => (size + TVec.Count - 1) / TVec.Count * TVec.Count;
    }

    private static void RunTransposed(GemmProblem<T>* p, bool fromC)
    {
        int m = p->M, n = p->N, w = TVec.Count;
        using Workspace workspace = new(Workspace.SizeOf<T>((long)m * n));
        T* turned = workspace.Take<T>((long)m * n), end = turned + ((nint)m * n);
        for (int i = 0; i < m && fromC; i += w)
            TransposeBlocks<TVec, T>.Run(p->C + (i * p->Ldc), p->Ldc, Math.Min(w, m - i), n, T.One, turned + i, m, end, exact: true);
        GemmProblem<T> transposed = Transposed(p);
        transposed.C = turned;
        if (DirectLoops<TVec, T>.Suits(&transposed))
            DirectLoops<TVec, T>.Run(&transposed, fromC);
        else
            RunPacked(&transposed, fromC);
        for (int j = 0; j < n; j += w)
        {
            T* c = p->C + j;
            TransposeBlocks<TVec, T>.Run(turned + ((nint)j * m), m, Math.Min(w, n - j), m, T.One, c, p->Ldc, p->C + ((m - 1) * p->Ldc) + n, exact: true);
        }
    }

    private static void RunPacked(GemmProblem<T>* p, bool startsFromC)
    {
        int mr = TKernel.MR, nr = TKernel.NR, size = sizeof(T);
        int kcMost = BlockSizes.Kc(mr, size), ncMost = BlockSizes.Nc(kcMost, nr, size), mcMost = BlockSizes.Mc(kcMost, mr, size);
        int kcUsed = Math.Min(p->K, kcMost), mcUsed = Math.Min(p->M, mcMost);
        int ncUsed = Math.Min((p->N + nr - 1) / nr * nr, ncMost);
        long aCount = p->PackedA == null ? (long)mcUsed * kcUsed : 0, bCount = p->PackedB == null ? (long)kcUsed * ncUsed : 0, tile = mr * nr;
        using Workspace workspace = new(Workspace.SizeOf<T>(aCount) + Workspace.SizeOf<T>(bCount) + (2 * Workspace.SizeOf<T>(tile)));
        T* ownA = workspace.Take<T>(aCount), ownB = workspace.Take<T>(bCount);
        T* scratch = workspace.Take<T>(tile), zeros = workspace.Take<T>(nr);
        new Span<T>(zeros, nr).Clear();

        for (int ic = 0; ic < p->M; ic += mcMost)
        {
            int mc = Math.Min(p->M - ic, mcMost);
            Panels panels = new(mc, mr);

            // At least one pass: with no terms at all C still becomes beta * C.
            for (int pc = 0; pc < Math.Max(1, p->K); pc += kcMost)
            {
                int kc = Math.Min(p->K - pc, kcMost);
                bool fromC = pc > 0 || startsFromC;
                T* packedA = p->PackedA == null ? ownA : p->PackedA + ((nint)ic * p->K) + ((nint)mc * pc);
                if (p->PackedA == null)
                    PackA(p->A.At(ic, pc), panels, kc, p->Alpha, packedA);

                for (int jc = 0; jc < p->N; jc += ncMost)
                {
                    int nc = Math.Min(p->N - jc, ncMost);
                    T* packedB = p->PackedB == null ? ownB : p->PackedB + ((nint)pc * p->PackedColumns) + ((nint)(p->PackedColumn + jc) * kc);
                    if (p->PackedB == null)
                        MatrixPacking<TVec, T>.PackB(p->B.At(pc, jc), kc, nc, nr, packedB);

                    for (int ir = 0; ir < panels.Count; ir++)
                    {
                        int rows = panels.Rows(ir);
                        T* a = packedA + ((nint)panels.Start(ir) * kc);
                        T* c = p->C + ((ic + panels.Start(ir)) * p->Ldc) + jc;
                        for (int jr = 0; jr < nc; jr += nr)
                        {
                            // The next tile of C on its way while this one is computed.
                            Prefetch.Rows(jr + nr < nc ? c + jr + nr : c + (rows * p->Ldc), rows, p->Ldc, nr);
                            Tile(rows, Math.Min(nr, nc - jr), kc, a, packedB + ((nint)jr * kc), fromC ? c + jr : zeros, fromC ? p->Ldc : 0, c + jr, p->Ldc, scratch);
                        }
                    }
                }
            }
        }
    }

    /// <summary>One tile; where it sticks out of C to the right, through the scratch tile.</summary>
    private static void Tile(int rows, int columns, int kc, T* a, T* b, T* start, nint ldstart, T* c, nint ldc, T* scratch)
    {
        int nr = TKernel.NR;
        if (columns == nr)
        {
            TKernel.Run(rows, kc, a, b, nr, null, start, ldstart, c, ldc);
            return;
        }

        if (start == c)
        {
            for (int i = 0; i < rows; i++)
                MatrixPacking<TVec, T>.CopyRow(c + (i * ldc), columns, scratch + (i * nr), nr);
            start = scratch;
            ldstart = nr;
        }

        TKernel.Run(rows, kc, a, b, nr, null, start, ldstart, scratch, nr);
        int w = TVec.Count;
        for (int i = 0; i < rows; i++)
        {
            int j = 0;
            for (; j + w <= columns; j += w)
                TVec.Store(c + (i * ldc) + j, TVec.Load(scratch + (i * nr) + j));
            if (j < columns)
                TVec.StorePartial(c + (i * ldc) + j, TVec.Load(scratch + (i * nr) + j), columns - j);
        }
    }

    private static void PackA(StridedMatrix<T> a, Panels panels, int kc, T alpha, T* packed)
    {
        for (int i = 0; i < panels.Count; i++)
            MatrixPacking<TVec, T>.PackA(a.At(panels.Start(i), 0), panels.Rows(i), kc, alpha, packed + ((nint)panels.Start(i) * kc));
    }

    /// <summary>A in blocks of MC rows, in each its blocks of KC terms: m * k elements.</summary>
    public static void PackWholeA(StridedMatrix<T> a, int m, int k, T* packed)
    {
        int kcMost = BlockSizes.Kc(TKernel.MR, sizeof(T)), mcMost = BlockSizes.Mc(kcMost, TKernel.MR, sizeof(T));
        for (int ic = 0; ic < m; ic += mcMost)
        {
            int mc = Math.Min(m - ic, mcMost);
            for (int pc = 0; pc < k; pc += kcMost)
                PackA(a.At(ic, pc), new Panels(mc, TKernel.MR), Math.Min(k - pc, kcMost), T.One, packed + ((nint)ic * k) + ((nint)mc * pc));
        }
    }

    /// <summary>What `simdconv info` and whoever wants to know are told of this tile.</summary>
    public static KernelInfo Info(SimdTier tier)
    {
        int kc = BlockSizes.Kc(TKernel.MR, sizeof(T));
        return new(tier, typeof(T), TKernel.MR, TKernel.NR, BlockSizes.Mc(kc, TKernel.MR, sizeof(T)), kc, BlockSizes.Nc(kc, TKernel.NR, sizeof(T)));
    }

    /// <summary>The columns of all panels of B.</summary>
    public static int PackedColumns(int n) => checked((n + TKernel.NR - 1) / TKernel.NR * TKernel.NR);

    /// <summary>B in blocks of KC terms, in each all panels of NR columns.</summary>
    public static void PackWholeB(StridedMatrix<T> b, int n, int k, T* packed)
    {
        int kcMost = BlockSizes.Kc(TKernel.MR, sizeof(T));
        for (int pc = 0; pc < k; pc += kcMost)
            MatrixPacking<TVec, T>.PackB(b.At(pc, 0), Math.Min(k - pc, kcMost), n, TKernel.NR, packed + ((nint)pc * PackedColumns(n)));
    }

    /// <summary>C = fma(beta, C, bias) ahead of the terms: what each chain starts from. With beta 0, C isn't read.</summary>
    private static void Start(GemmProblem<T>* p)
    {
        int w = TVec.Count;
        TVec beta = TVec.Broadcast(p->Beta);
        for (int i = 0; i < p->M; i++)
        {
            T* c = p->C + (i * p->Ldc);
            TVec bias = p->RowBias == null ? default : TVec.Broadcast(p->RowBias[i]);
            for (int j = 0; j < p->N; j += w)
            {
                int count = Math.Min(w, p->N - j);
                if (p->ColumnBias != null)
                    bias = Load(p->ColumnBias + j, count);
                TVec value = p->Beta == T.Zero ? bias : HasBias(p) ? TVec.MulAdd(beta, Load(c + j, count), bias) : TVec.Multiply(beta, Load(c + j, count));
                if (count == w)
                    TVec.Store(c + j, value);
                else
                    TVec.StorePartial(c + j, value, count);
            }
        }

        static TVec Load(T* source, int count) => count == TVec.Count ? TVec.Load(source) : TVec.LoadPartial(source, count);
    }

    private static bool HasBias(GemmProblem<T>* p) => p->RowBias != null || p->ColumnBias != null;
}
