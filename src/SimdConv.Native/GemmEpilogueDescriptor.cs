using System.Numerics;
using System.Runtime.InteropServices;
using static SimdConv.Native.Arguments;

namespace SimdConv.Native;

/// <summary>simdconv_gemm_epilogue.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct GemmEpilogueDescriptor
{
    public nuint StructSize;
    public void* Bias, RowBias, ColumnBias;
    public int Activation, Reserved;
    public double* Alpha, Beta;

    public readonly GemmEpilogue<T> Read<T>(long m, long n)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (Reserved != 0)
            throw Error("epilogue.reserved", Reserved, "0");
        if (Bias != null && (RowBias != null || ColumnBias != null))
            throw Error("epilogue.bias", $"0x{(nuint)Bias:x}", "NULL beside row_bias or column_bias");
        T? alpha = Optional<T>(Alpha);
        return new()
        {
            RowBias = Bias != null ? Elements<T>(Bias, 1, "epilogue.bias")
                : RowBias != null ? Elements<T>(RowBias, m, "epilogue.row_bias") : [],
            ColumnBias = ColumnBias != null ? Elements<T>(ColumnBias, n, "epilogue.column_bias") : [],
            Activation = (Activation)Activation,
            Scale = alpha,
            Slope = alpha,
            Alpha = alpha,
            Beta = Optional<T>(Beta),
        };
    }
}
