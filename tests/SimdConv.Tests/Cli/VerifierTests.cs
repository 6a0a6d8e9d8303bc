using System.Numerics;
using System.Text.Json;
using SimdConv.Cli.Verification;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Cli;

/// <summary>Whether <c>verify</c> finds what is wrong, in each operation that it checks.</summary>
public sealed class VerifierTests
{
    /// <summary>A small shape of each kind.</summary>
    private static readonly ICheckable[] Shapes =
    [
        ShapeLine.TryParse("n=2,c=3,h=6,w=5,k=4,r=3,s=2,pad=1x0x1x1", out _)!,
        new WinogradChecks(1, new Conv2DShape(3, 7, 9, 4, 3, 3), ConvAlgorithm.WinogradF2),
        new WinogradChecks(1, new Conv2DShape(3, 7, 9, 4, 3, 3), ConvAlgorithm.WinogradF4),
        new TransposedChecks(2, new(3, 4, 5, 2, 3, 2) { StrideH = 2, PadTop = 1, OutputPaddingH = 1 }),
        new ProductChecks(6, 7, 5),
        new BatchedProductChecks(2, 3, 4, 5),
        new PoolChecks(2, PoolKind.Max, new(3, 7, 8, 3, 2)),
        new PoolChecks(2, PoolKind.Average, new(3, 7, 8, 3, 2)),
        new ActivationChecks(40),
    ];

    /// <summary>What is done to a result.</summary>
    public enum Fault { SlightlyWrong, NaN, Infinity, Exchanged }

    [Fact]
    public void RightResultsPass()
    {
        Verifier verifier = new(SimdSupport.Available, threads: 2);
        foreach (ICheckable shape in Shapes)
            Assert.True(verifier.Verify(shape), string.Join('\n', verifier.Failures));
        Assert.InRange(verifier.Worst, 0, 1);
        Assert.Equal(verifier.Checks, verifier.Directions.Values.Sum());
        foreach (string direction in (string[])
        [
            "forward", "input-gradient", "weight-gradient", "bias-gradient", "im2col", "col2im", "winograd",
                "winograd-input-gradient", "winograd-weight-gradient",
            "transposed", "transposed-input-gradient", "transposed-weight-gradient", "transposed-bias-gradient",
            "product", "product-ta", "product-tb", "product-ta-tb", "product-alpha-beta", "product-packed-a", "product-packed-b",
            "product-row-bias-tanh", "product-column-bias-hard-swish", "product-batched", "product-batched-shared-a",
            "max-pool", "max-pool-indices", "max-pool-gradient", "average-pool", "average-pool-gradient", "tanh", "tanh-gradient",
                "relu", "hard-swish-gradient",
            "forward-chwn", "input-gradient-chwn", "weight-gradient-chwn", "bias-gradient-chwn", "winograd-chwn",
                "winograd-weight-gradient-chwn", "transposed-chwn", "transposed-weight-gradient-chwn", "max-pool-gradient-chwn",
                "average-pool-chwn",
        ])
        {
            Assert.Contains(direction, verifier.Directions.Keys);
        }
    }

    /// <summary>A fault in one direction of one tier is found in both types, each time, and nowhere else.</summary>
    [Theory]
    [InlineData(Fault.SlightlyWrong)]
    [InlineData(Fault.NaN)]
    [InlineData(Fault.Infinity)]
    [InlineData(Fault.Exchanged)]
    public void AFaultIsFoundInEachDirection(Fault fault)
    {
        SimdTier[] tiers = [.. new[] { SimdSupport.Available[0], SimdSupport.Best }.Distinct()];
        foreach (ICheckable shape in Shapes)
        {
            Verifier right = new(tiers, threads: 1);
            right.Verify(shape);
            foreach ((string direction, int checks) in right.Directions)
            {
                Verifier verifier = new(tiers, threads: 1, new Spoiler(direction, SimdSupport.Best, fault));
                Assert.False(verifier.Verify(shape), $"{shape}, {direction}");
                Assert.Equal(checks / tiers.Length, verifier.Failures.Count);
                Assert.All(verifier.Failures, failure =>
                    Assert.Equal((shape.ToString(), direction, SimdSupport.Best),
                        (failure.Shape, failure.Direction, failure.Tier)));
                Assert.Equal(["double", "float"], verifier.Failures.Select(failure => failure.Type).Distinct().Order());
                Assert.True(verifier.Worst > 1, $"{shape}, {direction}: {verifier.Worst}");
            }
        }
    }

    /// <summary>
    /// What is written between the rows of a result, or left unwritten, is found although nothing else is wrong.
    /// </summary>
    [Fact]
    public void ElementsBetweenRowsAreWatched()
    {
        const int n = 7, gap = 5;
        Verifier verifier = new([SimdSupport.Best], threads: 1,
            new Spoiler("product-alpha-beta", SimdSupport.Best, Fault.SlightlyWrong, n + gap - 1));
        Assert.False(verifier.Verify(new ProductChecks(6, n, 5)));
        Assert.All(verifier.Failures, failure =>
            Assert.Contains("lies between rows, was written", failure.Error, StringComparison.Ordinal));
    }

