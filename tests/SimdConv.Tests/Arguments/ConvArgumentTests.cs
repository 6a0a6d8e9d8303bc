namespace SimdConv.Tests.Arguments;

public sealed class ConvArgumentTests
{
    private static readonly Conv2DShape Shape = new Conv2DShape(4, 6, 7, 6, 3, 3) { Groups = 2 }.WithPadding(1, 1);

    private static readonly Conv2DPlan<float> Plan = new(Shape);

    /// <summary>Two images: x has 2 * 4 * 42 elements, y has 2 * 6 * 42, the weights have 6 * 2 * 9.</summary>
    private const int Batch = 2, X = 336, Y = 504, W = 108, K = 6;

    private static readonly BadCall[] Shapes =
    [
        Refused("C", 0, Shape with { C = 0 }),
        Refused("C", -4, Shape with { C = -4 }),
        Refused("H", 0, Shape with { H = 0 }),
        Refused("W", int.MinValue, Shape with { W = int.MinValue }),
        Refused("K", 0, Shape with { K = 0 }),
        Refused("R", 0, Shape with { R = 0 }),
        Refused("S", -1, Shape with { S = -1 }),
        Refused("StrideH", 0, Shape with { StrideH = 0 }),
        Refused("StrideW", -2, Shape with { StrideW = -2 }),
        Refused("PadTop", -1, Shape with { PadTop = -1 }),
        Refused("PadLeft", -1, Shape with { PadLeft = -1 }),
        Refused("PadBottom", int.MinValue, Shape with { PadBottom = int.MinValue }),
        Refused("PadRight", -3, Shape with { PadRight = -3 }),
        Refused("DilationH", 0, Shape with { DilationH = 0 }),
        Refused("DilationW", 0, Shape with { DilationW = 0 }),
        Refused("Groups", 0, Shape with { Groups = 0 }),
        Refused("Groups", 3, Shape with { Groups = 3 }),
        Refused("Groups", 4, Shape with { Groups = 4 }),
        Refused("R", 9, Shape with { R = 9 }),
        Refused("S", 10, Shape with { S = 10 }),
        Refused("C", 65536, new(65536, 65536, 65536, 1, 1, 1)),
        Refused("K", 1 << 30, new(1, 2, 2, 1 << 30, 1, 1)),
        Refused("R", 2, Shape with { R = 2, DilationH = int.MaxValue }),
        Refused("H", int.MaxValue, new Conv2DShape(1, int.MaxValue, 1, 1, 1, 1) { PadTop = int.MaxValue }),
    ];

