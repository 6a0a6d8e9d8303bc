using System.Numerics;

namespace SimdConv.Native;

/// <summary>A packed filter that C holds.</summary>
internal abstract class NativeFilter;

/// <summary>Packed weights of one element type.</summary>
internal sealed class NativeFilter<T>(PackedFilter<T> packed) : NativeFilter
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public PackedFilter<T> Packed { get; } = packed;
}
