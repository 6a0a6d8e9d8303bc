using System.Numerics;

namespace SimdConv.Bits;

/// <summary>Activations and their gradients, special values among their arguments.</summary>
internal static class ElementwiseBits<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private delegate void Function(ReadOnlySpan<T> x, Span<T> y, Execution execution);

    private delegate void Gradient(ReadOnlySpan<T> of, ReadOnlySpan<T> dy, Span<T> dx, Execution execution);

    public static IEnumerable<BitCase> Cases()
    {
        T scale = T.CreateTruncating(1.7159), slope = T.CreateTruncating(0.01);
        foreach ((string name, Function function, Gradient gradient) in ((string, Function, Gradient)[])
        [
            ("relu", Elementwise.Relu, Elementwise.ReluGradient),
            ("relu6", Elementwise.Relu6, Elementwise.Relu6Gradient),
            ("leaky-relu", (x, y, e) => Elementwise.LeakyRelu(x, y, slope, e),
                (y, dy, dx, e) => Elementwise.LeakyReluGradient(y, dy, dx, slope, e)),
            ("tanh", (x, y, e) => Elementwise.Tanh(x, y, scale, e),
                (y, dy, dx, e) => Elementwise.TanhGradient(y, dy, dx, scale, e)),
            ("hard-swish", Elementwise.HardSwish, Elementwise.HardSwishGradient),
        ])
        {
            yield return new($"elementwise/{typeof(T).Name}/{name}", execution =>
            {
                Digest digest = new();
                foreach (int length in (int[])[1, 7, 64, 1003, 70_001])
                {
                    T[] x = Numbers.WithSpecialValues<T>(length, length), y = new T[length], dx = new T[length];
                    function(x, y, execution);
                    gradient(y, Numbers.Make<T>(length, 2), dx, execution);
                    digest.Add<T>(y);
                    digest.Add<T>(dx);
                }

                return digest.Value;
            });
        }

        foreach (Activation activation in (Activation[])[Activation.Tanh, Activation.Sigmoid, Activation.Silu, Activation.Gelu,
            Activation.HardSigmoid, Activation.Elu, Activation.Clip])
        {
            yield return new($"elementwise/{typeof(T).Name}/{activation}-by-x", execution =>
            {
                Digest digest = new();
                foreach (int length in (int[])[1, 7, 64, 1003, 70_001])
                {
                    T[] x = Numbers.WithSpecialValues<T>(length, length), y = new T[length], dx = new T[length];
                    T eighth = T.CreateTruncating(0.125);
                    Elementwise.Activate<T>(activation, x, y, eighth, null, execution);
                    Elementwise.ActivateGradient<T>(activation, x, Numbers.Make<T>(length, 2), dx, eighth, null, execution);
                    digest.Add<T>(y);
                    digest.Add<T>(dx);
                }

                return digest.Value;
            });
        }
    }
}
