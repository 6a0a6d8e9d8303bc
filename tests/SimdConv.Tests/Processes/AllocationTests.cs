using SimdConv.Tests.Support;

namespace SimdConv.Tests.Processes;

public sealed class AllocationTests
{
    /// <summary>No managed byte per call, on the caller's thread or any other, after warming up.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void NothingIsAllocatedPerCall(int threads) =>
        ChildProcess.MustSucceed(["allocations", threads.ToString(System.Globalization.CultureInfo.InvariantCulture)],
            ("DOTNET_TieredCompilation", "0"));
}
