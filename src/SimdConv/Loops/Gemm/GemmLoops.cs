using SimdConv.Kernels;

namespace SimdConv.Loops;

/// <summary>Products of matrices: how they are shared out between threads, and which loop nest each takes.</summary>
internal static unsafe class GemmLoops<TVec, THalf, T, TKernel>
    where TVec : unmanaged, ILanes<TVec, T>
    where THalf : unmanaged, ILanes<THalf, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TKernel : struct, IGemmKernel<T>
{
    public static void Run(GemmProblem<T>* problem, in Execution execution)
    {
        if (IsTiny(problem))
            InPlaceLoops<TVec, THalf, T>.RunInPlace(problem, problem->Beta != T.Zero, isStreaming: false);
        else
            Share(problem, execution);
    }

    /// <summary>
    /// Between threads, where there is enough to do. Apart, as its registers and locals would cost a tiny product as much as its
    /// tiles.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Share(GemmProblem<T>* problem, in Execution execution)
    {
        int m = problem->M, n = problem->N, threads = execution.Threads;
        problem->PackedColumns = problem->PackedB == null ? 0 : PackedLoops<TVec, THalf, T, TKernel>.PackedColumns(n);
        if (threads == 1 || (long)m * n * Math.Max(1, problem->K) <= WorkQueue.SerialLimit)
        {
            RunSerial(problem);
            return;
        }

        // By rows or by columns, whichever has more tiles. Where chains are short by rows if there are some for each thread:
        // parts that meet in every row share the line that they meet in, and wait for it.
        const int ShortChain = 64, SomeTiles = 4;
        int tall = new Panels(m, TKernel.MR).Count, wide = new Panels(n, TKernel.NR).Count;
        bool byRows = tall >= wide || (problem->K <= ShortChain && tall >= (long)SomeTiles * threads);
        int units = byRows ? tall : wide, parts = Math.Min(threads, units);
        Split split = new() { Problem = problem, ByRows = byRows, Units = units };
        WorkQueue.Run(ref split, parts, parts, execution);
    }

    /// <summary>
    /// A few tiles with nothing before or after them, for which weighing the ways would take as long as going one.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsTiny(GemmProblem<T>* p)
    {
        const int Most = 32;
        return unchecked((uint)((p->M - 1) | (p->N - 1) | (p->K - 1))) < Most && p->B.ColumnStride == 1 && p->Alpha == T.One
            && p->PackedA == null && p->PackedB == null && !GemmEnds<TVec, T>.Starts(p) && !GemmEnds<TVec, T>.Finishes(p);
    }

    /// <summary>A product in as many items as threads take part.</summary>
    private ref struct Split : ISharedWork
    {
        public GemmProblem<T>* Problem;
        public bool ByRows;
        public int Units;

        public readonly void Run(ref WorkQueue queue)
        {
            while (queue.Next(out long part))
                RunPart(in this, (int)part, queue.Parts);
        }
    }

    private static void RunPart(in Split split, int part, int parts)
    {
        GemmProblem<T> mine = *split.Problem;
        int unit = split.ByRows ? TKernel.MR : TKernel.NR;
        int from = (int)((long)split.Units * part / parts) * unit;
        int to = (int)Math.Min((long)split.Units * (part + 1) / parts * unit, split.ByRows ? mine.M : mine.N);
        if (split.ByRows && mine.PackedA != null)
        {
            (mine.PanelPart, mine.PanelParts) = (part, parts);
        }
        else if (split.ByRows)
        {
            mine.A = mine.A.At(from, 0);
            Move(&mine, from * mine.Ldc);
            mine.RowBias = mine.RowBias == null ? null : mine.RowBias + (from * mine.RowBiasStep);
            mine.M = to - from;
        }
        else
        {
            mine.B = mine.B.At(0, from);
            Move(&mine, from);
            mine.PackedColumn += from;
            mine.ColumnBias = mine.ColumnBias == null ? null : mine.ColumnBias + from;
            mine.N = to - from;
        }

        if (CallTrace.IsOn)
            CallTrace.Reach(split.ByRows ? "parts of rows" : "parts of columns", part);

        RunSerial(&mine);
    }

    /// <summary>C, and what is laid out like it.</summary>
    private static void Move(GemmProblem<T>* p, nint elements)
    {
        p->C += elements;
        p->Finish.Residual = p->Finish.Residual == null ? null : p->Finish.Residual + elements;
    }

    /// <summary>The ways through a product on one thread.</summary>
    private enum Way
    {
        Panels,
        Column,
        Transposed,
        InPlace,
    }

    /// <summary>The one place where the way through a product is chosen, the fastest that suits it first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Way Choose(GemmProblem<T>* p) =>
        p->PackedA != null || p->PackedB != null ? Way.Panels
        : p->N == 1 && p->Ldc == 1 && p->M > 1 && p->Alpha == T.One ? Way.Column
        : IsBetterTransposed(p) ? Way.Transposed
        : SuitsInPlace(p) ? Way.InPlace
        : Way.Panels;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void RunSerial(GemmProblem<T>* p)
    {
        Way way = Choose(p);
        if (way == Way.Panels)
        {
            PackedLoops<TVec, THalf, T, TKernel>.Run(p);
            return;
        }

        bool starts = GemmEnds<TVec, T>.Starts(p), fromC = starts || p->Beta != T.Zero;
        if (CallTrace.IsOn)
            CallTrace.Reach(way == Way.Column ? "column" : way == Way.Transposed ? "transposed" : "in place");
        if (starts)
            GemmEnds<TVec, T>.Start(p, 0, p->M, 0, p->N);
        if (way == Way.Column)
            RunColumn(p, fromC);
        else if (way == Way.Transposed)
            RunTransposed(p, fromC);
        else
            InPlaceLoops<TVec, THalf, T>.Run(p, fromC);
        GemmEnds<TVec, T>.Finish(p, 0, p->M, 0, p->N);
    }

    /// <summary>
    /// With a bias the packed nest is better: its tiles start their sums from the bias, which in place would first be written to
    /// C.
    /// </summary>
    private static bool SuitsInPlace(GemmProblem<T>* p) =>
        InPlaceLoops<TVec, THalf, T>.Suits(p)
            && (p->M <= 2 * TKernel.MR || !PackedLoops<TVec, THalf, T, TKernel>.StartsFromBias(p));

    /// <summary>Which way that is on one thread, for people.</summary>
    public static string Describe(GemmProblem<T>* p) => Choose(p) switch
    {
        Way.Column => "a column, in place",
        Way.Transposed => "transposed",
        Way.InPlace => "in place",
        _ when p->PackedA != null || p->PackedB != null => $"panels, one operand packed ahead, tile {TKernel.MR} x {TKernel.NR}",
        _ => $"panels, tile {TKernel.MR} x {TKernel.NR}",
    };

    /// <summary>
    /// The same product seen from behind: C^T = B^T * A^T. Each element's chain is the same, a * b being b * a.
    /// </summary>
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
    /// A column of C whose elements are neighbours is the row of its transpose. A method of its own, since other ways would clear
    /// the stack of its problem.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void RunColumn(GemmProblem<T>* p, bool fromC)
    {
        GemmProblem<T> row = Transposed(p);
        InPlaceLoops<TVec, THalf, T>.Run(&row, fromC);
    }

    /// <summary>
    /// Few columns that leave lanes empty, when the rows would fill them: worth transposing A and C where there are terms enough.
    /// 49 columns fill 7/8 of half registers of 8, 160 rows all. Measured on Zen 4, transposing A takes the time of three or four
    /// columns, against the way in place, and C that of eight terms.
    /// </summary>
    private static bool IsBetterTransposed(GemmProblem<T>* p)
    {
        const int LeastRows = 32, MostColumns = 128, LeastTerms = 48, TermsLost = 8;
        if (p->Alpha != T.One || p->N > MostColumns || p->M < Math.Max(LeastRows, 2 * p->N) || p->K < LeastTerms)
            return false;
        int w = TVec.Count, least = Half<TVec, THalf>.Exists ? w / 2 : w;
        int columnsLost = InPlaceLoops<TVec, THalf, T>.Suits(p) ? Math.Max(3, w / 4) : 0;
        return Padded(p->N, least) * p->M * p->K > (p->K + TermsLost) * (p->N + columnsLost) * Padded(p->M, w);

        static long Padded(int size, int unit) => Shapes.RoundUp((long)size, unit);
    }

    private static void RunTransposed(GemmProblem<T>* p, bool fromC)
    {
        int m = p->M, n = p->N, w = TVec.Count;
        using Workspace workspace = Workspace.Of((long)m * n, out T* transposedC);
        T* end = transposedC + ((nint)m * n);
        for (int i = 0; i < m && fromC; i += w)
            TransposeBlocks<TVec, T>.Run(p->C + (i * p->Ldc), p->Ldc, Math.Min(w, m - i), n, transposedC + i, m, end,
                exact: true);
        GemmProblem<T> transposed = Transposed(p);
        transposed.C = transposedC;
        transposed.Beta = fromC ? T.One : T.Zero;
        if (InPlaceLoops<TVec, THalf, T>.Suits(&transposed))
            InPlaceLoops<TVec, THalf, T>.Run(&transposed, fromC);
        else
            PackedLoops<TVec, THalf, T, TKernel>.Run(&transposed);
        for (int j = 0; j < n; j += w)
        {
            T* c = p->C + j;
            TransposeBlocks<TVec, T>.Run(transposedC + ((nint)j * m), m, Math.Min(w, n - j), m, c, p->Ldc,
                p->C + ((m - 1) * p->Ldc) + n, exact: true);
        }
    }
}
