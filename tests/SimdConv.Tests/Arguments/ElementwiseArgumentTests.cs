namespace SimdConv.Tests.Arguments;

public sealed class ElementwiseArgumentTests
{
    private static readonly BadCall[] Calls =
    [
        .. Both("Tanh", (x, _, y, e) => SimdConv.Elementwise.Tanh(x, y, 1, e), "y", "x"),
        .. Both("Relu", (x, _, y, e) => SimdConv.Elementwise.Relu(x, y, e), "y", "x"),
        .. Both("Relu6", (x, _, y, e) => SimdConv.Elementwise.Relu6(x, y, e), "y", "x"),
        .. Both("LeakyRelu", (x, _, y, e) => SimdConv.Elementwise.LeakyRelu(x, y, 1, e), "y", "x"),
        .. Both("Relu6Gradient", (y, dy, dx, e) => SimdConv.Elementwise.Relu6Gradient(y, dy, dx, e), "dx", "y"),
        .. Both("LeakyReluGradient", (y, dy, dx, e) => SimdConv.Elementwise.LeakyReluGradient(y, dy, dx, 1, e), "dx", "y"),
        .. Both("HardSwish", (x, _, y, e) => SimdConv.Elementwise.HardSwish(x, y, e), "y", "x"),
        .. Both("HardSwishGradient", (x, dy, dx, e) => SimdConv.Elementwise.HardSwishGradient(x, dy, dx, e), "dx", "x"),
        .. Both("TanhGradient", (y, dy, dx, e) => SimdConv.Elementwise.TanhGradient(y, dy, dx, 1, e), "dx", "y"),
        .. Both("ReluGradient", (y, dy, dx, e) => SimdConv.Elementwise.ReluGradient(y, dy, dx, e), "dx", "y"),
        .. Both("Activate", (x, _, y, e) => SimdConv.Elementwise.Activate(Activation.Elu, x, y, null, null, e), "y", "x"),
        .. Both("ActivateGradient",
            (x, dy, dx, e) => SimdConv.Elementwise.ActivateGradient(Activation.Gelu, x, dy, dx, null, null, e), "dx", "x"),
        BadCall.OutOfRange("Activate: activation", "activation", 99,
            m => SimdConv.Elementwise.Activate<float>((Activation)99, m.A(10), m.C(10))),
        BadCall.OutOfRange("Activate: clip to nothing", "alpha", 2,
            m => SimdConv.Elementwise.Activate<float>(Activation.Clip, m.A(10), m.C(10), 2, 1)),
        Length("TanhGradient: dy longer", "dx", 10, "dy", 11,
            m => SimdConv.Elementwise.TanhGradient<float>(m.A(10), m.B(11), m.C(10), 1)),
        BadCall.Overlap("ReluGradient: dx begins in dy", "dx", "dy",
            m => SimdConv.Elementwise.ReluGradient<float>(m.A(10), m.B(10), m.Elements.AsSpan(2009, 10))),
        new("element type", typeof(NotSupportedException), ["System.Half"],
            _ => SimdConv.Elementwise.Relu<Half>([Half.One], new Half[1])),
    ];

    private delegate void Operation(
        ReadOnlySpan<float> first, ReadOnlySpan<float> second, Span<float> result, Execution execution);

    public static TheoryData<string> Names => BadCall.Names(Calls);

    [Theory, MemberData(nameof(Names))]
    public void IsRefusedAndTouchesNothing(string name) => BadCall.Check(Calls, name);

    private static BadCall[] Both(string name, Operation run, string output, string input) =>
    [
        Length($"{name}: {output} longer", output, 11, input, 10, m => run(m.A(10), m.B(11), m.C(11), default)),
        Length($"{name}: {output} shorter", output, 9, input, 10, m => run(m.A(10), m.B(9), m.C(9), default)),
        BadCall.Overlap($"{name}: {output} is {input} moved by one", output, input,
            m => run(m.A(10), m.B(10), m.Elements.AsSpan(1, 10), default)),
        BadCall.OutOfRange($"{name}: threads", "execution.MaxThreads", -7, m => run(m.A(10), m.B(10), m.C(10), new(-7))),
        new($"{name}: tier", typeof(ArgumentException), ["execution.Tier is 9"],
            m => run(m.A(10), m.B(10), m.C(10), new(1, null, (SimdTier)9))),
    ];

    private static BadCall Length(string name, string output, int length, string input, int expected, Action<Operands> run) =>
        new(name, typeof(ArgumentException), [$"{output} holds {length} elements; expected {expected}, as many as {input}"], run);
}
