namespace SimdConv.Kernels;

/// <summary>
/// The micro-kernel of <see cref="GemmTile{TVec, T, TShape}"/> for tiers of 16 registers and tiles of two or three registers
/// across: three terms a round, with fewer instructions for each multiply-add. It packs nothing.
/// </summary>
/// <remarks>
/// Register map: c{row}_{vector} hold the tile of C, b0..b2 one row of B, x one element of A broadcast to all lanes. Where
/// another thread runs on the same core, a core issues half of its instructions, three a cycle on Zen 3, and tiles of 16
/// registers wait for them: 6x2 has 12 multiply-adds for a term, 8 loads that they need, and here 1.3 to 3.7 instructions more,
/// of which one term a round would have 5 to 9. Rounds are of three terms, since runs of terms are rows of a kernel of 3x3
/// where positions don't see its other rows. Tiles of 32 registers have twice the multiply-adds for a term, and a method of
/// three of their terms is more than the JIT inlines. <c>DisassemblyTests</c> bounds the instructions. Rows, Vectors and Way
/// are constants to the JIT.
/// </remarks>
internal static unsafe class UnrolledTile<TVec, T, TShape>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TShape : struct, ITileShape
{
    /// <summary>Terms of a round.</summary>
    private const int Terms = 3;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(nint kc, T* a, T* b, nint ldb, int* offsets, T* start, nint ldstart, T* c, nint ldc, void* way)
    {
        nint w = TVec.Count, w1 = w, w2 = 2 * w;
        TVec c0_0 = default, c0_1 = default, c0_2 = default, c1_0 = default, c1_1 = default, c1_2 = default;
        TVec c2_0 = default, c2_1 = default, c2_2 = default, c3_0 = default, c3_1 = default, c3_2 = default;
        TVec c4_0 = default, c4_1 = default, c5_0 = default, c5_1 = default;
        if (TShape.Vectors > 2) c0_2 = TVec.Load(start + (2 * w));
        c0_1 = TVec.Load(start + w);
        c0_0 = TVec.Load(start);
        start += ldstart;
        if (TShape.Rows > 1 && TShape.Vectors > 2) c1_2 = TVec.Load(start + (2 * w));
        if (TShape.Rows > 1) c1_1 = TVec.Load(start + w);
        if (TShape.Rows > 1) { c1_0 = TVec.Load(start); start += ldstart; }
        if (TShape.Rows > 2 && TShape.Vectors > 2) c2_2 = TVec.Load(start + (2 * w));
        if (TShape.Rows > 2) c2_1 = TVec.Load(start + w);
        if (TShape.Rows > 2) { c2_0 = TVec.Load(start); start += ldstart; }
        if (TShape.Rows > 3 && TShape.Vectors > 2) c3_2 = TVec.Load(start + (2 * w));
        if (TShape.Rows > 3) c3_1 = TVec.Load(start + w);
        if (TShape.Rows > 3) { c3_0 = TVec.Load(start); start += ldstart; }
        if (TShape.Rows > 4) c4_1 = TVec.Load(start + w);
        if (TShape.Rows > 4) { c4_0 = TVec.Load(start); start += ldstart; }
        if (TShape.Rows > 5) c5_1 = TVec.Load(start + w);
        if (TShape.Rows > 5) c5_0 = TVec.Load(start);

        T* fetched = null;
        byte* next = null;
        nint nextStep = 0;
        nint rest = kc, stretch = kc;
        if (TShape.Way == TileWay.FetchesC)
        {
            fetched = ((FetchesC<T>*)way)->NextC;
            stretch = ((kc / TShape.Rows) + Terms) / Terms * Terms;
        }

        if (TShape.Way == TileWay.IndexedA)
        {
            stretch = ((IndexedA*)way)->RunTerms;
            next = ((IndexedA*)way)->Next;
            nextStep = ((IndexedA*)way)->NextStep;
        }

        if (TShape.Way == TileWay.PlacedRegisters)
        {
            w1 = ((PlacedRegisters*)way)->Places->B1;
            w2 = ((PlacedRegisters*)way)->Places->B2;
        }

        do
        {
            nint terms = Math.Min(rest, stretch);
            rest -= terms;
            if (TShape.Way == TileWay.FetchesC)
            {
                // A row of the next tile of C at a time: all of them at once would hold up the loads of A and B.
                Prefetch.Lines(fetched, TShape.Vectors * TVec.Count);
                fetched += ldc;
            }

            T* x = a, row = b;
            nint k = Terms - 1 - terms;
            // k counts up to 0, and offsets[k] is what lies before the pointer, which is null where no table is read.
            offsets = unchecked(offsets - k);
            if (k < 0)
            {
                do
                {
                    if (TShape.Way == TileWay.IndexedA) x = a + unchecked(offsets[k]);
                    if (TShape.Way == TileWay.IndexedB || TShape.Way == TileWay.PlacedRegisters)
                        row = b + unchecked(offsets[k]);
                    Term(0, x, row, w1, w2, ref c0_0, ref c0_1, ref c0_2, ref c1_0, ref c1_1, ref c1_2, ref c2_0, ref c2_1,
                        ref c2_2, ref c3_0, ref c3_1, ref c3_2, ref c4_0, ref c4_1, ref c5_0, ref c5_1);
                    if (TShape.Way == TileWay.StridedB) row += ldb;
                    if (TShape.Way == TileWay.IndexedA) x = a + unchecked(offsets[k + 1]);
                    if (TShape.Way == TileWay.IndexedB || TShape.Way == TileWay.PlacedRegisters)
                        row = b + unchecked(offsets[k + 1]);
                    Term(1, x, row, w1, w2, ref c0_0, ref c0_1, ref c0_2, ref c1_0, ref c1_1, ref c1_2, ref c2_0, ref c2_1,
                        ref c2_2, ref c3_0, ref c3_1, ref c3_2, ref c4_0, ref c4_1, ref c5_0, ref c5_1);
                    if (TShape.Way == TileWay.StridedB) row += ldb;
                    if (TShape.Way == TileWay.IndexedA) x = a + unchecked(offsets[k + 2]);
                    if (TShape.Way == TileWay.IndexedB || TShape.Way == TileWay.PlacedRegisters)
                        row = b + unchecked(offsets[k + 2]);
                    Term(2, x, row, w1, w2, ref c0_0, ref c0_1, ref c0_2, ref c1_0, ref c1_1, ref c1_2, ref c2_0, ref c2_1,
                        ref c2_2, ref c3_0, ref c3_1, ref c3_2, ref c4_0, ref c4_1, ref c5_0, ref c5_1);
                    if (TShape.Way == TileWay.StridedB) row += ldb;
                    if (TShape.Way == TileWay.IndexedA) { Prefetch.LineToL2(next); next += nextStep; }
                    if (TShape.Way != TileWay.IndexedA) x += Terms * TShape.Rows;
                    if (TShape.Way == TileWay.FetchesC || TShape.Way == TileWay.IndexedA)
                        row += Terms * TShape.Vectors * TVec.Count;
                    k += Terms;
                }
                while (k < 0);
            }

            for (; k < Terms - 1; k++)
            {
                if (TShape.Way == TileWay.IndexedA) x = a + unchecked(offsets[k]);
                if (TShape.Way == TileWay.IndexedB || TShape.Way == TileWay.PlacedRegisters)
                    row = b + unchecked(offsets[k]);
                Term(0, x, row, w1, w2, ref c0_0, ref c0_1, ref c0_2, ref c1_0, ref c1_1, ref c1_2, ref c2_0, ref c2_1,
                    ref c2_2, ref c3_0, ref c3_1, ref c3_2, ref c4_0, ref c4_1, ref c5_0, ref c5_1);
                if (TShape.Way == TileWay.StridedB) row += ldb;
                if (TShape.Way != TileWay.IndexedA) x += TShape.Rows;
                if (TShape.Way == TileWay.FetchesC || TShape.Way == TileWay.IndexedA) row += TShape.Vectors * TVec.Count;
            }

            offsets = unchecked(offsets + (Terms - 1));
            if (TShape.Way != TileWay.IndexedA) a = x;
            if (TShape.Way != TileWay.IndexedB && TShape.Way != TileWay.PlacedRegisters) b = row;
            if (TShape.Way == TileWay.IndexedA) b += ((IndexedA*)way)->SkippedTerms * TShape.Vectors * TVec.Count;
            if (TShape.Way == TileWay.IndexedA) offsets += ((IndexedA*)way)->SkippedTerms;
        }
        while (rest > 0);

        if (TShape.Way == TileWay.IndexedA) ((IndexedA*)way)->Next = next;
        if (TShape.Way == TileWay.PlacedRegisters)
        {
            w1 = ((PlacedRegisters*)way)->Places->C1;
            w2 = ((PlacedRegisters*)way)->Places->C2;
        }

        if (TShape.Vectors > 2) TVec.Store(c + w2, c0_2);
        TVec.Store(c + w1, c0_1);
        TVec.Store(c, c0_0);
        c += ldc;
        if (TShape.Rows > 1 && TShape.Vectors > 2) TVec.Store(c + w2, c1_2);
        if (TShape.Rows > 1) TVec.Store(c + w1, c1_1);
        if (TShape.Rows > 1) { TVec.Store(c, c1_0); c += ldc; }
        if (TShape.Rows > 2 && TShape.Vectors > 2) TVec.Store(c + w2, c2_2);
        if (TShape.Rows > 2) TVec.Store(c + w1, c2_1);
        if (TShape.Rows > 2) { TVec.Store(c, c2_0); c += ldc; }
        if (TShape.Rows > 3 && TShape.Vectors > 2) TVec.Store(c + w2, c3_2);
        if (TShape.Rows > 3) TVec.Store(c + w1, c3_1);
        if (TShape.Rows > 3) { TVec.Store(c, c3_0); c += ldc; }
        if (TShape.Rows > 4) TVec.Store(c + w1, c4_1);
        if (TShape.Rows > 4) { TVec.Store(c, c4_0); c += ldc; }
        if (TShape.Rows > 5) TVec.Store(c + w1, c5_1);
        if (TShape.Rows > 5) TVec.Store(c, c5_0);
    }

