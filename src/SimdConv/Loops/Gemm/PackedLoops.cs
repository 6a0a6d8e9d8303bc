using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

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
internal static unsafe class PackedLoops<TVec, THalf, T, TKernel>
    where TVec : unmanaged, ILanes<TVec, T>
    where THalf : unmanaged, ILanes<THalf, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TKernel : struct, IGemmKernel<T>
{
    /// <summary>Rows of A that lie a multiple of that apart share one set of L1.</summary>
    private const int SetsBytes = 4096;

    public static void Run(GemmProblem<T>* p)
    {
        int mr = TKernel.MR, nr = TKernel.NR, size = sizeof(T), k = p->K;
        int kcMost = Kc(k), ncMost = BlockSizes.Nc(kcMost, nr, size), mcMost = BlockSizes.Mc(kcMost, mr, size);
        Scratch arrays = new(p->PackedA == null ? (long)Math.Min(p->M, mcMost) * kcMost : 0,
            p->PackedB == null ? BlockOfB(p->N, k) : 0);
        using Workspace workspace = new(arrays.Plan);
        T* ownA = workspace.At(arrays.A), ownB = workspace.At(arrays.B);
        T* scratch = workspace.At(arrays.Tile), biases = workspace.At(arrays.Biases), zeros = workspace.At(arrays.Zeros);
        new Span<T>(zeros, nr).Clear();

        // The first tile that reads a panel of A, or of B, packs it while it computes; not A whose rows share a set of L1.
        bool ownsA = p->PackedA == null, packsA = ownsA && p->Alpha == T.One && p->A.RowStride * size % SetsBytes != 0;
        bool ownsB = p->PackedB == null, packsB = ownsB && p->B.ColumnStride == 1;
        bool startsFromBias = StartsFromBias(p), starts = !startsFromBias && GemmEnds<TVec, T>.Starts(p);
        bool fromC = starts || p->Beta != T.Zero;
        for (int ic = 0; ic < p->M; ic += mcMost)
        {
            int mc = Math.Min(p->M - ic, mcMost);
            Panels panels = new(mc, mr);
            (int first, int last) = Part(p, panels.Count);

            // At least one pass: with no terms at all C still becomes beta * C.
            for (int pc = 0; pc == 0 || pc < k; pc += kcMost)
            {
                int kc = Math.Min(k - pc, kcMost);
                T* packedA = ownsA ? ownA : p->PackedA + ((nint)ic * k) + ((nint)mc * pc);
                for (int jc = 0; jc < p->N; jc += ncMost)
                {
                    int nc = Math.Min(p->N - jc, ncMost);
                    if (CallTrace.IsOn)
                        Trace(ic, pc, jc);
                    T* packedB = ownsB ? ownB : p->PackedB + ((nint)pc * p->PackedColumns) + ((nint)(p->PackedColumn + jc) * kc);
                    for (int ir = first; ir < last; ir++)
                    {
                        int rows = panels.Rows(ir), row = ic + panels.Start(ir);
                        T* a = packedA + ((nint)panels.Start(ir) * kc), c = p->C + (row * p->Ldc) + jc;
                        bool packsThisA = packsA && jc == 0 && ir > first && nc >= nr;
                        if (ownsA && jc == 0 && !packsThisA)
                            MatrixPacking<TVec, T>.PackA(p->A.At(row, pc), rows, kc, p->Alpha, a);
                        if (starts && pc == 0)
                            GemmEnds<TVec, T>.Start(p, row, rows, jc, nc);
                        for (int i = 0; i < rows && startsFromBias && pc == 0; i++)
                            new Span<T>(biases + (i * nr), nr).Fill(p->RowBias[(row + i) * p->RowBiasStep]);
                        for (int jr = 0; jr < nc; jr += nr)
                        {
                            int columns = Math.Min(nr, nc - jr);
                            T* b = packedB + ((nint)jr * kc), start = fromC || pc > 0 ? c + jr : startsFromBias ? biases : zeros;
                            nint ldstart = start == zeros ? 0 : start == biases ? nr : p->Ldc;
                            T* next = jr + nr < nc ? c + jr + nr : c + (rows * p->Ldc);
                            if (packsThisA && jr == 0)
                            {
                                Prefetch.Rows(next, rows, p->Ldc, nr);
                                PacksA<T> way =
                                    new() { Source = p->A.At(row, pc).Data, Row = p->A.RowStride, Term = p->A.ColumnStride };
                                TKernel.Run(rows, kc, a, b, start, ldstart, c, p->Ldc, &way);
                            }
                            else if (packsB && ir == first && columns == nr)
                            {
                                Prefetch.Rows(next, rows, p->Ldc, nr);
                                PacksB<T> way = new() { Source = p->B.At(pc, jc + jr).Data, Term = p->B.RowStride };
                                TKernel.Run(rows, kc, a, b, start, ldstart, c + jr, p->Ldc, &way);
                            }
                            else
                            {
                                if (ownsB && ir == first)
                                    MatrixPacking<TVec, T>.PackB(p->B.At(pc, jc + jr), kc, columns, nr, b);
                                FetchesC<T> way = new() { NextC = next };
                                if (columns == nr)
                                    TKernel.Run(rows, kc, a, b, start, ldstart, c + jr, p->Ldc, &way);
                                else
                                    EdgeTile(rows, columns, kc, a, b, start, ldstart, c + jr, p->Ldc, scratch);
                            }
                        }

                        if (pc + kc >= k)
                            GemmEnds<TVec, T>.Finish(p, row, rows, jc, nc);
                    }
                }
            }
        }
    }

    /// <summary>
    /// Blocks of A and of B that are packed here, a tile that sticks out of C, the rows of biases that a tile starts from, and
    /// zeros.
    /// </summary>
    private readonly struct Scratch
    {
        public readonly ScratchPlan Plan = default;
        public readonly Piece<T> A, B, Tile, Biases, Zeros;

        public Scratch(long a, long b)
        {
            A = Plan.Add<T>(a);
            B = Plan.Add<T>(b);
            Tile = Plan.Add<T>(TKernel.MR * TKernel.NR);
            Biases = Plan.Add<T>(TKernel.MR * TKernel.NR);
            Zeros = Plan.Add<T>(TKernel.NR);
        }
    }

    /// <summary>The panels of A that are this part's.</summary>
    private static (int First, int Last) Part(GemmProblem<T>* p, long panels)
    {
        int parts = Math.Max(1, p->PanelParts);
        return ((int)(panels * p->PanelPart / parts), (int)(panels * (p->PanelPart + 1) / parts));
    }

    private static void Trace(int row, int term, int column)
    {
        CallTrace.Reach("block of MC rows", row);
        CallTrace.Reach("block of KC terms", term);
        CallTrace.Reach("block of NC columns", column);
    }

    /// <summary>Whether tiles start from a bias of rows, without a way through C.</summary>
    public static bool StartsFromBias(GemmProblem<T>* p) => p->RowBias != null && p->Beta == T.Zero;

    /// <summary>A tile that sticks out of C to the right, through a scratch tile.</summary>
    private static void EdgeTile(int rows, int columns, int kc, T* a, T* b, T* start, nint ldstart, T* c, nint ldc, T* scratch)
    {
        int nr = TKernel.NR, w = TVec.Count;
        if (start == c)
        {
            for (int i = 0; i < rows; i++)
                MatrixPacking<TVec, T>.CopyRow(c + (i * ldc), columns, scratch + (i * nr), nr);
            start = scratch;
            ldstart = nr;
        }

        StridedB way = new(nr);

        // Half a register takes half the time of a whole one, and that half of two.
        if (Half<TVec, THalf>.Exists && columns <= w / 2)
            GemmKernel<THalf, T, N1>.Run(rows, kc, a, b, start, ldstart, scratch, nr, &way);
        else if (columns <= w)
            GemmKernel<TVec, T, N1>.Run(rows, kc, a, b, start, ldstart, scratch, nr, &way);
        else
            TKernel.Run(rows, kc, a, b, start, ldstart, scratch, nr, &way);
        for (int i = 0; i < rows; i++)
        {
            int j = 0;
            for (; j + w <= columns; j += w)
                TVec.Store(c + (i * ldc) + j, TVec.Load(scratch + (i * nr) + j));
            if (j < columns)
                TVec.StorePartial(c + (i * ldc) + j, TVec.Load(scratch + (i * nr) + j), columns - j);
        }
    }

    /// <summary>Elements of the block of B that is packed at a time.</summary>
    private static long BlockOfB(int n, int k) =>
        (long)Kc(k) * Math.Min((long)new Panels(n, TKernel.NR).Count * TKernel.NR, BlockSizes.Nc(Kc(k), TKernel.NR, sizeof(T)));

    /// <summary>Bytes of workspace of a product whose A is packed.</summary>
    public static long WorkspaceBytes(int n, int k) => new Scratch(0, BlockOfB(n, k)).Plan.Bytes;

    /// <summary>KC of so many terms: blocks of equal length.</summary>
    private static int Kc(int k) => Math.Max(1, new Panels(k, BlockSizes.GemmKc(TKernel.MR, sizeof(T))).Rows(0));

    /// <summary>A in blocks of MC rows, in each its blocks of KC terms: m * k elements.</summary>
    public static void PackWholeA(StridedMatrix<T> a, int m, int k, T* packed)
    {
        int kcMost = Kc(k), mcMost = BlockSizes.Mc(kcMost, TKernel.MR, sizeof(T));
        for (int ic = 0; ic < m; ic += mcMost)
        {
            int mc = Math.Min(m - ic, mcMost);
            Panels panels = new(mc, TKernel.MR);
            for (int pc = 0; pc < k; pc += kcMost)
            {
                int kc = Math.Min(k - pc, kcMost);
                T* block = packed + ((nint)ic * k) + ((nint)mc * pc);
                for (int i = 0; i < panels.Count; i++)
                    MatrixPacking<TVec, T>.PackA(a.At(ic + panels.Start(i), pc), panels.Rows(i), kc, T.One,
                        block + ((nint)panels.Start(i) * kc));
            }
        }
    }

    /// <summary>Adds what the packed A depends on beside its elements.</summary>
    public static void AddLayoutOfA(int m, int k, List<int> layout)
    {
        int kc = Kc(k), mc = Math.Min(m, BlockSizes.Mc(kc, TKernel.MR, sizeof(T)));
        layout.AddRange((int)PanelOrder.Product, kc, mc, TKernel.MR);
    }

    /// <summary>Adds what the packed B depends on beside its elements.</summary>
    public static void AddLayoutOfB(int k, List<int> layout) => layout.AddRange((int)PanelOrder.Columns, Kc(k), TKernel.NR);

    /// <summary>What `simdconv info` and whoever wants to know are told of this tile.</summary>
    public static KernelInfo Info(SimdTier tier)
    {
        int kc = BlockSizes.GemmKc(TKernel.MR, sizeof(T));
        return new(tier, typeof(T), TKernel.MR, TKernel.NR, BlockSizes.Mc(kc, TKernel.MR, sizeof(T)), kc,
            BlockSizes.Nc(kc, TKernel.NR, sizeof(T)));
    }

    /// <summary>The columns of all panels of B.</summary>
    public static int PackedColumns(int n) => Shapes.RoundUp(n, TKernel.NR);

    /// <summary>B in blocks of KC terms, in each all panels of NR columns.</summary>
    public static void PackWholeB(StridedMatrix<T> b, int n, int k, T* packed)
    {
        int kcMost = Kc(k);
        for (int pc = 0; pc < k; pc += kcMost)
            MatrixPacking<TVec, T>.PackB(b.At(pc, 0), Math.Min(k - pc, kcMost), n, TKernel.NR,
                packed + ((nint)pc * PackedColumns(n)));
    }
}
