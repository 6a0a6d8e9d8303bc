using System.Numerics;

namespace SimdConv.Tests.Support;

/// <summary>What buffers are filled with.</summary>
public enum DataKind
{
    /// <summary>Both signs, magnitudes over eight binary orders.</summary>
    Real,

    /// <summary>-3 to 3: every sum is exact in any order.</summary>
    Integers,

    /// <summary>A single 1 among zeros.</summary>
    Impulse,

    /// <summary>Half of them as <see cref="Real"/>, half below the normal range.</summary>
    Subnormals,
}

/// <summary>Reproducible data: a function of kind, seed and position alone.</summary>
internal static class Data
{
    /// <summary>The distance of neighbouring doubles between 1 and 2.</summary>
    private const double Ulp = 1.0 / (1L << 52);

    /// <summary>Binary orders of <see cref="DataKind.Real"/>.</summary>
    private static readonly double[] Powers = [1.0 / 32, 1.0 / 16, 1.0 / 8, 1.0 / 4, 1.0 / 2, 1, 2, 4];

    public static T[] Make<T>(long length, DataKind kind, int seed) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] values = new T[length];
        Fill<T>(values, kind, seed);
        return values;
    }

    public static void Fill<T>(Span<T> values, DataKind kind, int seed) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int impulse = values.IsEmpty ? 0 : (int)(Mix(seed, -1) % (ulong)values.Length);
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = kind switch
            {
                DataKind.Integers => T.CreateTruncating((int)(Mix(seed, i) % 7) - 3),
                DataKind.Impulse => i == impulse ? T.One : T.Zero,
                DataKind.Subnormals when (Mix(seed, i) & 16) == 0 => Real<T>(Mix(seed, i)) * SubnormalScale<T>(),
                _ => Real<T>(Mix(seed, i)),
            };
        }
    }

    /// <summary>NaN of a payload that no arithmetic gives: fills what must be neither read nor written.</summary>
    public static T Canary<T>() where T : unmanaged, IBinaryFloatingPointIeee754<T> => typeof(T) == typeof(float)
        ? (T)(object)BitConverter.UInt32BitsToSingle(0x7FA1_2345)
        : (T)(object)BitConverter.UInt64BitsToDouble(0x7FF4_1234_5678_9ABC);

    public static T[] Filled<T>(long length, T value)
    {
        T[] values = new T[length];
        Array.Fill(values, value);
        return values;
    }

    public static double[] Widen<T>(ReadOnlySpan<T> values) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double[] wide = new double[values.Length];
        for (int i = 0; i < wide.Length; i++)
            wide[i] = double.CreateTruncating(values[i]);
        return wide;
    }

    public static double[] Absolute(ReadOnlySpan<double> values)
    {
        double[] absolute = new double[values.Length];
        for (int i = 0; i < absolute.Length; i++)
            absolute[i] = Math.Abs(values[i]);
        return absolute;
    }

    public static ulong Mix(int seed, long position)
    {
        ulong z = ((ulong)(uint)seed << 32) + ((ulong)position * 0x9E37_79B9_7F4A_7C15) + 0x632B_E59B_D9B4_E019;
        z = (z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9;
        z = (z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB;
        return z ^ (z >> 31);
    }

    private static T SubnormalScale<T>() where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        T.CreateTruncating(Math.ScaleB(1, typeof(T) == typeof(float) ? -134 : -1040));

    private static T Real<T>(ulong bits) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double mantissa = 1 + ((bits >> 12) * Ulp), magnitude = mantissa * Powers[bits & 7];
        return T.CreateTruncating((bits & 8) == 0 ? magnitude : -magnitude);
    }
}
