namespace SimdConv.Kernels;

/// <summary>
/// F(4, 3) and F(2, 5), from the points 0, 1, -1, 2, -2 and infinity. Both have the same B. Row i of A^T and row t of G^T hold
/// the powers of the points, those of G divided by 4, -6, -6, 24, 24 and 1; infinity has the last power alone.
/// </summary>
internal readonly struct SixPoints<TOutputs, TTaps> : IWinograd
    where TOutputs : struct, IConstant
    where TTaps : struct, IConstant
{
    public static int Outputs => TOutputs.Value;

    public static int Taps => TTaps.Value;

    public static int Points => 6;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Filter<TVec, T>(int e, TVec g0, TVec g1, TVec g2, TVec g3, TVec g4)
        where TVec : unmanaged, ILanes<TVec, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => e switch
        {
            0 => TVec.Multiply(Constant<TVec, T>(0.25f), g0),
            1 => TVec.Divide(AtPoint<TVec, T>(1, g0, g1, g2, g3, g4), Constant<TVec, T>(-6)),
            2 => TVec.Divide(AtPoint<TVec, T>(-1, g0, g1, g2, g3, g4), Constant<TVec, T>(-6)),
            3 => TVec.Divide(AtPoint<TVec, T>(2, g0, g1, g2, g3, g4), Constant<TVec, T>(24)),
            4 => TVec.Divide(AtPoint<TVec, T>(-2, g0, g1, g2, g3, g4), Constant<TVec, T>(24)),
            _ => Taps == 3 ? g2 : g4,
        };

    /// <summary>The polynomial with the taps as coefficients, at a point.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec AtPoint<TVec, T>(int point, TVec g0, TVec g1, TVec g2, TVec g3, TVec g4)
        where TVec : unmanaged, ILanes<TVec, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TVec sum = TVec.Add(g0, TVec.Multiply(Constant<TVec, T>(point), g1));
        sum = TVec.Add(sum, TVec.Multiply(Constant<TVec, T>(point * point), g2));
        if (Taps == 3)
            return sum;
        sum = TVec.Add(sum, TVec.Multiply(Constant<TVec, T>(point * point * point), g3));
        return TVec.Add(sum, TVec.Multiply(Constant<TVec, T>(point * point * point * point), g4));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Input<TVec, T>(int e, TVec x0, TVec x1, TVec x2, TVec x3, TVec x4, TVec x5)
        where TVec : unmanaged, ILanes<TVec, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => e switch
        {
            0 => TVec.MulAdd(Constant<TVec, T>(4), x0, TVec.MulAdd(Constant<TVec, T>(-5), x2, x4)),
            1 => TVec.Add(TVec.MulAdd(Constant<TVec, T>(-4), x2, x4), TVec.MulAdd(Constant<TVec, T>(-4), x1, x3)),
            2 => TVec.Subtract(TVec.MulAdd(Constant<TVec, T>(-4), x2, x4), TVec.MulAdd(Constant<TVec, T>(-4), x1, x3)),
            3 => TVec.MulAdd(Constant<TVec, T>(2), TVec.Subtract(x3, x1), TVec.Subtract(x4, x2)),
            4 => TVec.MulAdd(Constant<TVec, T>(-2), TVec.Subtract(x3, x1), TVec.Subtract(x4, x2)),
            _ => TVec.MulAdd(Constant<TVec, T>(4), x1, TVec.MulAdd(Constant<TVec, T>(-5), x3, x5)),
        };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Output<TVec, T>(int i, TVec m0, TVec m1, TVec m2, TVec m3, TVec m4, TVec m5)
        where TVec : unmanaged, ILanes<TVec, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Powers<TVec, T>(i, Outputs - 1, m0, m1, m2, m3, m4, m5);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec InputGradient<TVec, T>(int j, TVec v0, TVec v1, TVec v2, TVec v3, TVec v4, TVec v5)
        where TVec : unmanaged, ILanes<TVec, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => j switch
        {
            0 => TVec.Multiply(Constant<TVec, T>(4), v0),
            1 => TVec.MulAdd(Constant<TVec, T>(4), TVec.Subtract(v5, TVec.Subtract(v1, v2)),
                TVec.Multiply(Constant<TVec, T>(-2), TVec.Subtract(v3, v4))),
            2 => TVec.MulAdd(Constant<TVec, T>(-5), v0,
                TVec.MulAdd(Constant<TVec, T>(-4), TVec.Add(v1, v2), TVec.Subtract(default, TVec.Add(v3, v4)))),
            3 => TVec.MulAdd(Constant<TVec, T>(-5), v5,
                TVec.MulAdd(Constant<TVec, T>(2), TVec.Subtract(v3, v4), TVec.Subtract(v1, v2))),
            4 => TVec.Add(TVec.Add(v0, TVec.Add(v1, v2)), TVec.Add(v3, v4)),
            _ => v5,
        };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec OutputGradient<TVec, T>(int e, TVec y0, TVec y1, TVec y2, TVec y3)
        where TVec : unmanaged, ILanes<TVec, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (e == 0)
            return y0;
        if (e == 5)
            return Outputs == 2 ? y1 : y3;
        if (Outputs == 2)
        {
            return e switch
            {
                1 => TVec.Add(y0, y1),
                2 => TVec.Subtract(y0, y1),
                3 => TVec.MulAdd(Constant<TVec, T>(2), y1, y0),
                _ => TVec.MulAdd(Constant<TVec, T>(-2), y1, y0),
            };
        }

        TVec even = e < 3 ? TVec.Add(y0, y2) : TVec.MulAdd(Constant<TVec, T>(4), y2, y0),
            odd = e < 3 ? TVec.Add(y1, y3) : TVec.MulAdd(Constant<TVec, T>(4), y3, y1);
        return e switch
        {
            1 => TVec.Add(even, odd),
            2 => TVec.Subtract(even, odd),
            3 => TVec.MulAdd(Constant<TVec, T>(2), odd, even),
            _ => TVec.MulAdd(Constant<TVec, T>(-2), odd, even),
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec FilterGradient<TVec, T>(int t, TVec u0, TVec u1, TVec u2, TVec u3, TVec u4, TVec u5)
        where TVec : unmanaged, ILanes<TVec, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TVec fourth = Quotient<TVec, T>(4), sixth = Quotient<TVec, T>(-6), last = Quotient<TVec, T>(24);
        return Powers<TVec, T>(t, Taps - 1, TVec.Multiply(fourth, u0), TVec.Multiply(sixth, u1), TVec.Multiply(sixth, u2),
            TVec.Multiply(last, u3), TVec.Multiply(last, u4), u5);
    }

    /// <summary>The sum of what belongs to each point, multiplied by a power of the point.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec Powers<TVec, T>(int power, int last, TVec m0, TVec m1, TVec m2, TVec m3, TVec m4, TVec m5)
        where TVec : unmanaged, ILanes<TVec, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TVec sum = power switch
        {
            0 => TVec.Add(TVec.Add(m0, TVec.Add(m1, m2)), TVec.Add(m3, m4)),
            1 => TVec.MulAdd(Constant<TVec, T>(2), TVec.Subtract(m3, m4), TVec.Subtract(m1, m2)),
            2 => TVec.MulAdd(Constant<TVec, T>(4), TVec.Add(m3, m4), TVec.Add(m1, m2)),
            3 => TVec.MulAdd(Constant<TVec, T>(8), TVec.Subtract(m3, m4), TVec.Subtract(m1, m2)),
            _ => TVec.MulAdd(Constant<TVec, T>(16), TVec.Add(m3, m4), TVec.Add(m1, m2)),
        };
        return power == last ? TVec.Add(sum, m5) : sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec Constant<TVec, T>(float value)
        where TVec : unmanaged, ILanes<TVec, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        TVec.Broadcast(typeof(T) == typeof(float) ? Unsafe.BitCast<float, T>(value) : Unsafe.BitCast<double, T>(value));

    /// <summary>1 / divisor, rounded once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec Quotient<TVec, T>(double divisor)
        where TVec : unmanaged, ILanes<TVec, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => TVec.Broadcast(T.One / T.CreateTruncating(divisor));
}
