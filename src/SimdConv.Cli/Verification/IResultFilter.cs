using System.Numerics;

namespace SimdConv.Cli.Verification;

/// <summary>Sees each result before it is compared, and may change it: how tests show that a wrong one is found.</summary>
internal interface IResultFilter
{
    void Filter<T>(string direction, SimdTier tier, Span<T> result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>;
}
