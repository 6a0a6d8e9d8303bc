using SimdConv.Tests.Support;

namespace SimdConv.Tests.Overflow;

/// <summary>
/// Strides, dilations, paddings, sizes, batches and thread counts near 2^31, and products near 2^31 and 2^63, through every public method in every
/// tier of a library that was compiled with checked arithmetic. A call is either computed rightly or refused as documented; an
/// <see cref="OverflowException"/> that the documentation doesn't name is an integer that wraps in the library that users have.
/// </summary>
public sealed class OverflowTests
{
    [Fact]
    public void NoIntegerWraps()
    {
        string output = ChildProcess.MustSucceed(["overflow"]);
        Assert.Contains("0 failures", output, StringComparison.Ordinal);
    }
}
