using System.Numerics;
using SimdConv.Reference;

namespace SimdConv.Cli.Verification;

/// <summary>
/// A convolution by Winograd's algorithm, in all directions, against plain loops and within that algorithm's own bound.
/// </summary>
internal sealed record WinogradChecks(int Batch, Conv2DShape Shape, ConvAlgorithm Algorithm) : ICheckable
{
    public static IEnumerable<ICheckable> BuiltIn()
    {
        foreach (ConvAlgorithm algorithm in (ConvAlgorithm[])[ConvAlgorithm.WinogradF2, ConvAlgorithm.WinogradF4])
        {
            foreach ((int batch, Conv2DShape shape) in ((int, Conv2DShape)[])
            [
                (1, new Conv2DShape(3, 20, 21, 16, 3, 3).WithPadding(1, 1)),
                (1, new Conv2DShape(32, 14, 14, 33, 3, 3).WithPadding(1, 1)),
                (2, new Conv2DShape(24, 28, 27, 20, 3, 3).WithPadding(1, 1)),
                (1, new Conv2DShape(48, 7, 7, 64, 3, 3).WithPadding(1, 1)), // output channels in lanes
                (9, new Conv2DShape(17, 7, 6, 9, 3, 3)), // small images that fill registers together
                (2, new Conv2DShape(12, 9, 33, 18, 3, 3) { Groups = 3, PadTop = 2, PadLeft = 0, PadBottom = 1, PadRight = 2 }),
                (1, new Conv2DShape(1, 3, 3, 1, 3, 3)),
                (0, new Conv2DShape(2, 8, 8, 2, 3, 3)),
                (3, new Conv2DShape(6, 14, 14, 16, 5, 5)),
                (2, new Conv2DShape(10, 9, 17, 12, 5, 5) { Groups = 2, PadTop = 2, PadLeft = 4, PadRight = 1 }),
            ])
            {
                if (shape.R == 3 || algorithm == ConvAlgorithm.WinogradF2)
                    yield return new WinogradChecks(batch, shape, algorithm);
            }
        }
    }

    public override string ToString() =>
        $"{(Algorithm == ConvAlgorithm.WinogradF2 ? "winograd-f2" : "winograd-f4")},{new ShapeLine(Batch, Shape)}";

    public void Check<T>(Checker<T> checker)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] x = checker.Data(Batch * Shape.C * Shape.H * Shape.W), w = checker.Data(Shape.WeightCount);
        T[] bias = checker.Data(Shape.K), dy = checker.Data(Batch * Shape.K * Shape.P * Shape.Q);
        T[] y = new T[dy.Length], dx = new T[x.Length], dw = new T[w.Length];
        ReferenceConv2D.Forward<T>(Shape, Batch, x, w, bias, y);
        ReferenceConv2D.InputGradient<T>(Shape, Batch, dy, w, dx);
        ReferenceConv2D.WeightGradient<T>(Shape, Batch, x, dy, dw, []);
        double[] gaugeY = WinogradGauge.OfForward(Shape, Batch, Wide(x), Wide(w), Algorithm);
        double[] gaugeX = WinogradGauge.OfInputGradient(Shape, Batch, Wide(dy), Wide(w), Algorithm);
        double[] gaugeW = WinogradGauge.OfWeightGradient(Shape, Batch, Wide(x), Wide(dy), Algorithm);
        int positions = Shape.P * Shape.Q, steps = WinogradGauge.Steps - 2; // A sum's bound counts two beside its terms.

        foreach (bool inImages in CheckedImages<T>.BothLayouts)
        {
            CheckedImages<T> input = new(Batch, Shape.C, Shape.H, Shape.W, inImages);
            CheckedImages<T> output = new(Batch, Shape.K, Shape.P, Shape.Q, inImages);
            Conv2DPlan<T> plan = new(Shape, input.Layout, output.Layout, Algorithm);
            Func<Execution, PackedFilter<T>> filter = checker.ForEachTier(tier => plan.Pack(w, FilterUse.Both, tier));
            checker.Check(CheckedImages<T>.NameOf("winograd", inImages), y,
                i => ErrorBound.OfSum<T>(gaugeY[i] + Math.Abs(double.CreateTruncating(bias[i / positions % Shape.K])),
                    (Shape.C / Shape.Groups) + steps),
                (result, execution) => output.Fill(result, execution, (y, execution) => plan.Forward(
                    Batch, input.To(x, execution), filter(execution), y, new Epilogue<T> { Bias = bias }, execution)));
            checker.Check(CheckedImages<T>.NameOf("winograd-input-gradient", inImages), dx,
                i => ErrorBound.OfSum<T>(gaugeX[i], (Shape.K / Shape.Groups) + steps),
                (result, execution) => input.Fill(result, execution, (dx, execution) =>
                    plan.InputGradient(Batch, output.To(dy, execution), filter(execution), dx, execution: execution)));
            checker.Check(CheckedImages<T>.NameOf("winograd-weight-gradient", inImages), dw,
                i => ErrorBound.OfSum<T>(gaugeW[i], (Batch * positions) + steps),
                (result, execution) => plan.WeightGradient(
                    Batch, input.To(x, execution), output.To(dy, execution), result, [], default, execution));
        }

        static double[] Wide(T[] data) => Array.ConvertAll(data, value => Math.Abs(double.CreateTruncating(value)));
    }
}
