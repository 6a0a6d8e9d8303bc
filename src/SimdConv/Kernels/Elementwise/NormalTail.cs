using System.Runtime.InteropServices;

namespace SimdConv.Kernels;

/// <summary>
/// The tail of the normal distribution, Phi(-a) = erfc(a / sqrt 2) / 2, with relative accuracy however far out.
/// </summary>
/// <remarks>
/// Phi(-a) = e^(-a^2 / 2) R(a). (a + 4) R(a) is smooth, and a polynomial in (a - 4) / (a + 4) (Shepherd and Laframboise,
/// Chebyshev Approximation of (1 + 2x) exp(x^2) erfc x, 1981), here by interpolation in Chebyshev's points: relative error 2.7e-9
/// at degree 10 for float, 3.9e-18 at degree 23 for double. a^2 is taken in two parts, the square of the first bits of a and the
/// rest, since an error of the exponent is one of the result times a^2.
/// </remarks>
internal static unsafe class NormalTail<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static ReadOnlySpan<float> Singles =>
    [
        0.755285144f, -0.607896686f, 0.387137383f, -0.186521307f, 0.0603973418f, -0.00754527282f, -0.00348832831f, 0.0016460882f,
        0.000169712483f, -0.00023404602f, -5.2425461e-5f,
    ];

    private static ReadOnlySpan<double> Doubles =>
    [
        0.7552851304157515, -0.6078966419718921, 0.38713740074221453, -0.18652185795965726, 0.06039657489093656,
        -0.007540188966726791, -0.003479692367393595, 0.0016308184575887011, 0.00013334431240964574, -0.000231094935169459,
        -1.9082584797734333e-06, 3.5144686053003464e-05, 7.166663245221031e-07, -5.9201733230161025e-06, -6.296965605815823e-07,
        1.0215540371961016e-06, 2.7180452962592834e-07, -1.549649174224745e-07, -8.540841815685125e-08, 1.3280797787310328e-08,
        1.961961086135556e-08, 1.91827702037334e-09, -2.5220994578780736e-09, -7.262419810409579e-10,
    ];

    /// <summary>From there on a * Phi(-a) rounds to 0.</summary>
    public static TVec Farthest => Exponential<TVec, T>.Constant(14.6f, 39);

    /// <summary>Phi(-|x|) as a product of three factors; NaN stays, since Min returns it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (TVec Tail, TVec Value, TVec Scale) Of(TVec x)
    {
        TVec a = TVec.Min(Farthest, Exponential<TVec, T>.Magnitude(x));
        TVec high = TVec.And(a, Exponential<TVec, T>.Constant(
            BitConverter.UInt32BitsToSingle(0xFFFFF000), BitConverter.UInt64BitsToDouble(0xFFFFFFFFF8000000)));
        TVec minusHalf = Exponential<TVec, T>.Constant(-0.5f, -0.5);
        TVec low = TVec.Multiply(minusHalf, TVec.Multiply(TVec.Subtract(a, high), TVec.Add(a, high)));
        (TVec value, TVec scale) = Exponential<TVec, T>.Of(TVec.Multiply(minusHalf, TVec.Multiply(high, high)), low);
        TVec four = Exponential<TVec, T>.Constant(4, 4);
        TVec inverse = TVec.Divide(Exponential<TVec, T>.One, TVec.Add(a, four)),
            u = TVec.Multiply(TVec.Subtract(a, four), inverse);
        return (TVec.Multiply(Polynomial(u), inverse), value, scale);
    }

    /// <summary>1 - tail * value * scale.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Complement(TVec tail, TVec value, TVec scale) =>
        TVec.Subtract(Exponential<TVec, T>.One, TVec.Multiply(TVec.Multiply(tail, value), scale));

    /// <summary>By Horner's scheme, from constant data that never moves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec Polynomial(TVec u)
    {
        bool isSingle = typeof(T) == typeof(float);
        T* coefficients = (T*)(isSingle ? Unsafe.AsPointer(ref MemoryMarshal.GetReference(Singles))
            : Unsafe.AsPointer(ref MemoryMarshal.GetReference(Doubles)));
        int degree = (isSingle ? Singles.Length : Doubles.Length) - 1;
        TVec sum = TVec.Broadcast(coefficients[degree]);
        for (int i = degree - 1; i >= 0; i--)
            sum = TVec.MulAdd(sum, u, TVec.Broadcast(coefficients[i]));
        return sum;
    }
}