    /// <summary>The plain loops behind Winograd's bound are held against those of the tests.</summary>
    [Theory]
    [InlineData(ConvAlgorithm.WinogradF2, 3)]
    [InlineData(ConvAlgorithm.WinogradF2, 5)]
    [InlineData(ConvAlgorithm.WinogradF4, 3)]
    public void TheGaugeOfWinogradIsTheContracts(ConvAlgorithm algorithm, int size)
    {
        Conv2DShape shape = new(4, 7, 10, 6, size, size) { Groups = 2, PadTop = 1, PadLeft = 2, PadRight = 1 };
        double[] x = Numbers(2 * 4 * 7 * 10, 1), w = Numbers(shape.WeightCount, 2), dy = Numbers(2 * 6 * shape.P * shape.Q, 3);
        Close(WinogradBound.Forward(shape, 2, x, w, algorithm), WinogradGauge.OfForward(shape, 2, x, w, algorithm));
        Close(WinogradBound.InputGradient(shape, 2, dy, w, algorithm), WinogradGauge.OfInputGradient(shape, 2, dy, w, algorithm));
        Close(WinogradBound.WeightGradient(shape, 2, x, dy, algorithm),
            WinogradGauge.OfWeightGradient(shape, 2, x, dy, algorithm));

        static double[] Numbers(int count, int salt) =>
            [.. Enumerable.Range(0, count).Select(i => Data.Mix(i, salt) % 1000 / 1000d)];

        static void Close(double[] expected, double[] actual)
        {
            Assert.Equal(expected.Length, actual.Length);
            for (int i = 0; i < expected.Length; i++)
                Assert.Equal(expected[i], actual[i], 1e-12 * expected[i]);
        }
    }

    /// <summary>The tool itself, shown a wrong result: exit code 1, and what failed in words and in JSON.</summary>
    [Theory]
    [InlineData(Fault.SlightlyWrong)]
    [InlineData(Fault.NaN)]
    public void WrongResultsEndVerifyWithExitCode1(Fault fault)
    {
        (int exitCode, string output) = ChildProcess.Run(["verify", "weight-gradient", fault.ToString(),
            "n=2,c=3,h=6,w=5,k=4,r=3,s=2", "n=1,c=2,h=3,w=3,k=2,r=9,s=9"]);
        Assert.True(exitCode == 1, $"exit code {exitCode}\n{output}");
        string tier = SimdSupport.Best.ToString().ToLowerInvariant(),
            shape = ShapeLine.TryParse("n=2,c=3,h=6,w=5,k=4,r=3,s=2", out _)!.ToString();
        Assert.Contains($"failed {shape}, weight-gradient, float, {tier}: element 0 is ", output, StringComparison.Ordinal);
        using JsonDocument document = JsonDocument.Parse(output.Split('\n').Last(line => line.StartsWith('{')));
        JsonElement json = document.RootElement;
        Assert.Equal((2, 0, 1, 1), (Number("shapes"), Number("passed"), Number("failed"), Number("rejected")));
        Assert.Equal(Number("checks"),
            json.GetProperty("directions").EnumerateObject().Sum(direction => direction.Value.GetInt32()));
        Assert.Equal(fault == Fault.NaN ? JsonValueKind.Null : JsonValueKind.Number, json.GetProperty("worst").ValueKind);
        Assert.Equal(["float", "double"],
            json.GetProperty("failures").EnumerateArray().Select(failure => failure.GetProperty("type").GetString()));
        Assert.All(json.GetProperty("failures").EnumerateArray(), failure =>
        {
            Assert.Equal((shape, "weight-gradient", tier), (Text("shape"), Text("direction"), Text("tier")));
            Assert.StartsWith("element 0 is ", Text("error"), StringComparison.Ordinal);

            string Text(string name) => failure.GetProperty(name).GetString()!;
        });

        int Number(string name) => json.GetProperty(name).GetInt32();
    }

    /// <summary>Spoils an element of each result of a direction in a tier.</summary>
    internal sealed class Spoiler(string direction, SimdTier tier, Fault fault, int at = 0) : IResultFilter
    {
        public void Filter<T>(string checkedDirection, SimdTier checkedTier, Span<T> result)
            where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            if (checkedDirection != direction || checkedTier != tier)
                return;
            T wrong = T.CreateTruncating(T.IsFinite(result[at]) ? double.CreateTruncating(result[at]) + 0.01 : 1);
            if (fault == Fault.Exchanged)
            {
                // As an index that is off by one would do.
                int other = result[1..].IndexOfAnyExcept(result[0], T.NaN) + 1;
                (result[0], result[other]) = (result[other], result[0]);
                return;
            }

            result[at] = fault switch { Fault.NaN => T.NaN, Fault.Infinity => T.PositiveInfinity, _ => wrong };
        }
    }
}
