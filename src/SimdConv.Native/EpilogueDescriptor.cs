using System.Runtime.InteropServices;

namespace SimdConv.Native;

/// <summary>simdconv_epilogue.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct EpilogueDescriptor
{
    public nuint StructSize;
    public void* Bias, Residual;
    public int Activation, AddsResidualLast;
    public double Scale, Slope;
    public double* Alpha, Beta;

    /// <summary>The size of the first one, which ended with Slope.</summary>
    public static int Oldest => sizeof(EpilogueDescriptor) - (2 * sizeof(void*));

    public static EpilogueDescriptor Default => new() { Scale = 1, Slope = 0.01 };
}
