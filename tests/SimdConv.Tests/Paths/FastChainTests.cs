using SimdConv.Tests.Conv;
using SimdConv.Tests.Generators;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Paths;

/// <summary>The fast loops of the scalar chains give what the plain ones give.</summary>
public sealed class FastChainTests
{
    [Fact]
    public void FastChainsAreThoseOfTheContract() =>
        Properties.Check(ConvCases.Any(), 300, c =>
        {
            ConvRun<float> run = new(c);
            foreach (ConvDirection direction in Enum.GetValues<ConvDirection>())
                Compare.Equal<float>(ConvProperties<float>.Chain(run, direction), FastChain.Of(run, direction), $"{direction}");
        });
}
