namespace SimdConv.Tests.Arguments;

/// <summary>Errors name the arguments of the transposed plan, not those of the convolution behind it.</summary>
public sealed class ConvTransposeArgumentTests
{
    private const int Batch = 2, X = 2 * 4 * 3 * 5, Y = 2 * 6 * 7 * 11, W = 4 * 6 * 3 * 3;

    private static readonly ConvTranspose2DShape Shape = new(4, 3, 5, 6, 3, 3) { StrideH = 2, StrideW = 2 };

    private static readonly ConvTranspose2DPlan<float> Plan = new(Shape);

    private static readonly BadCall[] Calls =
    [
        new("no shape", typeof(ArgumentNullException), ["shape"], _ => new ConvTranspose2DPlan<float>(null!)),
        new("element type", typeof(NotSupportedException), ["System.Half"], _ => new ConvTranspose2DPlan<Half>(Shape)),
        Refused("C", 0, Shape with { C = 0 }),
        Refused("H", 0, Shape with { H = 0 }),
        Refused("W", -1, Shape with { W = -1 }),
        Refused("K", 0, Shape with { K = 0 }),
        Refused("R", 0, Shape with { R = 0 }),
        Refused("StrideH", 0, Shape with { StrideH = 0 }),
        Refused("DilationW", 0, Shape with { DilationW = 0 }),
        Refused("PadLeft", -1, Shape with { PadLeft = -1 }),
        Refused("Groups", 3, Shape with { Groups = 3 }),
        Refused("OutputPaddingH", 2, Shape with { OutputPaddingH = 2 }),
        Refused("OutputPaddingH", 3, Shape with { OutputPaddingH = 3, DilationH = 3 }),
        Refused("OutputPaddingW", -1, Shape with { OutputPaddingW = -1 }),
        Refused("PadTop", 7, Shape with { PadTop = 7 }),
        Refused("PadLeft", 9, Shape with { PadLeft = 9, PadRight = 2 }),
        Refused("C", 1 << 20, Shape with { C = 1 << 20, H = 1 << 20 }),
        Refused("K", 6, Shape with { StrideH = 1 << 30 }),
        new("outputs that share places", typeof(ArgumentOutOfRangeException), ["output is ImageLayout"],
            _ => new ConvTranspose2DPlan<float>(Shape, null, new ImageLayout(462, 0, 11, 1))),
        new("Forward: images that share places", typeof(ArgumentOutOfRangeException),
            ["OutputLayout is ImageLayout { N = 0, C = 77, H = 11, W = 1 }; expected strides that give every element of a "
            + "batch of 2 a place of its own"],
            m => new ConvTranspose2DPlan<float>(Shape, null, new ImageLayout(0, 77, 11, 1))
            .Forward(Batch, m.A(X), m.B(W), m.C(Y))),
        new("InputGradient: pixels that share places", typeof(ArgumentOutOfRangeException),
            ["InputLayout is ImageLayout", "a batch of 2 a place of its own"],
            m => new ConvTranspose2DPlan<float>(Shape, new ImageLayout(60, 0, 5, 1))
            .InputGradient(Batch, m.C(Y), m.B(W), m.A(X))),

        BadCall.OutOfRange("Forward: batch -1", "batch", -1, m => Plan.Forward(-1, m.A(X), m.B(W), m.C(Y))),
        BadCall.TooShort("Forward: x one short", "x", X - 1, X, m => Plan.Forward(Batch, m.A(X - 1), m.B(W), m.C(Y))),
        BadCall.TooShort("Forward: y one short", "y", Y - 1, Y, m => Plan.Forward(Batch, m.A(X), m.B(W), m.C(Y - 1))),
        new("Forward: weights one short", typeof(ArgumentException),
            [$"weights holds {W - 1} elements; expected at least {W} for C x K/Groups x R x S"],
            m => Plan.Forward(Batch, m.A(X), m.B(W - 1), m.C(Y))),
        BadCall.TooShort("Forward: bias of C elements", "epilogue.Bias", 4, 6,
            m => Plan.Forward(Batch, m.A(X), m.B(W), m.C(Y), new() { Bias = m.D(4) })),
        BadCall.TooShort("Forward: residual one short", "epilogue.Residual", Y - 1, Y,
            m => Plan.Forward(Batch, m.A(X), m.B(W), m.C(Y), new() { Residual = m.B(Y - 1) })),
        BadCall.Overlap("Forward: y is x", "y", "x", m => Plan.Forward(Batch, m.C(X), m.B(W), m.C(Y))),
        BadCall.Overlap("Forward: y is the residual", "y", "epilogue.Residual",
            m => Plan.Forward(Batch, m.A(X), m.B(W), m.C(Y), new() { Residual = m.C(Y) })),
        new("Forward: filter of another pass", typeof(ArgumentException),
            ["filter is packed for InputGradient; expected Forward or Both"],
            m => Plan.Forward(Batch, m.A(X), Plan.Pack(m.B(W), FilterUse.InputGradient), m.C(Y))),
        new("Forward: filter of another plan", typeof(ArgumentException), ["filter was packed by a plan"],
            m => Plan.Forward(Batch, m.A(X), new ConvTranspose2DPlan<float>(Shape).Pack(m.B(W)), m.C(Y))),
        BadCall.TooShort("InputGradient: dy one short", "dy", Y - 1, Y,
            m => Plan.InputGradient(Batch, m.C(Y - 1), m.B(W), m.A(X))),
        BadCall.TooShort("InputGradient: dx one short", "dx", X - 1, X,
            m => Plan.InputGradient(Batch, m.C(Y), m.B(W), m.A(X - 1))),
        BadCall.Overlap("InputGradient: dx is dy", "dx", "dy", m => Plan.InputGradient(Batch, m.A(Y), m.B(W), m.A(X))),
        new("InputGradient: filter of another pass", typeof(ArgumentException),
            ["filter is packed for Forward; expected InputGradient or Both"],
            m => Plan.InputGradient(Batch, m.C(Y), Plan.Pack(m.B(W)), m.A(X))),
        BadCall.TooShort("WeightGradient: x one short", "x", X - 1, X,
            m => Plan.WeightGradient(Batch, m.A(X - 1), m.C(Y), m.B(W))),
        BadCall.TooShort("WeightGradient: dy one short", "dy", Y - 1, Y,
            m => Plan.WeightGradient(Batch, m.A(X), m.C(Y - 1), m.B(W))),
        BadCall.Overlap("WeightGradient: dw is x", "dw", "x", m => Plan.WeightGradient(Batch, m.A(X), m.C(Y), m.A(W))),
        BadCall.Overlap("WeightGradient: dw is dy", "dw", "dy", m => Plan.WeightGradient(Batch, m.A(X), m.C(Y), m.C(W))),
        BadCall.TooShort("BiasGradient: db one short", "db", 5, 6, m => Plan.BiasGradient(Batch, m.C(Y), m.D(5))),
        BadCall.TooShort("BiasGradient: dy one short", "dy", Y - 1, Y, m => Plan.BiasGradient(Batch, m.C(Y - 1), m.D(6))),
        BadCall.OutOfRange("WorkspaceBytes: no direction", "direction", 5, _ => Plan.WorkspaceBytes((ConvDirection)5, 1)),
        BadCall.OutOfRange("Algorithm: no direction", "direction", 5, _ => Plan.Algorithm((ConvDirection)5)),
    ];

    public static TheoryData<string> Names => BadCall.Names(Calls);

    [Theory, MemberData(nameof(Names))]
    public void IsRefusedAndTouchesNothing(string name) => BadCall.Check(Calls, name);

    private static BadCall Refused(string property, int value, ConvTranspose2DShape shape) =>
        BadCall.OutOfRange($"{property} = {value}", $"shape.{property}", value, _ => new ConvTranspose2DPlan<float>(shape));
}
