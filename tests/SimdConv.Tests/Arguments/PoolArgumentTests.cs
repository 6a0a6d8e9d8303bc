namespace SimdConv.Tests.Arguments;

public sealed class PoolArgumentTests
{
    private static readonly Pool2DShape Shape = new(3, 6, 8, 2, 2);

    private static readonly Pool2DPlan<float> Max = new(Shape, PoolKind.Max), Average = new(Shape, PoolKind.Average);

    /// <summary>Two images of 3 x 6 x 8, and 3 x 3 x 4 windows.</summary>
    private const int Batch = 2, X = 288, Y = 72;

    private static readonly BadCall[] Shapes =
    [
        Refused("C", 0, Shape with { C = 0 }),
        Refused("H", -6, Shape with { H = -6 }),
        Refused("W", 0, Shape with { W = 0 }),
        Refused("R", 0, Shape with { R = 0 }),
        Refused("S", int.MinValue, Shape with { S = int.MinValue }),
        Refused("StrideH", 0, Shape with { StrideH = 0 }),
        Refused("StrideW", -1, Shape with { StrideW = -1 }),
        Refused("PadTop", -1, Shape with { PadTop = -1 }),
        Refused("PadRight", -1, Shape with { PadRight = -1 }),
        Refused("DilationH", 0, Shape with { DilationH = 0 }),
        Refused("DivisorOverride", 0, Shape with { DivisorOverride = 0 }),
        Refused("R", 7, Shape with { R = 7 }),
        Refused("S", 9, Shape with { S = 9 }),
        // Windows that hold nothing but padding have no maximum and no mean.
        Refused("R", 1, Shape with { R = 1, PadTop = 1 }),
        Refused("S", 2, Shape with { PadRight = 4 }),
        Refused("C", 65536, new(65536, 65536, 65536, 1, 1)),
        BadCall.OutOfRange("Adaptive: no rows", "p", 0, _ => Pool2DShape.Adaptive(3, 6, 8, 0, 1)),
        BadCall.OutOfRange("Adaptive: no channels", "c", 0, _ => Pool2DShape.Adaptive(0, 6, 8, 1, 1)),
        new("adaptive maximum", typeof(ArgumentOutOfRangeException), ["kind is Max; expected Average for an adaptive shape"],
            _ => new Pool2DPlan<float>(Pool2DShape.Adaptive(3, 6, 8, 1, 1), PoolKind.Max)),
        new("adaptive with padding", typeof(ArgumentOutOfRangeException), ["shape", "nothing else set"],
            _ => new Pool2DPlan<float>(Pool2DShape.Adaptive(3, 6, 8, 1, 1) with { PadTop = 1 }, PoolKind.Average)),
        new("unknown kind", typeof(ArgumentOutOfRangeException), ["kind is 2; expected Max or Average"],
            _ => new Pool2DPlan<float>(Shape, (PoolKind)2)),
        new("no shape", typeof(ArgumentNullException), ["shape"], _ => new Pool2DPlan<float>(null!, PoolKind.Max)),
        new("element type", typeof(NotSupportedException), ["System.Half"], _ => new Pool2DPlan<Half>(Shape, PoolKind.Max)),
    ];

