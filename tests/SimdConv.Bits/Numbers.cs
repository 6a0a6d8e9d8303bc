using System.Numerics;

namespace SimdConv.Bits;

/// <summary>
/// Numbers of a case: a function of its seed and of their position alone, made by exact operations, so the same on every CPU.
/// </summary>
internal static class Numbers
{
    /// <summary>
    /// Both signs, magnitudes from 2^-5 to 4: SplitMix64 (Steele, Lea, Flood 2014) gives sign, exponent and 20 bits of mantissa.
    /// </summary>
    public static T[] Make<T>(long length, int seed)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] numbers = new T[length];
        for (int i = 0; i < numbers.Length; i++)
        {
            ulong bits = Mix(((ulong)(uint)seed << 32) + (ulong)i);
            double magnitude = (1 + ((bits >> 44) / 1048576.0)) * (1 << (int)(bits & 7)) / 32;
            numbers[i] = T.CreateTruncating((bits & 8) == 0 ? magnitude : -magnitude);
        }

        return numbers;
    }

    /// <summary>The same with NaN, both infinities, -0 and a subnormal number among them.</summary>
    public static T[] WithSpecialValues<T>(long length, int seed)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] numbers = Make<T>(length, seed);
        T[] special = [T.NaN, T.PositiveInfinity, T.NegativeInfinity, T.NegativeZero, T.Epsilon];
        for (int i = 0; i < special.Length; i++)
            numbers[(int)(Mix((ulong)(seed + i)) % (ulong)length)] = special[i];
        return numbers;
    }

    private static ulong Mix(ulong z)
    {
        z += 0x9E37_79B9_7F4A_7C15;
        z = (z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9;
        z = (z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB;
        return z ^ (z >> 31);
    }
}
