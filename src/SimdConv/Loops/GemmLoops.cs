using SimdConv.Core;
using SimdConv.Kernels;
using SimdConv.Packing;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace SimdConv.Loops;

/// <summary>C[M x N] = alpha * A[M x K] * B[K x N] + beta * C, transposes already in the strides.</summary>
internal unsafe struct GemmProblem<T>
    where T : unmanaged
{
    public int M, N, K;
    public T Alpha, Beta;
    public StridedMatrix<T> A, B;
    public T* C;
    public nint Ldc;
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
        if (threads == 1 || (long)m * n * Math.Max(1, problem->K) <= BlockSizes.SerialLimit)
        {
            RunSerial(problem);
            return;
        }

        bool byRows = (m + TKernel.MR - 1) / TKernel.MR >= (n + TKernel.NR - 1) / TKernel.NR;
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
            mine.M = to - from;
        }
        else
        {
            mine.B = mine.B.At(0, from);
            mine.C += from;
            mine.N = to - from;
        }

        RunSerial(&mine);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void RunSerial(GemmProblem<T>* p)
    {
        if (p->Beta != T.Zero && p->Beta != T.One)
            Scale(p);
        bool fromC = p->Beta != T.Zero;
        if (p->N == 1 && p->Ldc == 1 && p->M > 1 && p->Alpha == T.One)
        {
            // One column of C is a row of its transpose, as it lies.
            GemmProblem<T> transposed = Transposed(p);
            Run(&transposed, fromC);
        }
        else
        {
            Run(p, fromC);
        }
    }

    /// <summary>The one place where the way through a product is chosen, the fastest that suits it first.</summary>
    private static void Run(GemmProblem<T>* p, bool fromC)
    {
        if (IsBetterTransposed(p))
            RunTransposed(p, fromC);
        else if (DirectLoops<TVec, T>.Suits(p))
            DirectLoops<TVec, T>.Run(p, fromC);
        else
            RunPacked(p);
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

    /// <summary>
    /// Few columns that leave lanes empty, when the rows would fill them: worth a copy of C where there are terms enough. 49 columns
    /// fill 77 % of four registers of 16, 512 rows all.
    /// </summary>
    private static bool IsBetterTransposed(GemmProblem<T>* p)
    {
        const int MostColumns = 128, LeastTerms = 64;
        if (p->Alpha != T.One || p->N > MostColumns || p->M < p->N || p->K < LeastTerms)
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
            RunPacked(&transposed);
        for (int j = 0; j < n; j += w)
        {
            T* c = p->C + j;
            TransposeBlocks<TVec, T>.Run(turned + ((nint)j * m), m, Math.Min(w, n - j), m, T.One, c, p->Ldc, p->C + ((m - 1) * p->Ldc) + n, exact: true);
        }
    }

    private static void RunPacked(GemmProblem<T>* p)
    {
        int mr = TKernel.MR, nr = TKernel.NR, size = sizeof(T);
        int kcMost = BlockSizes.Kc(mr, size), ncMost = BlockSizes.Nc(kcMost, nr, size), mcMost = BlockSizes.Mc(kcMost, mr, size);
        int kcUsed = Math.Min(p->K, kcMost), mcUsed = Math.Min(p->M, mcMost);
        int ncUsed = Math.Min((p->N + nr - 1) / nr * nr, ncMost);
        long aCount = (long)mcUsed * kcUsed, bCount = (long)kcUsed * ncUsed, tile = mr * nr;
        using Workspace workspace = new(Workspace.SizeOf<T>(aCount) + Workspace.SizeOf<T>(bCount) + (2 * Workspace.SizeOf<T>(tile)));
        T* packedA = workspace.Take<T>(aCount), packedB = workspace.Take<T>(bCount);
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
                bool fromC = pc > 0 || p->Beta != T.Zero;
                for (int i = 0; i < panels.Count; i++)
                    MatrixPacking<TVec, T>.PackA(p->A.At(ic + panels.Start(i), pc), panels.Rows(i), kc, p->Alpha, packedA + ((nint)panels.Start(i) * kc));

                for (int jc = 0; jc < p->N; jc += ncMost)
                {
                    int nc = Math.Min(p->N - jc, ncMost);
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

    /// <summary>C = beta * C ahead of the terms: fma(beta, C, 0), what each chain starts from.</summary>
    private static void Scale(GemmProblem<T>* p)
    {
        int w = TVec.Count;
        TVec beta = TVec.Broadcast(p->Beta);
        for (int i = 0; i < p->M; i++)
        {
            T* c = p->C + (i * p->Ldc);
            int j = 0;
            for (; j + w <= p->N; j += w)
                TVec.Store(c + j, TVec.Multiply(beta, TVec.Load(c + j)));
            if (j < p->N)
                TVec.StorePartial(c + j, TVec.Multiply(beta, TVec.LoadPartial(c + j, p->N - j)), p->N - j);
        }
    }
}
