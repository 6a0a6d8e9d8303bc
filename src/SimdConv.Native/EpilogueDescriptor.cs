using System.Runtime.InteropServices;

namespace SimdConv.Native;

/// <summary>simdconv_epilogue.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct EpilogueDescriptor
{
    public nuint StructSize;
    public void* Bias, Residual;
    public int Activation, Reserved;
    public double Scale, Slope;

    public static EpilogueDescriptor Default => new() { Scale = 1, Slope = 0.01 };
}
