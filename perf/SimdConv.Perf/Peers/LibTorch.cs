using System.Numerics;
using System.Runtime.InteropServices;
using SimdConv.Perf.Suites;
using static TorchSharp.torch;

namespace SimdConv.Perf.Peers;

internal static class LibTorch
{
    public static Tensor NewTensor<T>(ReadOnlySpan<T> values, params long[] sizes)
        where T : unmanaged
    {
        Tensor tensor = empty(sizes, typeof(T) == typeof(float) ? ScalarType.Float32 : ScalarType.Float64);
        MemoryMarshal.AsBytes(values).CopyTo(tensor.bytes);
        return tensor;
    }

    public static double[] ToDoubles<T>(Tensor tensor)
        where T : unmanaged, INumber<T>
    {
        using Tensor contiguous = tensor.contiguous();
        return RandomData.ToDoubles(MemoryMarshal.Cast<byte, T>(contiguous.bytes));
    }
}
