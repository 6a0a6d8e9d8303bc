using System.Runtime.InteropServices;
using static SimdConv.Native.Arguments;

namespace SimdConv.Native;

/// <summary>simdconv_conv2d_desc.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ConvDescriptor
{
    public nuint StructSize;
    public int Type, Reserved;
    public long C, H, W, K, R, S;
    public long StrideH, StrideW;
    public long PadTop, PadLeft, PadBottom, PadRight;
    public long DilationH, DilationW;
    public long Groups;
    public Strides X, Y;

    public readonly Conv2DShape Shape => new(Size(C), Size(H), Size(W), Size(K), Size(R), Size(S))
    {
        StrideH = Size(StrideH),
        StrideW = Size(StrideW),
        PadTop = Size(PadTop),
        PadLeft = Size(PadLeft),
        PadBottom = Size(PadBottom),
        PadRight = Size(PadRight),
        DilationH = Size(DilationH),
        DilationW = Size(DilationW),
        Groups = Size(Groups),
    };
}