    /// <summary>
    /// One term: an element of A for each row, with a row of B. A packed operand of term number n of a round is n terms behind
    /// that of the first.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Term(
        int term, T* a, T* b, nint w1, nint w2, ref TVec c0_0, ref TVec c0_1, ref TVec c0_2, ref TVec c1_0, ref TVec c1_1,
        ref TVec c1_2, ref TVec c2_0, ref TVec c2_1, ref TVec c2_2, ref TVec c3_0, ref TVec c3_1, ref TVec c3_2, ref TVec c4_0,
        ref TVec c4_1, ref TVec c5_0, ref TVec c5_1)
    {
        int rows = TShape.Rows, first = TShape.Way == TileWay.IndexedA ? 0 : term * rows, count = first + rows;
        int ahead = TShape.Way == TileWay.FetchesC || TShape.Way == TileWay.IndexedA ? term * TShape.Vectors * TVec.Count : 0;
        TVec b0 = TVec.Load(b + ahead), b1 = TVec.Load(b + w1 + ahead), b2 = default;
        if (TShape.Vectors > 2) b2 = TVec.Load(b + w2 + ahead);
        Elements<TVec> x = TVec.LoadElement(default, a, first, count);
        TVec.Accumulate(ref c0_0, x, 0, b0);
        TVec.Accumulate(ref c0_1, x, 0, b1);
        if (TShape.Vectors > 2) TVec.Accumulate(ref c0_2, x, 0, b2);
        if (TShape.Rows > 1) x = TVec.LoadElement(x, a, first + 1, count);
        if (TShape.Rows > 1) TVec.Accumulate(ref c1_0, x, 1, b0);
        if (TShape.Rows > 1) TVec.Accumulate(ref c1_1, x, 1, b1);
        if (TShape.Rows > 1 && TShape.Vectors > 2) TVec.Accumulate(ref c1_2, x, 1, b2);
        if (TShape.Rows > 2) x = TVec.LoadElement(x, a, first + 2, count);
        if (TShape.Rows > 2) TVec.Accumulate(ref c2_0, x, 2, b0);
        if (TShape.Rows > 2) TVec.Accumulate(ref c2_1, x, 2, b1);
        if (TShape.Rows > 2 && TShape.Vectors > 2) TVec.Accumulate(ref c2_2, x, 2, b2);
        if (TShape.Rows > 3) x = TVec.LoadElement(x, a, first + 3, count);
        if (TShape.Rows > 3) TVec.Accumulate(ref c3_0, x, 3, b0);
        if (TShape.Rows > 3) TVec.Accumulate(ref c3_1, x, 3, b1);
        if (TShape.Rows > 3 && TShape.Vectors > 2) TVec.Accumulate(ref c3_2, x, 3, b2);
        if (TShape.Rows > 4) x = TVec.LoadElement(x, a, first + 4, count);
        if (TShape.Rows > 4) TVec.Accumulate(ref c4_0, x, 4, b0);
        if (TShape.Rows > 4) TVec.Accumulate(ref c4_1, x, 4, b1);
        if (TShape.Rows > 5) x = TVec.LoadElement(x, a, first + 5, count);
        if (TShape.Rows > 5) TVec.Accumulate(ref c5_0, x, 5, b0);
        if (TShape.Rows > 5) TVec.Accumulate(ref c5_1, x, 5, b1);
    }
}
