using System.Numerics;
using SimdConv.Cli.Verification;
using SimdConv.Core;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Conv;

public sealed class WorkspaceFloatTests : WorkspaceTests<float>;

public sealed class WorkspaceDoubleTests : WorkspaceTests<double>;

/// <summary>What a plan says of its workspace, over the layers of real networks.</summary>
public abstract class WorkspaceTests<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const long Megabyte = 1 << 20;

    private static readonly Conv2DShape[] Layers =
    [
        .. ((string[])["resnet50", "mobilenetv2", "vgg16", "lenet5"])
            .SelectMany(network => File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Shapes", network + ".txt")))
            .Select(line => ShapeLine.TryParse(line, out _)?.Shape).OfType<Conv2DShape>().Distinct(),
    ];

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void ForwardAndInputGradientTakeAtMostAMegabyteAThread(SimdTier tier)
    {
        Tiers.Require(tier);
        Assert.True(Layers.Length > 50, $"{Layers.Length} layers");
        foreach (Conv2DShape shape in Layers)
        {
            Conv2DPlan<T> plan = new(shape);
            foreach (ConvDirection direction in (ConvDirection[])[ConvDirection.Forward, ConvDirection.InputGradient])
            {
                long bytes = plan.WorkspaceBytes(direction, 8, tier.Run(3));
                Assert.True(bytes <= 3 * Megabyte, $"{direction} of {shape} takes {bytes} bytes on 3 threads");
            }
        }
    }

    /// <summary>A thread that runs nothing else keeps no more than that.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void NoPassTakesMoreThanThePlanSays(SimdTier tier)
    {
        Tiers.Require(tier);
        foreach (Conv2DShape shape in Layers.OrderBy(layer => (long)layer.K * layer.P * layer.Q * layer.Taps).Take(20))
        {
            Conv2DPlan<T> plan = new(shape);
            T[] x = new T[plan.InputLength(2)], y = new T[plan.OutputLength(2)], w = new T[shape.WeightCount];
            PackedFilter<T> filter = plan.Pack(w, FilterUse.Both, tier);
            Execution execution = tier.Run();
            Check(ConvDirection.Forward, () => plan.Forward(2, x, filter, y, default, execution));
            Check(ConvDirection.InputGradient, () => plan.InputGradient(2, y, filter, x, default, execution));
            Check(ConvDirection.WeightGradient, () => plan.WeightGradient(2, x, y, w, default, default, execution));

            void Check(ConvDirection direction, Action pass)
            {
                long kept = 0;
                Thread thread = new(() =>
                {
                    pass();
                    kept = Workspace.KeptBytes;
                });
                thread.Start();
                thread.Join();
                long said = plan.WorkspaceBytes(direction, 2, execution);
                Assert.True(kept > 0 && kept <= said, $"{direction} of {shape} took {kept} bytes, the plan said {said}");
            }
        }
    }
}