    private static readonly BadCall[] Calls =
    [
        new("no shape", typeof(ArgumentNullException), ["shape"], _ => new Conv2DPlan<float>(null!)),
        new("negative stride in", typeof(ArgumentOutOfRangeException),
            ["input is ImageLayout", "-1", "expected strides of 0 or more"],
            _ => new Conv2DPlan<float>(Shape, new ImageLayout(168, 42, 7, -1))),
        new("outputs that share places", typeof(ArgumentOutOfRangeException),
            ["output is ImageLayout", "expected strides that give every element"],
            _ => new Conv2DPlan<float>(Shape, null, new ImageLayout(252, 42, 6, 1))),
        new("element type", typeof(NotSupportedException), ["System.Half", "expected float or double"],
            _ => new Conv2DPlan<Half>(Shape)),

        BadCall.OutOfRange("unknown algorithm", "algorithm", 4, _ => new Conv2DPlan<float>(Shape, null, null, (ConvAlgorithm)4)),
        NotWinograds("kernel of 3x5", Shape with { S = 5 }),
        NotWinograds("kernel of 1x1", Shape with { R = 1, S = 1 }),
        NotWinograds("stride", Shape with { StrideW = 2 }),
        NotWinograds("dilation", Shape with { DilationH = 2 }),

        BadCall.TooShort("Pack: weights one short", "weights", W - 1, W, m => Plan.Pack(m.A(W - 1))),
        BadCall.OutOfRange("Pack: for no pass", "use", 0, m => Plan.Pack(m.A(W), 0)),
        BadCall.OutOfRange("Pack: for an unknown pass", "use", 4, m => Plan.Pack(m.A(W), (FilterUse)4)),
        NoTier("Pack: tier", (m, e) => Plan.Pack(m.A(W), FilterUse.Forward, e.Tier)),
        BadCall.TooShort("Repack: weights one short", "weights", W - 1, W, m => Plan.Repack(m.A(W - 1), Plan.Pack(m.A(W)))),
        new("Repack: no filter", typeof(ArgumentNullException), ["into"], m => Plan.Repack(m.A(W), null!)),
        new("Repack: filter of another plan", typeof(ArgumentException), ["into was packed by a plan for Conv2DShape"],
            m => Plan.Repack(m.A(W), new Conv2DPlan<float>(Shape).Pack(m.A(W)))),

        BadCall.OutOfRange("Forward: batch -1", "batch", -1, m => Plan.Forward(-1, m.A(X), m.B(W), m.C(Y))),
        BadCall.TooShort("Forward: x one short", "x", X - 1, X, m => Plan.Forward(Batch, m.A(X - 1), m.B(W), m.C(Y))),
        BadCall.TooShort("Forward: y one short", "y", Y - 1, Y, m => Plan.Forward(Batch, m.A(X), m.B(W), m.C(Y - 1))),
        BadCall.TooShort("Forward: weights one short", "weights", W - 1, W, m => Plan.Forward(Batch, m.A(X), m.B(W - 1), m.C(Y))),
        BadCall.TooShort("Forward: bias one short", "epilogue.Bias", K - 1, K,
            m => Plan.Forward(Batch, m.A(X), m.B(W), m.C(Y), new() { Bias = m.D(K - 1) })),
        BadCall.TooShort("Forward: batch beyond 2^31 elements", "x", X, 168L * int.MaxValue,
            m => Plan.Forward(int.MaxValue, m.A(X), m.B(W), m.C(Y))),
        BadCall.OutOfRange("Forward: unknown activation", "epilogue.Activation", 99,
            m => Plan.Forward(Batch, m.A(X), m.B(W), m.C(Y), new() { Activation = (Activation)99 })),
        BadCall.TooShort("Forward: residual one short", "epilogue.Residual", Y - 1, Y,
            m => Plan.Forward(Batch, m.A(X), m.B(W), m.C(Y), new() { Residual = m.B(Y - 1) })),
        BadCall.Overlap("Forward: y is the residual", "y", "epilogue.Residual",
            m => Plan.Forward(Batch, m.A(X), m.B(W), m.C(Y), new() { Residual = m.C(Y) })),
        BadCall.Overlap("Forward: y is x", "y", "x", m => Plan.Forward(Batch, m.C(X), m.B(W), m.C(Y))),
        BadCall.Overlap("Forward: y begins in x", "y", "x",
            m => Plan.Forward(Batch, m.A(X), m.B(W), m.Elements.AsSpan(X - 1, Y))),
        BadCall.Overlap("Forward: y holds the weights", "y", "weights",
            m => Plan.Forward(Batch, m.A(X), m.Elements.AsSpan(4100, W), m.C(Y))),
        BadCall.Overlap("Forward: y ends in the bias", "y", "epilogue.Bias",
            m => Plan.Forward(Batch, m.A(X), m.B(W), m.C(Y), new() { Bias = m.Elements.AsSpan(4000 + Y - 1, K) })),
        BadCall.OutOfRange("Forward: threads -1", "execution.MaxThreads", -1,
            m => Plan.Forward(Batch, m.A(X), m.B(W), m.C(Y), default, new(-1))),
        NoTier("Forward: tier", (m, e) => Plan.Forward(Batch, m.A(X), m.B(W), m.C(Y), default, e)),
        new("Forward: no filter", typeof(ArgumentNullException), ["filter"],
            m => Plan.Forward(Batch, m.A(X), (PackedFilter<float>)null!, m.C(Y))),
        new("Forward: filter of another plan", typeof(ArgumentException), ["filter was packed by a plan for Conv2DShape"],
            m => Plan.Forward(Batch, m.A(X), new Conv2DPlan<float>(Shape).Pack(m.B(W)), m.C(Y))),
        new("Forward: filter of another pass", typeof(ArgumentException),
            ["filter is packed for InputGradient; expected Forward or Both"],
            m => Plan.Forward(Batch, m.A(X), Plan.Pack(m.B(W), FilterUse.InputGradient), m.C(Y))),
        new("Forward: filter of another tier", typeof(ArgumentException), ["filter is packed for tier Scalar; expected"],
            m => Plan.Forward(
                Batch, m.A(X), Plan.Pack(m.B(W), FilterUse.Forward, SimdTier.Scalar), m.C(Y), default, new(1, null, Other))),

        BadCall.OutOfRange("InputGradient: batch -1", "batch", -1, m => Plan.InputGradient(-1, m.C(Y), m.B(W), m.A(X))),
        BadCall.TooShort("InputGradient: dy one short", "dy", Y - 1, Y,
            m => Plan.InputGradient(Batch, m.C(Y - 1), m.B(W), m.A(X))),
        BadCall.TooShort("InputGradient: dx one short", "dx", X - 1, X,
            m => Plan.InputGradient(Batch, m.C(Y), m.B(W), m.A(X - 1))),
        BadCall.TooShort("InputGradient: weights one short", "weights", W - 1, W,
            m => Plan.InputGradient(Batch, m.C(Y), m.B(W - 1), m.A(X))),
        BadCall.Overlap("InputGradient: dx is dy", "dx", "dy", m => Plan.InputGradient(Batch, m.A(Y), m.B(W), m.A(X))),
        BadCall.Overlap("InputGradient: dx holds the weights", "dx", "weights",
            m => Plan.InputGradient(Batch, m.C(Y), m.A(W), m.A(X))),
        new("InputGradient: filter of another pass", typeof(ArgumentException),
            ["filter is packed for Forward; expected InputGradient or Both"],
            m => Plan.InputGradient(Batch, m.C(Y), Plan.Pack(m.B(W)), m.A(X))),
        new("InputGradient: pixels that share places", typeof(ArgumentOutOfRangeException),
            ["InputLayout is ImageLayout", "a place of its own"],
            m => new Conv2DPlan<float>(Shape, new ImageLayout(168, 0, 7, 1)).InputGradient(Batch, m.C(Y), m.B(W), m.A(X))),
        NoTier("InputGradient: tier", (m, e) => Plan.InputGradient(Batch, m.C(Y), m.B(W), m.A(X), 0, e)),

        BadCall.OutOfRange("WeightGradient: batch -1", "batch", -1, m => Plan.WeightGradient(-1, m.A(X), m.C(Y), m.B(W))),
        BadCall.TooShort("WeightGradient: x one short", "x", X - 1, X,
            m => Plan.WeightGradient(Batch, m.A(X - 1), m.C(Y), m.B(W))),
        BadCall.TooShort("WeightGradient: dy one short", "dy", Y - 1, Y,
            m => Plan.WeightGradient(Batch, m.A(X), m.C(Y - 1), m.B(W))),
        BadCall.TooShort("WeightGradient: dw one short", "dw", W - 1, W,
            m => Plan.WeightGradient(Batch, m.A(X), m.C(Y), m.B(W - 1))),
        BadCall.TooShort("WeightGradient: db one short", "db", K - 1, K,
            m => Plan.WeightGradient(Batch, m.A(X), m.C(Y), m.B(W), m.D(K - 1))),
        BadCall.Overlap("WeightGradient: dw is x", "dw", "x", m => Plan.WeightGradient(Batch, m.A(X), m.C(Y), m.A(W))),
        BadCall.Overlap("WeightGradient: dw is dy", "dw", "dy", m => Plan.WeightGradient(Batch, m.A(X), m.C(Y), m.C(W))),
        BadCall.Overlap("WeightGradient: db is in dw", "db", "dw",
            m => Plan.WeightGradient(Batch, m.A(X), m.C(Y), m.B(W), m.B(K))),
        BadCall.Overlap("WeightGradient: db is in x", "db", "x", m => Plan.WeightGradient(Batch, m.A(X), m.C(Y), m.B(W), m.A(K))),
        NoTier("WeightGradient: tier", (m, e) => Plan.WeightGradient(Batch, m.A(X), m.C(Y), m.B(W), default, 0, e)),
        BadCall.TooShort("BiasGradient: db one short", "db", K - 1, K, m => Plan.BiasGradient(Batch, m.C(Y), m.D(K - 1))),
        BadCall.TooShort("BiasGradient: dy one short", "dy", Y - 1, Y, m => Plan.BiasGradient(Batch, m.C(Y - 1), m.D(K))),
        BadCall.Overlap("BiasGradient: db is in dy", "db", "dy", m => Plan.BiasGradient(Batch, m.C(Y), m.C(K))),

        BadCall.OutOfRange("InputLength: batch -1", "batch", -1, _ => Plan.InputLength(-1)),
        BadCall.OutOfRange("OutputLength: batch -1", "batch", -1, _ => Plan.OutputLength(-1)),
        BadCall.OutOfRange("ReductionOrder: batch -1", "batch", -1, _ => Plan.ReductionOrder(-1)),
        BadCall.OutOfRange("WorkspaceBytes: batch -1", "batch", -1, _ => Plan.WorkspaceBytes(ConvDirection.Forward, -1)),
        BadCall.OutOfRange("WorkspaceBytes: no direction", "direction", 5, _ => Plan.WorkspaceBytes((ConvDirection)5, 1)),
        BadCall.OutOfRange("Algorithm: no direction", "direction", 5, _ => Plan.Algorithm((ConvDirection)5)),
    ];

