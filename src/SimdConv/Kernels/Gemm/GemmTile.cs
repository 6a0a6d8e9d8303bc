namespace SimdConv.Kernels;

/// <summary>
/// The micro-kernel of GEMM and convolution: C[Rows x Vectors*W] = start + A[Rows x kc] * B[kc x Vectors*W].
/// </summary>
/// <remarks>
/// Register map: c{row}_{vector} hold the tile of C, b0..b3 one row of B, x one element of A broadcast to all lanes. The operands
/// are those of <see cref="IGemmKernel{T}.Run"/>. A tile that packs A or B reads the caller's matrix and writes the panel while
/// it computes: 512 cubed runs at 95 % of peak so, at 90 % with packing ahead. Fetching C's next tile row by row gives 2 % at
/// 1024 cubed over all at once. With A indexed each term fetches a line of the panel after this one into L2: of 1x1 layers with 8
/// MB of weights 12 % over fetching its own panel ahead. Tiers of 16 registers have <see cref="UnrolledTile{TVec, T, TShape}"/>
/// for tiles of two and three registers across that pack nothing. Out of L1 at kc = 256 on Zen 4: 14x2, 12x2, 8x3 and 6x4 zmm 98
/// to 99 % of FMA peak, 6x2 and 4x3 ymm 99 %; 7x4 zmm would need 33 registers and touches the stack. With A indexed, 14x2 and 7x2
/// zmm: 99 to 100 % with a panel of B of 590 KB streaming from L2. Rows, Vectors and Way are constants to the JIT, which drops
/// the accumulators that a shape doesn't use; they are named locals because an array of them would live in memory.
/// </remarks>
internal static unsafe class GemmTile<TVec, T, TShape>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TShape : struct, ITileShape
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(nint kc, T* a, T* b, nint ldb, int* offsets, T* start, nint ldstart, T* c, nint ldc, void* way)
    {
        int w = TVec.Count;
        nint w1 = w, w2 = 2 * w, w3 = 3 * w;
        TVec c0_0 = default, c0_1 = default, c0_2 = default, c0_3 = default;
        TVec c1_0 = default, c1_1 = default, c1_2 = default, c1_3 = default;
        TVec c2_0 = default, c2_1 = default, c2_2 = default, c2_3 = default;
        TVec c3_0 = default, c3_1 = default, c3_2 = default, c3_3 = default;
        TVec c4_0 = default, c4_1 = default, c4_2 = default, c4_3 = default;
        TVec c5_0 = default, c5_1 = default, c5_2 = default, c5_3 = default;
        TVec c6_0 = default, c6_1 = default, c6_2 = default, c7_0 = default, c7_1 = default, c7_2 = default;
        TVec c8_0 = default, c8_1 = default, c9_0 = default, c9_1 = default, c10_0 = default, c10_1 = default, c11_0 = default;
        TVec c11_1 = default, c12_0 = default, c12_1 = default, c13_0 = default, c13_1 = default;

        if (TShape.Rows > 0 && TShape.Vectors > 2) c0_2 = TVec.Load(start + (2 * w));
        if (TShape.Rows > 0 && TShape.Vectors > 3) c0_3 = TVec.Load(start + (3 * w));
        if (TShape.Rows > 0 && TShape.Vectors > 1) c0_1 = TVec.Load(start + w);
        if (TShape.Rows > 0) { c0_0 = TVec.Load(start); start += ldstart; }
        if (TShape.Rows > 1 && TShape.Vectors > 2) c1_2 = TVec.Load(start + (2 * w));
        if (TShape.Rows > 1 && TShape.Vectors > 3) c1_3 = TVec.Load(start + (3 * w));
        if (TShape.Rows > 1 && TShape.Vectors > 1) c1_1 = TVec.Load(start + w);
        if (TShape.Rows > 1) { c1_0 = TVec.Load(start); start += ldstart; }
        if (TShape.Rows > 2 && TShape.Vectors > 2) c2_2 = TVec.Load(start + (2 * w));
        if (TShape.Rows > 2 && TShape.Vectors > 3) c2_3 = TVec.Load(start + (3 * w));
        if (TShape.Rows > 2 && TShape.Vectors > 1) c2_1 = TVec.Load(start + w);
        if (TShape.Rows > 2) { c2_0 = TVec.Load(start); start += ldstart; }
        if (TShape.Rows > 3 && TShape.Vectors > 2) c3_2 = TVec.Load(start + (2 * w));
        if (TShape.Rows > 3 && TShape.Vectors > 3) c3_3 = TVec.Load(start + (3 * w));
        if (TShape.Rows > 3 && TShape.Vectors > 1) c3_1 = TVec.Load(start + w);
        if (TShape.Rows > 3) { c3_0 = TVec.Load(start); start += ldstart; }
        if (TShape.Rows > 4 && TShape.Vectors > 2) c4_2 = TVec.Load(start + (2 * w));
        if (TShape.Rows > 4 && TShape.Vectors > 3) c4_3 = TVec.Load(start + (3 * w));
        if (TShape.Rows > 4 && TShape.Vectors > 1) c4_1 = TVec.Load(start + w);
        if (TShape.Rows > 4) { c4_0 = TVec.Load(start); start += ldstart; }
        if (TShape.Rows > 5 && TShape.Vectors > 2) c5_2 = TVec.Load(start + (2 * w));
        if (TShape.Rows > 5 && TShape.Vectors > 3) c5_3 = TVec.Load(start + (3 * w));
        if (TShape.Rows > 5 && TShape.Vectors > 1) c5_1 = TVec.Load(start + w);
        if (TShape.Rows > 5) { c5_0 = TVec.Load(start); start += ldstart; }
        if (TShape.Rows > 6 && TShape.Vectors > 2) c6_2 = TVec.Load(start + (2 * w));
        if (TShape.Rows > 6 && TShape.Vectors > 1) c6_1 = TVec.Load(start + w);
        if (TShape.Rows > 6) { c6_0 = TVec.Load(start); start += ldstart; }
        if (TShape.Rows > 7 && TShape.Vectors > 2) c7_2 = TVec.Load(start + (2 * w));
        if (TShape.Rows > 7 && TShape.Vectors > 1) c7_1 = TVec.Load(start + w);
        if (TShape.Rows > 7) { c7_0 = TVec.Load(start); start += ldstart; }
        if (TShape.Rows > 8 && TShape.Vectors > 1) c8_1 = TVec.Load(start + w);
        if (TShape.Rows > 8) { c8_0 = TVec.Load(start); start += ldstart; }
        if (TShape.Rows > 9 && TShape.Vectors > 1) c9_1 = TVec.Load(start + w);
        if (TShape.Rows > 9) { c9_0 = TVec.Load(start); start += ldstart; }
        if (TShape.Rows > 10 && TShape.Vectors > 1) c10_1 = TVec.Load(start + w);
        if (TShape.Rows > 10) { c10_0 = TVec.Load(start); start += ldstart; }
        if (TShape.Rows > 11 && TShape.Vectors > 1) c11_1 = TVec.Load(start + w);
        if (TShape.Rows > 11) { c11_0 = TVec.Load(start); start += ldstart; }
        if (TShape.Rows > 12 && TShape.Vectors > 1) c12_1 = TVec.Load(start + w);
        if (TShape.Rows > 12) { c12_0 = TVec.Load(start); start += ldstart; }
        if (TShape.Rows > 13 && TShape.Vectors > 1) c13_1 = TVec.Load(start + w);
        if (TShape.Rows > 13) { c13_0 = TVec.Load(start); start += ldstart; }

        // Rows of A are at base, base + row, base + 2 rows (x86 can't scale by 3): 14 rows need 5 registers, and nothing spills.
        bool packsA = TShape.Way == TileWay.PacksA;
        nint rows = packsA ? ((PacksA<T>*)way)->Row * sizeof(T) : 0, terms = packsA ? ((PacksA<T>*)way)->Term * sizeof(T) : 0;
        byte* a0 = packsA ? (byte*)((PacksA<T>*)way)->Source : null, a3 = a0 + (3 * rows), a6 = a3 + (3 * rows);
        byte* a9 = a6 + (3 * rows), a12 = a9 + (3 * rows);
        T* panel = b, fetched = TShape.Way == TileWay.FetchesC ? ((FetchesC<T>*)way)->NextC : null;
        nint k = 0, stretch = (kc / TShape.Rows) + 1;
        if (TShape.Way == TileWay.PacksB) { b = ((PacksB<T>*)way)->Source; ldb = ((PacksB<T>*)way)->Term; }
        TilePlaces* places = TShape.Way == TileWay.PlacedRegisters ? ((PlacedRegisters*)way)->Places
            : TShape.Way == TileWay.SelectedTerms ? ((SelectedTerms*)way)->Places : null;
        if (TShape.Way is TileWay.PlacedRegisters or TileWay.SelectedTerms)
            (w1, w2, w3) = (places->B1, places->B2, places->B3);
        byte* next = TShape.Way == TileWay.IndexedA ? ((IndexedA*)way)->Next : null;
        nint nextStep = TShape.Way == TileWay.IndexedA ? ((IndexedA*)way)->NextStep : 0;
        do
        {
            nint end = TShape.Way == TileWay.IndexedA ? Math.Min(kc, k + ((IndexedA*)way)->RunTerms) : kc;
            if (TShape.Way == TileWay.FetchesC)
            {
                // A row of the next tile of C at a time: all of them at once would hold up the loads of A and B.
                end = Math.Min(kc, k + stretch);
                Prefetch.Lines(fetched, TShape.Vectors * w);
                fetched += ldc;
            }

            for (; k < end; k++)
            {
                T* row = TShape.Way is TileWay.IndexedB or TileWay.PlacedRegisters ? b + offsets[k]
                    : TShape.Way == TileWay.SelectedTerms ? b + offsets[2 * k] : b;
                T* x0 = TShape.Way == TileWay.IndexedA ? a + offsets[k]
                    : TShape.Way == TileWay.SelectedTerms ? a + ((nint)offsets[(2 * k) + 1] * TShape.Rows) : a;
                TVec b0 = TVec.Load(row), b1 = default, b2 = default, b3 = default;
                Elements<TVec> x = default;
                if (TShape.Vectors > 1) b1 = TVec.Load(row + w1);
                if (TShape.Vectors > 2) b2 = TVec.Load(row + w2);
                if (TShape.Vectors > 3) b3 = TVec.Load(row + w3);
                if (TShape.Way == TileWay.IndexedA) { Prefetch.LineToL2(next); next += nextStep; }
                if (TShape.Way == TileWay.PacksB)
                {
                    // The row of the next panel beside this one, for when that is packed.
                    Prefetch.Lines(b + (TShape.Vectors * w), TShape.Vectors * w);
                    TVec.Store(panel, b0);
                    if (TShape.Vectors > 1) TVec.Store(panel + w, b1);
                    if (TShape.Vectors > 2) TVec.Store(panel + (2 * w), b2);
                    if (TShape.Vectors > 3) TVec.Store(panel + (3 * w), b3);
                    panel += TShape.Vectors * w;
                }

                if (TShape.Way == TileWay.PacksA)
                {
                    a[0] = *(T*)a0;
                    if (TShape.Rows > 1) a[1] = *(T*)(a0 + rows);
                    if (TShape.Rows > 2) a[2] = *(T*)(a0 + (2 * rows));
                    if (TShape.Rows > 3) a[3] = *(T*)a3;
                    if (TShape.Rows > 4) a[4] = *(T*)(a3 + rows);
                    if (TShape.Rows > 5) a[5] = *(T*)(a3 + (2 * rows));
                    if (TShape.Rows > 6) a[6] = *(T*)a6;
                    if (TShape.Rows > 7) a[7] = *(T*)(a6 + rows);
                    if (TShape.Rows > 8) a[8] = *(T*)(a6 + (2 * rows));
                    if (TShape.Rows > 9) a[9] = *(T*)a9;
                    if (TShape.Rows > 10) a[10] = *(T*)(a9 + rows);
                    if (TShape.Rows > 11) a[11] = *(T*)(a9 + (2 * rows));
                    if (TShape.Rows > 12) a[12] = *(T*)a12;
                    if (TShape.Rows > 13) a[13] = *(T*)(a12 + rows);
                    a0 += terms;
                    if (TShape.Rows > 3) a3 += terms;
                    if (TShape.Rows > 6) a6 += terms;
                    if (TShape.Rows > 9) a9 += terms;
                    if (TShape.Rows > 12) a12 += terms;
                }

                if (TShape.Rows > 0) x = TileRow<TVec, T>.Start(TShape.Vectors, x, x0, 0, TShape.Rows, ref c0_0, b0);
                if (TShape.Rows > 0 && TShape.Vectors > 1) TVec.Accumulate(ref c0_1, x, 0, b1);
                if (TShape.Rows > 0 && TShape.Vectors > 2) TVec.Accumulate(ref c0_2, x, 0, b2);
                if (TShape.Rows > 0 && TShape.Vectors > 3) TVec.Accumulate(ref c0_3, x, 0, b3);
                if (TShape.Rows > 1) x = TileRow<TVec, T>.Start(TShape.Vectors, x, x0, 1, TShape.Rows, ref c1_0, b0);
                if (TShape.Rows > 1 && TShape.Vectors > 1) TVec.Accumulate(ref c1_1, x, 1, b1);
                if (TShape.Rows > 1 && TShape.Vectors > 2) TVec.Accumulate(ref c1_2, x, 1, b2);
                if (TShape.Rows > 1 && TShape.Vectors > 3) TVec.Accumulate(ref c1_3, x, 1, b3);
                if (TShape.Rows > 2) x = TileRow<TVec, T>.Start(TShape.Vectors, x, x0, 2, TShape.Rows, ref c2_0, b0);
                if (TShape.Rows > 2 && TShape.Vectors > 1) TVec.Accumulate(ref c2_1, x, 2, b1);
                if (TShape.Rows > 2 && TShape.Vectors > 2) TVec.Accumulate(ref c2_2, x, 2, b2);
                if (TShape.Rows > 2 && TShape.Vectors > 3) TVec.Accumulate(ref c2_3, x, 2, b3);
                if (TShape.Rows > 3) x = TileRow<TVec, T>.Start(TShape.Vectors, x, x0, 3, TShape.Rows, ref c3_0, b0);
                if (TShape.Rows > 3 && TShape.Vectors > 1) TVec.Accumulate(ref c3_1, x, 3, b1);
                if (TShape.Rows > 3 && TShape.Vectors > 2) TVec.Accumulate(ref c3_2, x, 3, b2);
                if (TShape.Rows > 3 && TShape.Vectors > 3) TVec.Accumulate(ref c3_3, x, 3, b3);
                if (TShape.Rows > 4) x = TileRow<TVec, T>.Start(TShape.Vectors, x, x0, 4, TShape.Rows, ref c4_0, b0);
                if (TShape.Rows > 4 && TShape.Vectors > 1) TVec.Accumulate(ref c4_1, x, 4, b1);
                if (TShape.Rows > 4 && TShape.Vectors > 2) TVec.Accumulate(ref c4_2, x, 4, b2);
                if (TShape.Rows > 4 && TShape.Vectors > 3) TVec.Accumulate(ref c4_3, x, 4, b3);
                if (TShape.Rows > 5) x = TileRow<TVec, T>.Start(TShape.Vectors, x, x0, 5, TShape.Rows, ref c5_0, b0);
                if (TShape.Rows > 5 && TShape.Vectors > 1) TVec.Accumulate(ref c5_1, x, 5, b1);
                if (TShape.Rows > 5 && TShape.Vectors > 2) TVec.Accumulate(ref c5_2, x, 5, b2);
                if (TShape.Rows > 5 && TShape.Vectors > 3) TVec.Accumulate(ref c5_3, x, 5, b3);
                if (TShape.Rows > 6) x = TileRow<TVec, T>.Start(TShape.Vectors, x, x0, 6, TShape.Rows, ref c6_0, b0);
                if (TShape.Rows > 6 && TShape.Vectors > 1) TVec.Accumulate(ref c6_1, x, 6, b1);
                if (TShape.Rows > 6 && TShape.Vectors > 2) TVec.Accumulate(ref c6_2, x, 6, b2);
                if (TShape.Rows > 7) x = TileRow<TVec, T>.Start(TShape.Vectors, x, x0, 7, TShape.Rows, ref c7_0, b0);
                if (TShape.Rows > 7 && TShape.Vectors > 1) TVec.Accumulate(ref c7_1, x, 7, b1);
                if (TShape.Rows > 7 && TShape.Vectors > 2) TVec.Accumulate(ref c7_2, x, 7, b2);
                if (TShape.Rows > 8) x = TileRow<TVec, T>.Start(TShape.Vectors, x, x0, 8, TShape.Rows, ref c8_0, b0);
                if (TShape.Rows > 8 && TShape.Vectors > 1) TVec.Accumulate(ref c8_1, x, 8, b1);
                if (TShape.Rows > 9) x = TileRow<TVec, T>.Start(TShape.Vectors, x, x0, 9, TShape.Rows, ref c9_0, b0);
                if (TShape.Rows > 9 && TShape.Vectors > 1) TVec.Accumulate(ref c9_1, x, 9, b1);
                if (TShape.Rows > 10) x = TileRow<TVec, T>.Start(TShape.Vectors, x, x0, 10, TShape.Rows, ref c10_0, b0);
                if (TShape.Rows > 10 && TShape.Vectors > 1) TVec.Accumulate(ref c10_1, x, 10, b1);
                if (TShape.Rows > 11) x = TileRow<TVec, T>.Start(TShape.Vectors, x, x0, 11, TShape.Rows, ref c11_0, b0);
                if (TShape.Rows > 11 && TShape.Vectors > 1) TVec.Accumulate(ref c11_1, x, 11, b1);
                if (TShape.Rows > 12) x = TileRow<TVec, T>.Start(TShape.Vectors, x, x0, 12, TShape.Rows, ref c12_0, b0);
                if (TShape.Rows > 12 && TShape.Vectors > 1) TVec.Accumulate(ref c12_1, x, 12, b1);
                if (TShape.Rows > 13) x = TileRow<TVec, T>.Start(TShape.Vectors, x, x0, 13, TShape.Rows, ref c13_0, b0);
                if (TShape.Rows > 13 && TShape.Vectors > 1) TVec.Accumulate(ref c13_1, x, 13, b1);
                if (TShape.Way is not (TileWay.IndexedA or TileWay.SelectedTerms)) a += TShape.Rows;
                if (TShape.Way is not (TileWay.IndexedB or TileWay.PlacedRegisters or TileWay.SelectedTerms)) b += ldb;
            }

            if (TShape.Way == TileWay.IndexedA) b += ((IndexedA*)way)->SkippedTerms * ldb;
            if (TShape.Way == TileWay.IndexedA) offsets += ((IndexedA*)way)->SkippedTerms;
        }
        while (TShape.Way is TileWay.FetchesC or TileWay.IndexedA && k < kc);
        if (TShape.Way == TileWay.IndexedA) ((IndexedA*)way)->Next = next;
        if (TShape.Way is TileWay.PlacedRegisters or TileWay.SelectedTerms)
            (w1, w2, w3) = (places->C1, places->C2, places->C3);

        if (TShape.Rows > 0 && TShape.Vectors > 3) TVec.Store(c + w3, c0_3);
        if (TShape.Rows > 0 && TShape.Vectors > 2) TVec.Store(c + w2, c0_2);
        if (TShape.Rows > 0 && TShape.Vectors > 1) TVec.Store(c + w1, c0_1);
        if (TShape.Rows > 0) { TVec.Store(c, c0_0); c += ldc; }
        if (TShape.Rows > 1 && TShape.Vectors > 3) TVec.Store(c + w3, c1_3);
        if (TShape.Rows > 1 && TShape.Vectors > 2) TVec.Store(c + w2, c1_2);
        if (TShape.Rows > 1 && TShape.Vectors > 1) TVec.Store(c + w1, c1_1);
        if (TShape.Rows > 1) { TVec.Store(c, c1_0); c += ldc; }
        if (TShape.Rows > 2 && TShape.Vectors > 3) TVec.Store(c + w3, c2_3);
        if (TShape.Rows > 2 && TShape.Vectors > 2) TVec.Store(c + w2, c2_2);
        if (TShape.Rows > 2 && TShape.Vectors > 1) TVec.Store(c + w1, c2_1);
        if (TShape.Rows > 2) { TVec.Store(c, c2_0); c += ldc; }
        if (TShape.Rows > 3 && TShape.Vectors > 3) TVec.Store(c + w3, c3_3);
        if (TShape.Rows > 3 && TShape.Vectors > 2) TVec.Store(c + w2, c3_2);
        if (TShape.Rows > 3 && TShape.Vectors > 1) TVec.Store(c + w1, c3_1);
        if (TShape.Rows > 3) { TVec.Store(c, c3_0); c += ldc; }
        if (TShape.Rows > 4 && TShape.Vectors > 3) TVec.Store(c + w3, c4_3);
        if (TShape.Rows > 4 && TShape.Vectors > 2) TVec.Store(c + w2, c4_2);
        if (TShape.Rows > 4 && TShape.Vectors > 1) TVec.Store(c + w1, c4_1);
        if (TShape.Rows > 4) { TVec.Store(c, c4_0); c += ldc; }
        if (TShape.Rows > 5 && TShape.Vectors > 3) TVec.Store(c + w3, c5_3);
        if (TShape.Rows > 5 && TShape.Vectors > 2) TVec.Store(c + w2, c5_2);
        if (TShape.Rows > 5 && TShape.Vectors > 1) TVec.Store(c + w1, c5_1);
        if (TShape.Rows > 5) { TVec.Store(c, c5_0); c += ldc; }
        if (TShape.Rows > 6 && TShape.Vectors > 2) TVec.Store(c + w2, c6_2);
        if (TShape.Rows > 6 && TShape.Vectors > 1) TVec.Store(c + w1, c6_1);
        if (TShape.Rows > 6) { TVec.Store(c, c6_0); c += ldc; }
        if (TShape.Rows > 7 && TShape.Vectors > 2) TVec.Store(c + w2, c7_2);
        if (TShape.Rows > 7 && TShape.Vectors > 1) TVec.Store(c + w1, c7_1);
        if (TShape.Rows > 7) { TVec.Store(c, c7_0); c += ldc; }
        if (TShape.Rows > 8 && TShape.Vectors > 1) TVec.Store(c + w1, c8_1);
        if (TShape.Rows > 8) { TVec.Store(c, c8_0); c += ldc; }
        if (TShape.Rows > 9 && TShape.Vectors > 1) TVec.Store(c + w1, c9_1);
        if (TShape.Rows > 9) { TVec.Store(c, c9_0); c += ldc; }
        if (TShape.Rows > 10 && TShape.Vectors > 1) TVec.Store(c + w1, c10_1);
        if (TShape.Rows > 10) { TVec.Store(c, c10_0); c += ldc; }
        if (TShape.Rows > 11 && TShape.Vectors > 1) TVec.Store(c + w1, c11_1);
        if (TShape.Rows > 11) { TVec.Store(c, c11_0); c += ldc; }
        if (TShape.Rows > 12 && TShape.Vectors > 1) TVec.Store(c + w1, c12_1);
        if (TShape.Rows > 12) { TVec.Store(c, c12_0); c += ldc; }
        if (TShape.Rows > 13 && TShape.Vectors > 1) TVec.Store(c + w1, c13_1);
        if (TShape.Rows > 13) { TVec.Store(c, c13_0); c += ldc; }
    }
}
