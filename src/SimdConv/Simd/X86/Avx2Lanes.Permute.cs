using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace SimdConv.Simd;

/// <content>Elements that change places.</content>
internal unsafe partial struct Avx2Lanes<T, TCode>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Avx2Lanes<T, TCode> Even, Avx2Lanes<T, TCode> Odd) Deinterleave(
        Avx2Lanes<T, TCode> low, Avx2Lanes<T, TCode> high)
    {
        if (typeof(T) == typeof(float))
        {
            Vector256<float> even = Avx.Shuffle(low.v.AsSingle(), high.v.AsSingle(), 0b10_00_10_00);
            Vector256<float> odd = Avx.Shuffle(low.v.AsSingle(), high.v.AsSingle(), 0b11_01_11_01);
            return (new(Avx2.Permute4x64(even.AsDouble(), 0b11_01_10_00).As<double, T>()),
                new(Avx2.Permute4x64(odd.AsDouble(), 0b11_01_10_00).As<double, T>()));
        }
        else
        {
            Vector256<double> even = Avx.UnpackLow(low.v.AsDouble(), high.v.AsDouble());
            Vector256<double> odd = Avx.UnpackHigh(low.v.AsDouble(), high.v.AsDouble());
            return (new(Avx2.Permute4x64(even, 0b11_01_10_00).As<double, T>()),
                new(Avx2.Permute4x64(odd, 0b11_01_10_00).As<double, T>()));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Avx2Lanes<T, TCode> Low, Avx2Lanes<T, TCode> High) Interleave(
        Avx2Lanes<T, TCode> even, Avx2Lanes<T, TCode> odd)
    {
        Vector256<T> low, high;
        if (typeof(T) == typeof(float))
        {
            low = Avx.UnpackLow(even.v.AsSingle(), odd.v.AsSingle()).As<float, T>();
            high = Avx.UnpackHigh(even.v.AsSingle(), odd.v.AsSingle()).As<float, T>();
        }
        else
        {
            low = Avx.UnpackLow(even.v.AsDouble(), odd.v.AsDouble()).As<double, T>();
            high = Avx.UnpackHigh(even.v.AsDouble(), odd.v.AsDouble()).As<double, T>();
        }

        return (new(Avx.Permute2x128(low.AsSingle(), high.AsSingle(), 0x20).As<float, T>()),
            new(Avx.Permute2x128(low.AsSingle(), high.AsSingle(), 0x31).As<float, T>()));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Avx2Lanes<T, TCode> Low, Avx2Lanes<T, TCode> High) Exchange(
        Avx2Lanes<T, TCode> a, Avx2Lanes<T, TCode> b, int bit)
    {
        // Within 128 bits, then halves.
        if (bit * sizeof(T) >= 16)
        {
            return (new(Avx.Permute2x128(a.v.AsSingle(), b.v.AsSingle(), 0x20).As<float, T>()),
                new(Avx.Permute2x128(a.v.AsSingle(), b.v.AsSingle(), 0x31).As<float, T>()));
        }

        return typeof(T) == typeof(float)
            ? (new(Avx.UnpackLow(a.v.AsSingle(), b.v.AsSingle()).As<float, T>()),
                new(Avx.UnpackHigh(a.v.AsSingle(), b.v.AsSingle()).As<float, T>()))
            : (new(Avx.UnpackLow(a.v.AsDouble(), b.v.AsDouble()).As<double, T>()),
                new(Avx.UnpackHigh(a.v.AsDouble(), b.v.AsDouble()).As<double, T>()));
    }
}
