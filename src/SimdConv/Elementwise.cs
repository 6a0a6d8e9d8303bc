using System.Runtime.InteropServices;
using SimdConv.Kernels;
using SimdConv.Loops;

namespace SimdConv;

/// <summary>
/// Activations and their gradients over contiguous spans of equal length. The output may be the very span of an input; any other
/// overlap is refused. They are bound by memory or by one core's arithmetic and run on the calling thread.
/// </summary>
public static unsafe class Elementwise
{
    /// <summary>y = scale * tanh(x), within 4 ulp, the same bits in every tier that fuses.</summary>
    /// <param name="x">The arguments.</param>
    /// <param name="y">As many results.</param>
    /// <param name="scale">Multiplies tanh.</param>
    /// <param name="execution">The tier.</param>
    /// <exception cref="ArgumentException">The lengths differ, the spans overlap in part, or the tier is not
    /// available.</exception>
    public static void Tanh<T>(ReadOnlySpan<T> x, Span<T> y, T scale, Execution execution = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Apply(ElementwiseOperation.Tanh, x, nameof(x), x, nameof(x), y, nameof(y), scale, execution);

    /// <summary>dx = dy * (scale - y^2 / scale): the gradient of y = scale * tanh(x) in terms of y.</summary>
    /// <param name="y">What <see cref="Tanh"/> gave.</param>
    /// <param name="dy">The gradient of y.</param>
    /// <param name="dx">As many results.</param>
    /// <param name="scale">The same as in the forward pass; not 0.</param>
    /// <param name="execution">The tier.</param>
    /// <exception cref="ArgumentException">The lengths differ, the spans overlap in part, or the tier is not
    /// available.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The scale is 0.</exception>
    public static void TanhGradient<T>(ReadOnlySpan<T> y, ReadOnlySpan<T> dy, Span<T> dx, T scale, Execution execution = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentErrors.RequireElementType<T>();
        if (scale == T.Zero)
            throw ArgumentErrors.OutOfRange(nameof(scale), scale, "another number than 0, with which y doesn't tell tanh(x)");
        Apply(ElementwiseOperation.TanhGradient, y, nameof(y), dy, nameof(dy), dx, nameof(dx), scale, execution);
    }

    /// <summary>y = max(x, 0); NaN stays NaN.</summary>
    /// <param name="x">The arguments.</param>
    /// <param name="y">As many results.</param>
    /// <param name="execution">The tier.</param>
    /// <exception cref="ArgumentException">The lengths differ, the spans overlap in part, or the tier is not
    /// available.</exception>
    public static void Relu<T>(ReadOnlySpan<T> x, Span<T> y, Execution execution = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Apply(ElementwiseOperation.Relu, x, nameof(x), x, nameof(x), y, nameof(y), T.One, execution);

    /// <summary>dx = dy where y &gt; 0, else 0: the gradient of y = max(x, 0); y may also be x.</summary>
    /// <param name="y">What <see cref="Relu"/> gave.</param>
    /// <param name="dy">The gradient of y.</param>
    /// <param name="dx">As many results.</param>
    /// <param name="execution">The tier.</param>
    /// <exception cref="ArgumentException">The lengths differ, the spans overlap in part, or the tier is not
    /// available.</exception>
    public static void ReluGradient<T>(ReadOnlySpan<T> y, ReadOnlySpan<T> dy, Span<T> dx, Execution execution = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Apply(ElementwiseOperation.ReluGradient, y, nameof(y), dy, nameof(dy), dx, nameof(dx), T.One, execution);

    /// <summary>y = min(max(x, 0), 6); NaN stays NaN.</summary>
    /// <param name="x">The arguments.</param>
    /// <param name="y">As many results.</param>
    /// <param name="execution">The tier.</param>
    /// <exception cref="ArgumentException">The lengths differ, the spans overlap in part, or the tier is not
    /// available.</exception>
    public static void Relu6<T>(ReadOnlySpan<T> x, Span<T> y, Execution execution = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Apply(ElementwiseOperation.Relu6, x, nameof(x), x, nameof(x), y, nameof(y), T.One, execution);

    /// <summary>dx = dy where 0 &lt; y &lt; 6, else 0: the gradient of y = min(max(x, 0), 6); y may also be x.</summary>
    /// <param name="y">What <see cref="Relu6"/> gave.</param>
    /// <param name="dy">The gradient of y.</param>
    /// <param name="dx">As many results.</param>
    /// <param name="execution">The tier.</param>
    /// <exception cref="ArgumentException">The lengths differ, the spans overlap in part, or the tier is not
    /// available.</exception>
    public static void Relu6Gradient<T>(ReadOnlySpan<T> y, ReadOnlySpan<T> dy, Span<T> dx, Execution execution = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Apply(ElementwiseOperation.Relu6Gradient, y, nameof(y), dy, nameof(dy), dx, nameof(dx), T.One, execution);

    /// <summary>y = x where x &gt; 0, else slope * x.</summary>
    /// <param name="x">The arguments.</param>
    /// <param name="y">As many results.</param>
    /// <param name="slope">Multiplies elements that are not above 0.</param>
    /// <param name="execution">The tier.</param>
    /// <exception cref="ArgumentException">The lengths differ, the spans overlap in part, or the tier is not
    /// available.</exception>
    public static void LeakyRelu<T>(ReadOnlySpan<T> x, Span<T> y, T slope, Execution execution = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Apply(ElementwiseOperation.LeakyRelu, x, nameof(x), x, nameof(x), y, nameof(y), slope, execution);

    /// <summary>dx = dy where y &gt; 0, else slope * dy: the gradient of <see cref="LeakyRelu"/>.</summary>
    /// <param name="y">What <see cref="LeakyRelu"/> gave, which with a slope of 0 or more has the signs of x; or x
    /// itself.</param>
    /// <param name="dy">The gradient of y.</param>
    /// <param name="dx">As many results.</param>
    /// <param name="slope">The same as in the forward pass; 0 or more, since with a negative one y doesn't tell the sign of
    /// x.</param>
    /// <param name="execution">The tier.</param>
    /// <exception cref="ArgumentException">The lengths differ, the spans overlap in part, or the tier is not
    /// available.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The slope is negative or NaN.</exception>
    public static void LeakyReluGradient<T>(
        ReadOnlySpan<T> y, ReadOnlySpan<T> dy, Span<T> dx, T slope, Execution execution = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentErrors.RequireElementType<T>();
        if (!(slope >= T.Zero))
            throw ArgumentErrors.OutOfRange(nameof(slope), slope, "0 or more");
        Apply(ElementwiseOperation.LeakyReluGradient, y, nameof(y), dy, nameof(dy), dx, nameof(dx), slope, execution);
    }

    /// <summary>
    /// y = x * min(max(x + 3, 0), 6) / 6 (Howard et al., "Searching for MobileNetV3", 2019), within 4 ulp; NaN stays NaN,
    /// -infinity gives 0.
    /// </summary>
    /// <param name="x">The arguments.</param>
    /// <param name="y">As many results.</param>
    /// <param name="execution">The tier.</param>
    /// <exception cref="ArgumentException">The lengths differ, the spans overlap in part, or the tier is not
    /// available.</exception>
    public static void HardSwish<T>(ReadOnlySpan<T> x, Span<T> y, Execution execution = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Apply(ElementwiseOperation.HardSwish, x, nameof(x), x, nameof(x), y, nameof(y), T.One, execution);

    /// <summary>
    /// dx = dy where x &gt; 3, 0 where x &lt; -3, else dy * (x / 3 + 1 / 2): the gradient of <see cref="HardSwish"/>.
    /// </summary>
    /// <param name="x">The arguments of <see cref="HardSwish"/>; its results don't determine the gradient.</param>
    /// <param name="dy">The gradient of its results.</param>
    /// <param name="dx">As many results.</param>
    /// <param name="execution">The tier.</param>
    /// <exception cref="ArgumentException">The lengths differ, the spans overlap in part, or the tier is not
    /// available.</exception>
    public static void HardSwishGradient<T>(ReadOnlySpan<T> x, ReadOnlySpan<T> dy, Span<T> dx, Execution execution = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Apply(ElementwiseOperation.HardSwishGradient, x, nameof(x), dy, nameof(dy), dx, nameof(dx), T.One, execution);

    /// <summary>y = f(x) for any activation, as the epilogue of a convolution or a product applies it.</summary>
    /// <param name="activation">The function.</param>
    /// <param name="x">The arguments.</param>
    /// <param name="y">As many results.</param>
    /// <param name="alpha">The first number of a function that has one: tanh's scale, leaky ReLU's slope, Alpha of hard sigmoid,
    /// ELU and clip; null is its default, as in <see cref="Epilogue{T}"/>.</param>
    /// <param name="beta">The second number: Beta of hard sigmoid and clip; null is its default.</param>
    /// <param name="execution">The tier.</param>
    /// <exception cref="ArgumentException">The lengths differ, the spans overlap in part, or the tier is not
    /// available.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such activation, or clip's alpha is above its
    /// beta.</exception>
    public static void Activate<T>(
        Activation activation, ReadOnlySpan<T> x, Span<T> y, T? alpha = null, T? beta = null, Execution execution = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Finish<T> finish = FinishOf(activation, alpha, beta);
        Apply(finish.Operation, x, nameof(x), x, nameof(x), y, nameof(y), finish.Factor, execution, finish.Offset);
    }

    /// <summary>
    /// dx = dy * f'(x): the gradient of <see cref="Activate"/> in terms of x. Where f has a kink, dx is 0 for ReLU, ReLU6
    /// and hard sigmoid, dy for clip, as in PyTorch, and what it is below 0 for leaky ReLU and ELU. Where x is NaN, so is dx, but
    /// for the functions that consist of lines: ReLU, ReLU6 and hard sigmoid give 0, leaky ReLU slope * dy, clip dy.
    /// </summary>
    /// <param name="activation">The function.</param>
    /// <param name="x">The arguments of the forward pass.</param>
    /// <param name="dy">The gradient of its results.</param>
    /// <param name="dx">As many results.</param>
    /// <param name="alpha">The same as in the forward pass.</param>
    /// <param name="beta">The same as in the forward pass.</param>
    /// <param name="execution">The tier.</param>
    /// <exception cref="ArgumentException">The lengths differ, the spans overlap in part, or the tier is not
    /// available.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such activation, or clip's alpha is above its
    /// beta.</exception>
    public static void ActivateGradient<T>(Activation activation, ReadOnlySpan<T> x, ReadOnlySpan<T> dy, Span<T> dx,
        T? alpha = null, T? beta = null, Execution execution = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Finish<T> finish = FinishOf(activation, alpha, beta);
        Apply(finish.GradientOperation, x, nameof(x), dy, nameof(dy), dx, nameof(dx), finish.Factor, execution, finish.Offset);
    }

    /// <summary>Names the parameters of this class where one is wrong. No activation is a clip without bounds.</summary>
    private static Finish<T> FinishOf<T>(Activation activation, T? alpha, T? beta)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentErrors.RequireElementType<T>();
        if (!Enum.IsDefined(activation))
            throw ArgumentErrors.OutOfRange(nameof(activation), activation, Finish<T>.Names);
        if (activation == Activation.Clip && !((alpha ?? T.NegativeInfinity) <= (beta ?? T.PositiveInfinity)))
        {
            throw ArgumentErrors.OutOfRange(
                nameof(alpha), alpha ?? T.NegativeInfinity, $"at most beta, {beta ?? T.PositiveInfinity}");
        }

        return activation == Activation.None
            ? Finish<T>.Of(Activation.Clip, null, null, null, null)
            : Finish<T>.Of(activation, alpha, alpha, alpha, beta);
    }

    private static void Apply<T>(
        ElementwiseOperation operation, ReadOnlySpan<T> x, string xArgument, ReadOnlySpan<T> y, string yArgument,
        Span<T> target, string targetArgument, T factor, Execution execution, T offset = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentErrors.RequireElementType<T>();
        SimdTier tier = execution.Validate();
        RequireSameOrApart(x, xArgument, target, targetArgument);
        RequireSameOrApart(y, yArgument, target, targetArgument);
        if (Telemetry.IsOn && Telemetry.Count<T>(Operation.Elementwise, tier))
            Telemetry.Tell<T>(Operation.Elementwise, tier, $"{target.Length}", operation);
        fixed (T* px = x, py = y, pt = target)
        {
            TierLoops<T>.For(tier).Elementwise(operation, new ElementwiseOperands<T>
            {
                X = px,
                Y = py,
                Target = pt,
                Count = target.Length,
                Factor = factor,
                Offset = offset,
            });
        }
    }

    private static void RequireSameOrApart<T>(ReadOnlySpan<T> input, string argument, Span<T> target, string targetArgument)
        where T : unmanaged
    {
        if (input.Length != target.Length)
            throw new ArgumentException(
                $"{targetArgument} holds {target.Length} elements; expected {input.Length}, as many as {argument}.",
                targetArgument);

        // In bytes, since spans may overlap by a part of an element.
        nint apart = Unsafe.ByteOffset(ref MemoryMarshal.GetReference(input), ref MemoryMarshal.GetReference(target));
        if (apart != 0 && Math.Abs(apart) < (nint)target.Length * sizeof(T))
            throw ArgumentErrors.Overlap(targetArgument, argument);
    }
}
