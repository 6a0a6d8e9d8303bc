namespace SimdConv.Kernels;

/// <summary>factor * tanh(x), within 4 ulp of the exact value.</summary>
/// <remarks>
/// tanh|x| = e / (e + 2) with e = expm1(2|x|), then the sign of x. expm1(t) = 2^n * expm1(r) + (2^n - 1) with t = n ln 2 + r, |r|
/// at most ln 2 / 2, in two steps (Cody and Waite, Software Manual for the Elementary Functions, 1980), so that small x keep
/// their relative accuracy. expm1(r) = r + r^2 * Q(r), Q by Remez' exchange for the least relative error: 1.4e-8 at degree 4 for
/// float, 2.7e-19 at degree 10 for double. NaN gives NaN, since Min returns its second operand where either is NaN.
/// </remarks>
internal readonly struct TanhFunction<TVec, T> : IElementwise<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke(TVec x, TVec y, TVec factor)
    {
        TVec sign = TVec.And(x, Constant(-0f, -0d));
        TVec magnitude =
            TVec.And(x, Constant(BitConverter.Int32BitsToSingle(int.MaxValue), BitConverter.Int64BitsToDouble(long.MaxValue)));

        // For larger arguments tanh rounds to 1.
        magnitude = TVec.Min(Constant(9.2f, 19.5), magnitude);
        TVec t = TVec.Add(magnitude, magnitude);

        TVec round = Constant(12582912f, 6755399441055744d);
        TVec shifted = TVec.MulAdd(t, Constant(1.44269504f, 1.4426950408889634), round);
        TVec minusN = TVec.Subtract(round, shifted);
        TVec r = TVec.MulAdd(minusN, Constant(0.693359375f, 0.693147180369123816490), t);
        r = TVec.MulAdd(minusN, Constant(-2.12194440e-4f, 1.90821492927058770002e-10), r);

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

        TVec power = TVec.PowerOfTwo(shifted);
        TVec small = TVec.MulAdd(TVec.Multiply(r, r), q, r);
        TVec e = TVec.MulAdd(power, small, TVec.Subtract(power, Constant(1f, 1d)));
        TVec tanh = TVec.Divide(e, TVec.Add(e, Constant(2f, 2d)));
        return TVec.Multiply(factor, TVec.Or(tanh, sign));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec Constant(float single, double twice) =>
        TVec.Broadcast(typeof(T) == typeof(float) ? Unsafe.BitCast<float, T>(single) : Unsafe.BitCast<double, T>(twice));
}
