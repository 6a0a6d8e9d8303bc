namespace SimdConv.Kernels;

/// <summary>e^t for t &lt;= 0, and e^t - 1.</summary>
/// <remarks>
/// t = n ln 2 + r with |r| at most ln 2 / 2, in two steps (Cody and Waite, Software Manual for the Elementary Functions, 1980).
/// expm1(r) = r + r^2 * Q(r), Q by Remez' exchange for the least relative error: 1.4e-8 at degree 4 for float, 2.7e-19 at degree
/// 10 for double.
/// </remarks>
internal static class Exponential<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>An addend that rounds to an integer.</summary>
    private static TVec Round => Constant(12582912f, 6755399441055744d);

    public static TVec One => Constant(1f, 1d);

    /// <summary>
    /// e^t - 1 for |t| up to 40: 2^n * expm1(r) + (2^n - 1), which keeps the relative accuracy of small t.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec MinusOne(TVec t)
    {
        TVec small = SmallMinusOne(Remainder(t, out TVec shifted));
        TVec power = TVec.PowerOfTwo(shifted);
        return TVec.MulAdd(power, small, TVec.Subtract(power, One));
    }

    /// <summary>
    /// e^(t + low) as a product, where t is from -1100 to 0 (-160 for float) and low is what t was rounded by, at most 1/8. The
    /// value is a normal number; the scale is 2^(n/2), by which the last factor of a result is multiplied, so that subnormal
    /// results are rounded once.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (TVec Value, TVec Scale) Of(TVec t, TVec low)
    {
        TVec r = TVec.Add(Remainder(t, out TVec shifted), low);
        TVec n = TVec.Subtract(shifted, Round);
        TVec half = TVec.MulAdd(n, Constant(0.5f, 0.5), Round);
        TVec rest = TVec.Add(TVec.Subtract(n, TVec.Subtract(half, Round)), Round);
        return (TVec.Multiply(TVec.Add(One, SmallMinusOne(r)), TVec.PowerOfTwo(half)), TVec.PowerOfTwo(rest));
    }

    /// <summary>r, and n as <see cref="ILanes{TSelf, T}.PowerOfTwo"/> takes it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec Remainder(TVec t, out TVec shifted)
    {
        shifted = TVec.MulAdd(t, Constant(1.44269504f, 1.4426950408889634), Round);
        TVec minusN = TVec.Subtract(Round, shifted);
        TVec r = TVec.MulAdd(minusN, Constant(0.693359375f, 0.693147180369123816490), t);
        return TVec.MulAdd(minusN, Constant(-2.12194440e-4f, 1.90821492927058770002e-10), r);
    }

    /// <summary>expm1(r).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec SmallMinusOne(TVec r)
    {
        TVec q;
        if (typeof(T) == typeof(float))
        {
            q = Constant(0.00138825243f, 0);
            q = TVec.MulAdd(q, r, Constant(0.00836654706f, 0));
            q = TVec.MulAdd(q, r, Constant(0.0416672006f, 0));
            q = TVec.MulAdd(q, r, Constant(0.166665434f, 0));
            q = TVec.MulAdd(q, r, Constant(0.49999998f, 0));
        }
        else
        {
            q = Constant(0, 2.0875387848429394e-09);
            q = TVec.MulAdd(q, r, Constant(0, 2.510902351197176e-08));
            q = TVec.MulAdd(q, r, Constant(0, 2.7557402590984903e-07));
            q = TVec.MulAdd(q, r, Constant(0, 2.7557244256856665e-06));
            q = TVec.MulAdd(q, r, Constant(0, 2.480158717243612e-05));
            q = TVec.MulAdd(q, r, Constant(0, 0.0001984126988607093));
            q = TVec.MulAdd(q, r, Constant(0, 0.0013888888888962507));
            q = TVec.MulAdd(q, r, Constant(0, 0.008333333333321655));
            q = TVec.MulAdd(q, r, Constant(0, 0.04166666666666651));
            q = TVec.MulAdd(q, r, Constant(0, 0.16666666666666677));
            q = TVec.MulAdd(q, r, Constant(0, 0.5));
        }

        return TVec.MulAdd(TVec.Multiply(r, r), q, r);
    }

    /// <summary>|x|; NaN stays.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Magnitude(TVec x) => TVec.And(
        x, Constant(BitConverter.Int32BitsToSingle(int.MaxValue), BitConverter.Int64BitsToDouble(long.MaxValue)));

    /// <summary>A number of either type.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Constant(float single, double twice) =>
        TVec.Broadcast(typeof(T) == typeof(float) ? Unsafe.BitCast<float, T>(single) : Unsafe.BitCast<double, T>(twice));
}
