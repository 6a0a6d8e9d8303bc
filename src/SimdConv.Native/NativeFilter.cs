using System.Numerics;

namespace SimdConv.Native;

/// <summary>The same, of its type.</summary>
internal sealed class NativeFilter<T>(PackedFilter<T> packed) : NativeFilter
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public PackedFilter<T> Packed { get; } = packed;
}
