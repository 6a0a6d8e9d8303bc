using SimdConv.Tests.Support;

namespace SimdConv.Tests.Overflow;

/// <summary>
/// Strides, dilations, paddings, sizes, batches and thread counts near 2^31, and products near 2^31 and 2^63, through every
/// public method in every tier of a library that was compiled with checked arithmetic. A call is either computed rightly or
/// refused as documented; an <see cref="OverflowException"/> that the documentation doesn't name is an integer that wraps in the
/// library that users have.
/// </summary>
public sealed class OverflowTests
{
    [Fact]
    public void NoIntegerWraps()
    {
        // No case needs a tenth of this; one that takes more fails, instead of taking all that the machine has.
        string output = ChildProcess.MustSucceed(["overflow"], ("DOTNET_GCHeapHardLimit", "0x40000000"));
        Assert.Contains("0 failures", output, StringComparison.Ordinal);
    }
}
