using System.Numerics;
using SimdConv.Tests.Conv;
using SimdConv.Tests.Generators;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Regressions;

public sealed class KnownCallBugFloatTests : KnownCallBugTests<float>;

public sealed class KnownCallBugDoubleTests : KnownCallBugTests<double>;

/// <summary>
/// Mistakes that other libraries of this kind have made around what they compute, in what they take for a valid call, in scratch
/// memory, batches and nested calls, each as a case of its own, with where it was reported.
/// </summary>
public abstract class KnownCallBugTests<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Scratch memory of one shape must not be taken for that of the next: oneDNN #6035, onnxruntime #26669.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void WorkspaceIsNotShared(SimdTier tier)
    {
        Tiers.Require(tier);
        ConvCase large = Case(new Conv2DShape(9, 17, 19, 12, 3, 3).WithPadding(1, 1), 2),
            small = Case(new Conv2DShape(1, 3, 3, 1, 2, 2), 1);
        foreach (ConvDirection direction in Enum.GetValues<ConvDirection>())
        {
            T[] first = ConvProperties<T>.Execute(new(large), direction, tier.Run());
            T[] alone = ConvProperties<T>.Execute(new(small), direction, tier.Run());
            foreach (int threads in (int[])[3, 1, 2])
            {
                Compare.Equal<T>(first, ConvProperties<T>.Execute(new(large), direction, tier.Run(threads)), "large");
                Compare.Equal<T>(alone, ConvProperties<T>.Execute(new(small), direction, tier.Run(threads)), "small");
            }
        }
    }

    /// <summary>
    /// No images: nothing is written, and gradients of the weights are beta times what was there: oneDNN #175, NNlib #760.
    /// </summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void EmptyBatch(SimdTier tier)
    {
        Tiers.Require(tier);
        Conv2DShape shape = new(3, 5, 5, 4, 3, 3);
        Conv2DPlan<T> plan = new(shape);
        T[] w = Data.Make<T>(shape.WeightCount, DataKind.Real, 1), dw = Data.Filled(w.Length, T.NaN), db = Data.Filled(4, T.NaN);
        plan.Forward(0, [], w, [], default, tier.Run(2));
        plan.InputGradient(0, [], w, [], default, tier.Run(2));
        plan.WeightGradient(0, [], [], dw, db, default, tier.Run(2));
        Compare.Equal<T>(new T[w.Length], dw, "dw");
        Compare.Equal<T>(new T[4], db, "db");
        T half = T.One / T.CreateTruncating(2);
        plan.WeightGradient(0, [], [], w, db, half, tier.Run(2));
        Compare.Equal<T>([.. Data.Make<T>(w.Length, DataKind.Real, 1).Select(v => v * half)], w, "beta * dw");

        IndexTable table = new(shape);
        SimdConv.Im2Col.Unfold<T>(table, 0, [], [], ColumnLayout.PerImage(table), tier.Run());
        Col2Im.Fold<T>(table, 0, [], ColumnLayout.Concatenated(table, 0), [], tier.Run());
        Pool2DPlan<T> pool = new(new(3, 4, 4, 2, 2), PoolKind.Max);
        pool.Forward(0, [], [], Span<byte>.Empty, tier.Run());
        pool.Backward(0, [], ReadOnlySpan<byte>.Empty, [], tier.Run());
        pool.Indices(0, [], []);
    }

    /// <summary>Column matrices of more than 2^31 elements are refused by their true size: onnxruntime #29444.</summary>
    [Fact]
    public void SizesOfColumnsDoNotOverflow()
    {
        IndexTable table = new(new Conv2DShape(64, 1024, 1024, 1, 7, 7).WithPadding(3, 3));
        T[] x = new T[1];
        ArgumentException e = Assert.Throws<ArgumentException>(() =>
            SimdConv.Im2Col.Unfold<T>(table, 40, x, new T[1], ColumnLayout.PerImage(table)));
        Assert.Contains($"expected at least {40L * 64 * 1024 * 1024} ", e.Message, StringComparison.Ordinal);
        e = Assert.Throws<ArgumentException>(() => Col2Im.Fold<T>(table, 2, x, ColumnLayout.PerImage(table), new T[1]));
        Assert.Contains($"expected at least {2L * 64 * 49 * 1024 * 1024} ", e.Message, StringComparison.Ordinal);
    }

    /// <summary>Stride 0 divided by zero and negative padding read before the image: pytorch #27598.</summary>
    [Fact]
    public void StrideZeroAndNegativePaddingAreRefused()
    {
        Conv2DShape conv = new(1, 8, 8, 1, 3, 3);
        Pool2DShape pool = new(1, 8, 8, 2, 2);
        Conv2DShape[] convs =
        [
            conv with { StrideH = 0 }, conv with { StrideW = 0 }, conv with { PadTop = -1 }, conv with { PadLeft = -1 },
            conv with { PadBottom = -1 },
        ];
        Pool2DShape[] pools =
        [
            pool with { StrideH = 0 }, pool with { StrideW = 0 }, pool with { PadTop = -1 }, pool with { PadLeft = -1 },
            pool with { PadRight = -1 },
        ];
        Assert.All(convs, shape => Assert.Throws<ArgumentOutOfRangeException>(() => new Conv2DPlan<T>(shape)));
        Assert.All(convs, shape => Assert.Throws<ArgumentOutOfRangeException>(() => new IndexTable(shape)));
        Assert.All(pools, shape => Assert.Throws<ArgumentOutOfRangeException>(() => new Pool2DPlan<T>(shape, PoolKind.Max)));
        Assert.All(pools, shape => Assert.Throws<ArgumentOutOfRangeException>(() => new Pool2DPlan<T>(shape, PoolKind.Average)));
    }

    /// <summary>Calls from inside the parts of a call, on the threads that run it: OpenBLAS #1071, #1755, #5947.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void CallsNestInsideTheirOwnParts(SimdTier tier)
    {
        Tiers.Require(tier);
        ConvRun<T> outer = new(Case(new Conv2DShape(8, 20, 20, 16, 3, 3).WithPadding(1, 1), 4)),
            inner = new(Case(new Conv2DShape(3, 9, 11, 5, 3, 3), 3));
        foreach (ConvDirection direction in Enum.GetValues<ConvDirection>())
        {
            T[] expected = ConvProperties<T>.Execute(outer, direction, tier.Run()),
                expectedInside = ConvProperties<T>.Execute(inner, direction, tier.Run());
            NestingRunner runner =
                new(() => Compare.Equal<T>(expectedInside, ConvProperties<T>.Execute(inner, direction, tier.Run(3)), "inside"));
            Compare.Equal<T>(expected, ConvProperties<T>.Execute(outer, direction, new(4, runner, tier)), "outside");
            Assert.True(runner.Calls > 1);
        }
    }

    /// <summary>
    /// The last elements of a span that is input and output both are done once, not twice: dotnet/runtime #92820.
    /// </summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void TailsInPlaceAreDoneOnce(SimdTier tier)
    {
        Tiers.Require(tier);
        for (int length = 1; length < 70; length++)
        {
            T[] x = Data.Make<T>(length, DataKind.Real, length), dy = Data.Make<T>(length, DataKind.Real, length + 1),
                y = new T[length], own = (T[])x.Clone();
            SimdConv.Elementwise.Tanh<T>(x, y, T.One, tier.Run());
            SimdConv.Elementwise.Tanh<T>(own, own, T.One, tier.Run());
            Compare.Equal<T>(y, own, $"tanh of {length} elements in place");
            SimdConv.Elementwise.TanhGradient<T>(y, dy, x, T.One, tier.Run());
            SimdConv.Elementwise.TanhGradient<T>(own, dy, own, T.One, tier.Run());
            Compare.Equal<T>(x, own, $"tanh's gradient of {length} elements in place");
        }
    }

    /// <summary>An image's result doesn't depend on how many others are in the batch: onnxruntime #7642.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void BatchRowsAreTheSameAtAnyBatchSize(SimdTier tier)
    {
        Tiers.Require(tier);
        foreach (Conv2DShape shape in
            (Conv2DShape[])
            [
                new(6, 14, 14, 16, 5, 5), new Conv2DShape(9, 7, 7, 20, 3, 3).WithPadding(1, 1), new(40, 1, 1, 33, 1, 1),
            ])
        {
            ConvRun<T> all = new(Case(shape, 33));
            T[] y = all.Forward(tier.Run()), dx = all.InputGradient(tier.Run());
            foreach (int batch in (int[])[1, 2, 3, 8, 16, 17, 32])
            {
                ConvRun<T> part = new(Case(shape, batch));
                Compare.Equal<T>(y.AsSpan(0, y.Length / 33 * batch), part.Forward(tier.Run()), $"y of {batch} images of 33");
                Compare.Equal<T>(dx.AsSpan(0, dx.Length / 33 * batch), part.InputGradient(tier.Run()),
                    $"dx of {batch} images of 33");
            }
        }
    }

    private sealed unsafe class NestingRunner(Action inside) : IParallelRunner
    {
        public int Calls { get; private set; }

        public void Run(int parts, delegate*<void*, int, void> body, void* state)
        {
            for (int part = 0; part < parts; part++, Calls++)
            {
                inside();
                body(state, part);
                inside();
            }
        }
    }

    private static ConvCase Case(Conv2DShape shape, int batch) =>
        new(shape, batch, LayoutKind.Nchw, LayoutKind.Nchw, true, 0, false, DataKind.Real, 11);
}
