using System.Numerics;
using SimdConv.Cli.Verification;
using SimdConv.Core;
using SimdConv.Tests.Paths;
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

    /// <summary>
    /// What is said for some threads is what they take when all of them work at the same time: not less, and not much more.
    /// </summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void AllThreadsTakeWhatThePlanSays(SimdTier tier)
    {
        Tiers.Require(tier);
        Skip.If(typeof(T) == typeof(double) && tier != SimdSupport.Best && !Effort.IsLong, "of double the best tier is tested");
        foreach (ConvDirection direction in Enum.GetValues<ConvDirection>())
        {
            IEnumerable<ConvPath> paths = ConvPaths<T>.Find(tier, direction).Concat(ConvPaths<T>.FindMany(tier, direction))
                .Concat(ConvPaths<T>.FindWinograd(tier, direction)).Concat(ConvPaths<T>.FindImages(tier, direction));
            foreach (ConvPath path in PathList.Sample<ConvPath, T>(tier, paths, every: 3))
            {
                ConvRun<T> run = new(path.Case with { Packed = true });
                foreach (int threads in (int[])[1, 5])
                {
                    TracedCall trace =
                        TracedCall.Of(tier, threads, execution => ConvProperties<T>.Execute(run, direction, execution));
                    long said = run.Plan.WorkspaceBytes(direction, path.Case.Batch, tier.Run(threads)), taken = trace.MostTaken;
                    Assert.True(taken <= said, $"{taken} bytes on {threads} threads, the plan said {said}: {path}");

                    // Products of little work share nothing; a part of their columns has a smaller block of B.
                    if (trace.Worked == threads && !path.Facts.Way.StartsWith("product", StringComparison.Ordinal))
                        Assert.True(said <= (taken * 3 / 2) + 4096,
                            $"{taken} bytes on {threads} threads, the plan said {said}: {path}");
                }
            }
        }
    }

    /// <summary>A transposed convolution's passes are those of the convolution that it transposes.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void ATransposedPlanSaysWhatItTakes(SimdTier tier)
    {
        Tiers.Require(tier);
        foreach (ConvTranspose2DShape shape in (ConvTranspose2DShape[])
            [new(32, 20, 21, 40, 3, 3) { StrideH = 2, StrideW = 2 }, new(40, 30, 31, 8, 5, 5),
                new(48, 30, 31, 48, 3, 3) { Groups = 48 }])
        {
            const int Batch = 3;
            ConvTranspose2DPlan<T> plan = new(shape);
            T[] x = new T[plan.InputLength(Batch)], y = new T[plan.OutputLength(Batch)], w = new T[shape.WeightCount];
            PackedFilter<T> filter = plan.Pack(w, FilterUse.Both, tier);
            foreach (int threads in (int[])[1, 2, 5])
            {
                Check(ConvDirection.Forward, execution => plan.Forward(Batch, x, filter, y, default, execution));
                Check(ConvDirection.InputGradient, execution => plan.InputGradient(Batch, y, filter, x, default, execution));
                Check(ConvDirection.WeightGradient, execution => plan.WeightGradient(Batch, x, y, w, default, execution));

                void Check(ConvDirection direction, Action<Execution> pass)
                {
                    TracedCall trace = TracedCall.Of(tier, threads, pass);
                    long said = plan.WorkspaceBytes(direction, Batch, tier.Run(threads));
                    string took =
                        $"{direction} of {shape} took {trace.MostTaken} bytes on {threads} threads, the plan said {said}";
                    Assert.True(trace.MostTaken > 0 && trace.MostTaken <= said, took);
                }
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
