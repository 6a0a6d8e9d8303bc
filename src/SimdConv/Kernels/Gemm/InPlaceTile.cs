namespace SimdConv.Kernels;

/// <summary>
/// The tile for operands that aren't packed: C[Rows x Vectors*W] = start + A[Rows x terms] * B[terms x Vectors*W].
/// </summary>
/// <remarks>
/// Register map: c{row}_{vector} hold the tile of C, b0..b3 one row of B, x one element of A. Three rows of A share a base
/// register (base, base + s, base + 2s; x86 can't scale by 3), so that eight rows take three and nothing spills. At most eight
/// rows: 14, as the packed tiles have, would save loads, but loads out of L1 don't limit this tile.
/// </remarks>
internal static unsafe class InPlaceTile<TVec, T, TShape>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TShape : struct, IInPlaceShape
{
    /// <param name="o">Where the operands are.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(InPlaceOperands<T>* o)
    {
        nint kc = o->Terms, ldb = o->Ldb, ldc = o->Ldc;
        T* b = o->B, c = o->C;
        int last = o->Last, w = TVec.Count;
        nint back = last - w;
        TVec c0_0 = default, c0_1 = default, c0_2 = default, c0_3 = default;
        TVec c1_0 = default, c1_1 = default, c1_2 = default, c1_3 = default;
        TVec c2_0 = default, c2_1 = default, c2_2 = default, c2_3 = default;
        TVec c3_0 = default, c3_1 = default, c3_2 = default, c3_3 = default;
        TVec c4_0 = default, c4_1 = default, c4_2 = default, c4_3 = default;
        TVec c5_0 = default, c5_1 = default, c5_2 = default, c5_3 = default;
        TVec c6_0 = default, c6_1 = default;
        TVec c7_0 = default, c7_1 = default;
        if (o->Start != null)
        {
            T* start = o->Start;
            nint ldstart = o->LdStart;
            c0_0 = Load<N1>(start, last, back);
            if (TShape.Vectors > 1) c0_1 = Load<N2>(start + w, last, back);
            if (TShape.Vectors > 2) c0_2 = Load<N3>(start + (2 * w), last, back);
            if (TShape.Vectors > 3) c0_3 = Load<N4>(start + (3 * w), last, back);
            start += ldstart;
            if (TShape.Rows > 1) c1_0 = Load<N1>(start, last, back);
            if (TShape.Rows > 1 && TShape.Vectors > 1) c1_1 = Load<N2>(start + w, last, back);
            if (TShape.Rows > 1 && TShape.Vectors > 2) c1_2 = Load<N3>(start + (2 * w), last, back);
            if (TShape.Rows > 1 && TShape.Vectors > 3) c1_3 = Load<N4>(start + (3 * w), last, back);
            start += ldstart;
            if (TShape.Rows > 2) c2_0 = Load<N1>(start, last, back);
            if (TShape.Rows > 2 && TShape.Vectors > 1) c2_1 = Load<N2>(start + w, last, back);
            if (TShape.Rows > 2 && TShape.Vectors > 2) c2_2 = Load<N3>(start + (2 * w), last, back);
            if (TShape.Rows > 2 && TShape.Vectors > 3) c2_3 = Load<N4>(start + (3 * w), last, back);
            start += ldstart;
            if (TShape.Rows > 3) c3_0 = Load<N1>(start, last, back);
            if (TShape.Rows > 3 && TShape.Vectors > 1) c3_1 = Load<N2>(start + w, last, back);
            if (TShape.Rows > 3 && TShape.Vectors > 2) c3_2 = Load<N3>(start + (2 * w), last, back);
            if (TShape.Rows > 3 && TShape.Vectors > 3) c3_3 = Load<N4>(start + (3 * w), last, back);
            start += ldstart;
            if (TShape.Rows > 4) c4_0 = Load<N1>(start, last, back);
            if (TShape.Rows > 4 && TShape.Vectors > 1) c4_1 = Load<N2>(start + w, last, back);
            if (TShape.Rows > 4 && TShape.Vectors > 2) c4_2 = Load<N3>(start + (2 * w), last, back);
            if (TShape.Rows > 4 && TShape.Vectors > 3) c4_3 = Load<N4>(start + (3 * w), last, back);
            start += ldstart;
            if (TShape.Rows > 5) c5_0 = Load<N1>(start, last, back);
            if (TShape.Rows > 5 && TShape.Vectors > 1) c5_1 = Load<N2>(start + w, last, back);
            if (TShape.Rows > 5 && TShape.Vectors > 2) c5_2 = Load<N3>(start + (2 * w), last, back);
            if (TShape.Rows > 5 && TShape.Vectors > 3) c5_3 = Load<N4>(start + (3 * w), last, back);
            start += ldstart;
            if (TShape.Rows > 6) c6_0 = Load<N1>(start, last, back);
            if (TShape.Rows > 6 && TShape.Vectors > 1) c6_1 = Load<N2>(start + w, last, back);
            start += ldstart;
            if (TShape.Rows > 7) c7_0 = Load<N1>(start, last, back);
            if (TShape.Rows > 7 && TShape.Vectors > 1) c7_1 = Load<N2>(start + w, last, back);
            start += ldstart;
        }

        nint rows = o->ARow * sizeof(T), terms = o->ATerm * sizeof(T);
        byte* a0 = (byte*)o->A, a3 = a0 + (3 * rows), a6 = a3 + (3 * rows);
        for (nint k = 0; k < kc; k++)
        {
            if (TShape.IsFetching)
                Prefetch.LinesToL2(b + o->Ahead, TShape.Vectors * w);
            TVec b0 = Load<N1>(b, last, back), b1 = default, b2 = default, b3 = default;
            Elements<TVec> x = default;
            if (TShape.Vectors > 1) b1 = Load<N2>(b + w, last, back);
            if (TShape.Vectors > 2) b2 = Load<N3>(b + (2 * w), last, back);
            if (TShape.Vectors > 3) b3 = Load<N4>(b + (3 * w), last, back);
            x = TileRow<TVec, T>.Start(TShape.Vectors, (T*)a0, ref c0_0, b0);
            if (TShape.Vectors > 1) TVec.Accumulate(ref c0_1, x, 0, b1);
            if (TShape.Vectors > 2) TVec.Accumulate(ref c0_2, x, 0, b2);
            if (TShape.Vectors > 3) TVec.Accumulate(ref c0_3, x, 0, b3);
            if (TShape.Rows > 1) x = TileRow<TVec, T>.Start(TShape.Vectors, (T*)(a0 + rows), ref c1_0, b0);
            if (TShape.Rows > 1 && TShape.Vectors > 1) TVec.Accumulate(ref c1_1, x, 0, b1);
            if (TShape.Rows > 1 && TShape.Vectors > 2) TVec.Accumulate(ref c1_2, x, 0, b2);
            if (TShape.Rows > 1 && TShape.Vectors > 3) TVec.Accumulate(ref c1_3, x, 0, b3);
            if (TShape.Rows > 2) x = TileRow<TVec, T>.Start(TShape.Vectors, (T*)(a0 + (2 * rows)), ref c2_0, b0);
            if (TShape.Rows > 2 && TShape.Vectors > 1) TVec.Accumulate(ref c2_1, x, 0, b1);
            if (TShape.Rows > 2 && TShape.Vectors > 2) TVec.Accumulate(ref c2_2, x, 0, b2);
            if (TShape.Rows > 2 && TShape.Vectors > 3) TVec.Accumulate(ref c2_3, x, 0, b3);
            if (TShape.Rows > 3) x = TileRow<TVec, T>.Start(TShape.Vectors, (T*)a3, ref c3_0, b0);
            if (TShape.Rows > 3 && TShape.Vectors > 1) TVec.Accumulate(ref c3_1, x, 0, b1);
            if (TShape.Rows > 3 && TShape.Vectors > 2) TVec.Accumulate(ref c3_2, x, 0, b2);
            if (TShape.Rows > 3 && TShape.Vectors > 3) TVec.Accumulate(ref c3_3, x, 0, b3);
            if (TShape.Rows > 4) x = TileRow<TVec, T>.Start(TShape.Vectors, (T*)(a3 + rows), ref c4_0, b0);
            if (TShape.Rows > 4 && TShape.Vectors > 1) TVec.Accumulate(ref c4_1, x, 0, b1);
            if (TShape.Rows > 4 && TShape.Vectors > 2) TVec.Accumulate(ref c4_2, x, 0, b2);
            if (TShape.Rows > 4 && TShape.Vectors > 3) TVec.Accumulate(ref c4_3, x, 0, b3);
            if (TShape.Rows > 5) x = TileRow<TVec, T>.Start(TShape.Vectors, (T*)(a3 + (2 * rows)), ref c5_0, b0);
            if (TShape.Rows > 5 && TShape.Vectors > 1) TVec.Accumulate(ref c5_1, x, 0, b1);
            if (TShape.Rows > 5 && TShape.Vectors > 2) TVec.Accumulate(ref c5_2, x, 0, b2);
            if (TShape.Rows > 5 && TShape.Vectors > 3) TVec.Accumulate(ref c5_3, x, 0, b3);
            if (TShape.Rows > 6) x = TileRow<TVec, T>.Start(TShape.Vectors, (T*)a6, ref c6_0, b0);
            if (TShape.Rows > 6 && TShape.Vectors > 1) TVec.Accumulate(ref c6_1, x, 0, b1);
            if (TShape.Rows > 7) x = TileRow<TVec, T>.Start(TShape.Vectors, (T*)(a6 + rows), ref c7_0, b0);
            if (TShape.Rows > 7 && TShape.Vectors > 1) TVec.Accumulate(ref c7_1, x, 0, b1);
            a0 += terms;
            if (TShape.Rows > 3) a3 += terms;
            if (TShape.Rows > 6) a6 += terms;
            b += ldb;
        }

        Store<N1>(c, c0_0, last, back);
        if (TShape.Vectors > 1) Store<N2>(c + w, c0_1, last, back);
        if (TShape.Vectors > 2) Store<N3>(c + (2 * w), c0_2, last, back);
        if (TShape.Vectors > 3) Store<N4>(c + (3 * w), c0_3, last, back);
        c += ldc;
        if (TShape.Rows > 1) Store<N1>(c, c1_0, last, back);
        if (TShape.Rows > 1 && TShape.Vectors > 1) Store<N2>(c + w, c1_1, last, back);
        if (TShape.Rows > 1 && TShape.Vectors > 2) Store<N3>(c + (2 * w), c1_2, last, back);
        if (TShape.Rows > 1 && TShape.Vectors > 3) Store<N4>(c + (3 * w), c1_3, last, back);
        c += ldc;
        if (TShape.Rows > 2) Store<N1>(c, c2_0, last, back);
        if (TShape.Rows > 2 && TShape.Vectors > 1) Store<N2>(c + w, c2_1, last, back);
        if (TShape.Rows > 2 && TShape.Vectors > 2) Store<N3>(c + (2 * w), c2_2, last, back);
        if (TShape.Rows > 2 && TShape.Vectors > 3) Store<N4>(c + (3 * w), c2_3, last, back);
        c += ldc;
        if (TShape.Rows > 3) Store<N1>(c, c3_0, last, back);
        if (TShape.Rows > 3 && TShape.Vectors > 1) Store<N2>(c + w, c3_1, last, back);
        if (TShape.Rows > 3 && TShape.Vectors > 2) Store<N3>(c + (2 * w), c3_2, last, back);
        if (TShape.Rows > 3 && TShape.Vectors > 3) Store<N4>(c + (3 * w), c3_3, last, back);
        c += ldc;
        if (TShape.Rows > 4) Store<N1>(c, c4_0, last, back);
        if (TShape.Rows > 4 && TShape.Vectors > 1) Store<N2>(c + w, c4_1, last, back);
        if (TShape.Rows > 4 && TShape.Vectors > 2) Store<N3>(c + (2 * w), c4_2, last, back);
        if (TShape.Rows > 4 && TShape.Vectors > 3) Store<N4>(c + (3 * w), c4_3, last, back);
        c += ldc;
        if (TShape.Rows > 5) Store<N1>(c, c5_0, last, back);
        if (TShape.Rows > 5 && TShape.Vectors > 1) Store<N2>(c + w, c5_1, last, back);
        if (TShape.Rows > 5 && TShape.Vectors > 2) Store<N3>(c + (2 * w), c5_2, last, back);
        if (TShape.Rows > 5 && TShape.Vectors > 3) Store<N4>(c + (3 * w), c5_3, last, back);
        c += ldc;
        if (TShape.Rows > 6) Store<N1>(c, c6_0, last, back);
        if (TShape.Rows > 6 && TShape.Vectors > 1) Store<N2>(c + w, c6_1, last, back);
        c += ldc;
        if (TShape.Rows > 7) Store<N1>(c, c7_0, last, back);
        if (TShape.Rows > 7 && TShape.Vectors > 1) Store<N2>(c + w, c7_1, last, back);
    }

    /// <summary>
    /// Register number <typeparamref name="TVector"/> of a row. The last of several begins early enough to end with the columns:
    /// lanes that it shares with the one before are computed twice, with the same result. Masked loads would cost a narrow tile a
    /// tenth of its time.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec Load<TVector>(T* source, int last, nint back)
        where TVector : struct, IConstant =>
        TVector.Value < TShape.Vectors ? TVec.Load(source)
        : TShape.IsPartial ? TVec.LoadPartial(source, last)
        : TShape.Vectors > 1 ? TVec.Load(unchecked(source + back))
        : TVec.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TVector>(T* target, TVec value, int last, nint back)
        where TVector : struct, IConstant
    {
        if (TShape.IsStreaming)
            TVec.StoreStreaming(target, value);
        else if (TVector.Value < TShape.Vectors)
            TVec.Store(target, value);
        else if (TShape.IsPartial)
            TVec.StorePartial(target, value, last);
        else if (TShape.Vectors > 1)
            TVec.Store(unchecked(target + back), value);
        else
            TVec.Store(target, value);
    }
}
