using System.Numerics;

namespace SimdConv.Cli.Verification;

/// <summary>An operation of one shape with what it is checked against; its text names the shape.</summary>
internal interface ICheckable
{
    /// <summary>Checks the library in each tier of <paramref name="checker"/>, in one element type.</summary>
    void Check<T>(Checker<T> checker)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>;
}