    private static readonly BadCall[] Calls =
    [
        BadCall.OutOfRange("Forward: batch -1", "batch", -1, m => Max.Forward(-1, m.A(X), m.C(Y))),
        BadCall.TooShort("Forward: x one short", "x", X - 1, X, m => Max.Forward(Batch, m.A(X - 1), m.C(Y))),
        BadCall.TooShort("Forward: y one short", "y", Y - 1, Y, m => Average.Forward(Batch, m.A(X), m.C(Y - 1))),
        BadCall.TooShort("Forward: winners one short", "winners", Y - 1, Y,
            m => Max.Forward(Batch, m.A(X), m.C(Y), m.Bytes.AsSpan(0, Y - 1))),
        BadCall.TooShort("Forward: no winners", "winners", 0, Y, m => Max.Forward(Batch, m.A(X), m.C(Y), Span<byte>.Empty)),
        BadCall.Overlap("Forward: y is in x", "y", "x", m => Max.Forward(Batch, m.A(X), m.Elements.AsSpan(X - 1, Y))),
        BadCall.OutOfRange("Forward: threads", "execution.MaxThreads", -2,
            m => Max.Forward(Batch, m.A(X), m.C(Y), new Execution(-2))),
        NoTier("Forward: tier", (m, e) => Max.Forward(Batch, m.A(X), m.C(Y), e)),
        WrongKind("Forward with winners, averages", m => Average.Forward(Batch, m.A(X), m.C(Y), m.Bytes)),
        WrongKind("WinnerBytes, averages", _ => Average.WinnerBytes(Batch)),
        BadCall.OutOfRange("WinnerBytes: batch -1", "batch", -1, _ => Max.WinnerBytes(-1)),
        BadCall.OutOfRange("InputLength: batch -1", "batch", -1, _ => Max.InputLength(-1)),
        BadCall.OutOfRange("OutputLength: batch -1", "batch", -1, _ => Max.OutputLength(-1)),

        BadCall.OutOfRange("Backward: batch -1", "batch", -1, m => Average.Backward(-1, m.C(Y), m.A(X))),
        BadCall.TooShort("Backward: dy one short", "dy", Y - 1, Y, m => Average.Backward(Batch, m.C(Y - 1), m.A(X))),
        BadCall.TooShort("Backward: dx one short", "dx", X - 1, X, m => Max.Backward(Batch, m.C(Y), m.Bytes, m.A(X - 1))),
        BadCall.TooShort("Backward: winners one short", "winners", Y - 1, Y,
            m => Max.Backward(Batch, m.C(Y), m.Bytes.AsSpan(0, Y - 1), m.A(X))),
        BadCall.Overlap("Backward: dx holds dy", "dx", "dy", m => Average.Backward(Batch, m.A(Y), m.A(X))),
        WrongKind("Backward without winners, maxima", m => Max.Backward(Batch, m.C(Y), m.A(X))),
        WrongKind("Backward with winners, averages", m => Average.Backward(Batch, m.C(Y), m.Bytes, m.A(X))),
        NoTier("Backward: tier", (m, e) => Average.Backward(Batch, m.C(Y), m.A(X), e)),
        BadCall.TooShort("Indices: winners one short", "winners", Y - 1, Y,
            m => Max.Indices(Batch, m.Bytes.AsSpan(0, Y - 1), m.Indices)),
        BadCall.TooShort("Indices: indices one short", "indices", Y - 1, Y,
            m => Max.Indices(Batch, m.Bytes, m.Indices.AsSpan(0, Y - 1))),
    ];

    public static TheoryData<string> ShapeNames => BadCall.Names(Shapes);

    public static TheoryData<string> Names => BadCall.Names(Calls);

    [Theory, MemberData(nameof(ShapeNames))]
    public void ShapeIsRefused(string name) => BadCall.Check(Shapes, name);

    [Theory, MemberData(nameof(Names))]
    public void IsRefusedAndTouchesNothing(string name) => BadCall.Check(Calls, name);

    /// <summary>Winners that no forward pass gave must not lead out of the image.</summary>
    [Fact]
    public void WinnersOfNoForwardPassGiveNothing()
    {
        float[] dy = [.. Enumerable.Repeat(1f, Y)], dx = [.. Enumerable.Repeat(float.NaN, X)];
        Max.Backward(Batch, dy, [.. Enumerable.Repeat((byte)200, Y)], dx);
        Assert.All(dx, value => Assert.Equal(0, value));
    }

    private static BadCall Refused(string property, int value, Pool2DShape shape) =>
        BadCall.OutOfRange($"{property} = {value}", $"shape.{property}", value,
            _ => new Pool2DPlan<float>(shape, PoolKind.Max)) with
        {
            Name = $"{property} = {value}, H x W = {shape.H}x{shape.W}, pad {shape.PadTop},{shape.PadRight}",
        };

    private static BadCall WrongKind(string name, Action<Operands> run) =>
        new(name, typeof(InvalidOperationException), ["The plan's kind is"], run);

    private static BadCall NoTier(string name, Action<Operands, Execution> run) =>
        new(name, typeof(ArgumentException), ["execution.Tier is 9; expected one of"],
            memory => run(memory, new(1, null, (SimdTier)9)));
}
