using System.Runtime.InteropServices;
using static SimdConv.Native.Arguments;

namespace SimdConv.Native;

/// <summary>simdconv_pool2d_desc.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PoolDescriptor
{
    public nuint StructSize;
    public int Type, Kind;
    public long C, H, W, R, S;
    public long StrideH, StrideW;
    public long PadTop, PadLeft, PadBottom, PadRight;
    public long DilationH, DilationW;
    public int CeilMode, CountIncludePad;
    public long DivisorOverride;
    public Strides X, Y;

    public readonly Pool2DShape Shape => new(Size(C), Size(H), Size(W), Size(R), Size(S))
    {
        StrideH = Size(StrideH),
        StrideW = Size(StrideW),
        PadTop = Size(PadTop),
        PadLeft = Size(PadLeft),
        PadBottom = Size(PadBottom),
        PadRight = Size(PadRight),
        DilationH = Size(DilationH),
        DilationW = Size(DilationW),
        CeilMode = Flag(CeilMode, "shape.CeilMode"),
        CountIncludePad = Flag(CountIncludePad, "shape.CountIncludePad"),
        DivisorOverride = DivisorOverride == 0 ? null : Size(DivisorOverride),
    };
}