    public static TheoryData<string> ShapeNames => BadCall.Names(Shapes);

    public static TheoryData<string> Names => BadCall.Names(Calls);

    /// <summary>A tier other than Scalar; where there is none, one that is refused for another reason would be tested.</summary>
    private static SimdTier Other => SimdSupport.Best;

    [Theory, MemberData(nameof(ShapeNames))]
    public void ShapeIsRefused(string name) => BadCall.Check(Shapes, name);

    [SkippableTheory, MemberData(nameof(Names))]
    public void IsRefusedAndTouchesNothing(string name)
    {
        Skip.If(name.EndsWith("another tier", StringComparison.Ordinal) && Other == SimdTier.Scalar, "this process has one tier");
        BadCall.Check(Calls, name);
    }

    /// <summary>Padding that would need a negative size must not come out as an overflow or a shape.</summary>
    [Fact]
    public void SamePaddingOfAnImpossibleShapeIsRefused()
    {
        ArgumentOutOfRangeException e =
            Assert.Throws<ArgumentOutOfRangeException>(() => (Shape with { StrideH = 0 }).WithSamePadding());
        Assert.Contains("shape.StrideH is 0; expected 1 or more", e.Message, StringComparison.Ordinal);
    }

    /// <summary>A host that logs a shape before it is refused must not fail there.</summary>
    [Fact]
    public void AnImpossibleShapeCanBePrinted()
    {
        Assert.Contains("StrideH = 0", (Shape with { StrideH = 0 }).ToString(), StringComparison.Ordinal);
        Assert.Contains("Groups = 0", (Shape with { Groups = 0 }).ToString(), StringComparison.Ordinal);
        Assert.Contains("StrideW = 0", new Pool2DShape(1, 4, 4, 2, 2) { StrideW = 0 }.ToString(), StringComparison.Ordinal);
    }

    private static BadCall Refused(string property, int value, Conv2DShape shape) =>
        BadCall.OutOfRange($"{property} = {value}, R x S = {shape.R}x{shape.S}", $"shape.{property}", value,
            _ => new Conv2DPlan<float>(shape));

    private static BadCall NotWinograds(string name, Conv2DShape shape) =>
        new($"Winograd: {name}", typeof(ArgumentOutOfRangeException),
            ["algorithm is WinogradF4; expected Direct", "3x3 kernels of stride 1 and dilation 1"],
            _ => new Conv2DPlan<float>(shape, algorithm: ConvAlgorithm.WinogradF4));

    private static BadCall NoTier(string name, Action<Operands, Execution> run) =>
        new(name, typeof(ArgumentException), ["ier is 9; expected one of"], memory => run(memory, new(1, null, (SimdTier)9)));
}
