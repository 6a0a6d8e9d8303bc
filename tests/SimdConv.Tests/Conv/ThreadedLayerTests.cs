using System.Numerics;
using SimdConv.Core;
using SimdConv.Tests.Generators;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Conv;

public sealed class ThreadedLayerFloatTests : ThreadedLayerTests<float>;

public sealed class ThreadedLayerDoubleTests : ThreadedLayerTests<double>;

/// <summary>
/// Layers with enough multiply-adds for several threads, at least one for each way through a convolution: generated cases are
/// mostly smaller, so that a call on seven threads is one on a single thread.
/// </summary>
public abstract class ThreadedLayerTests<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const long LeastWork = 450_000;

    /// <summary>A seed by which <c>ConvProperties.EpilogueFollowsTheSum</c> runs on three threads.</summary>
    private const int OnThreeThreads = 5;

    private const int OfThreads = 3;

    public static TheoryData<SimdTier, string> TiersAndLayers
    {
        get
        {
            TheoryData<SimdTier, string> data = [];
            foreach (SimdTier tier in Tiers.Each)
            {
                foreach (string name in Layers.Keys)
                    data.Add(tier, name);
            }

            return data;
        }
    }

    private static Dictionary<string, ConvCase> Layers => new()
    {
        ["1x1"] = Layer(new(65, 14, 15, 70, 1, 1), 1),
        ["1x1, batch"] = Layer(new(65, 9, 7, 70, 1, 1), 3),
        ["1x1, more positions than a block"] = Layer(new(300, 24, 32, 17, 1, 1), 1),
        ["1x1, more terms than a block"] = Layer(new(1030, 7, 9, 31, 1, 1), 1),
        ["3x3"] = Layer(new Conv2DShape(33, 12, 13, 70, 3, 3).WithPadding(1, 1), 1),
        ["3x3, more channels than a block"] = Layer(new Conv2DShape(530, 9, 10, 9, 3, 3).WithPadding(1, 1), 2),
        ["3x3, more channels than a block, many outputs"] = Layer(new Conv2DShape(530, 4, 5, 70, 3, 3).WithPadding(1, 1), 1),
        ["3x3, more channels than two blocks"] = Layer(new Conv2DShape(1100, 4, 4, 33, 3, 3).WithPadding(1, 1), 1),
        ["3x3, groups of more channels than a block"] =
            Layer(new Conv2DShape(1100, 4, 4, 140, 3, 3) { Groups = 2 }.WithPadding(1, 1), 1),
        ["3x3, few channels of large images"] = Layer(new Conv2DShape(3, 60, 71, 7, 3, 3).WithPadding(1, 1), 1),
        ["3x3, one register of outputs"] = Layer(new Conv2DShape(17, 20, 23, 8, 3, 3).WithPadding(1, 1), 2),
        ["3x3, short rows of several images"] = Layer(new Conv2DShape(70, 6, 5, 5, 3, 3).WithPadding(1, 1), 7),
        ["3x3, groups"] = Layer(new Conv2DShape(24, 20, 19, 33, 3, 3) { Groups = 3 }.WithPadding(1, 1), 1),
        ["5x5, stride 2"] = Layer(new Conv2DShape(16, 23, 21, 20, 5, 5) { StrideH = 2, StrideW = 2 }.WithPadding(2, 2), 2),
        ["7x7 on an image of 5x4"] = Layer(new Conv2DShape(41, 5, 4, 50, 7, 7).WithPadding(3, 3), 1),
        ["15x7 on an image of 12x40"] = Layer(new Conv2DShape(2, 12, 40, 5, 15, 7).WithPadding(7, 3), 1),
        ["15x3, dilated, on an image of 30x40"] =
            Layer(new Conv2DShape(4, 30, 40, 3, 15, 3) { DilationH = 2 }.WithPadding(14, 1), 1),
        ["depthwise"] = Layer(new Conv2DShape(45, 41, 39, 45, 3, 3) { Groups = 45 }.WithPadding(1, 1), 1),
        ["depthwise, stride 2, two filters a channel"] =
            Layer(new Conv2DShape(45, 41, 39, 90, 3, 3) { Groups = 45, StrideH = 2, StrideW = 2 }.WithPadding(1, 1), 2),
        ["depthwise, planes of 7x7"] = Layer(new Conv2DShape(270, 7, 7, 270, 3, 3) { Groups = 270 }.WithPadding(1, 1), 5),
        ["Winograd F(2x2)"] = Layer(new Conv2DShape(48, 13, 14, 66, 3, 3) { Groups = 2 }.WithPadding(1, 1), 1) with
        {
            Algorithm = ConvAlgorithm.WinogradF2,
        },
        ["Winograd F(4x4)"] = Layer(new Conv2DShape(48, 13, 14, 66, 3, 3) { Groups = 2 }.WithPadding(1, 1), 7) with
        {
            Algorithm = ConvAlgorithm.WinogradF4,
        },
        ["Winograd F(4x4), few channels"] = Layer(new Conv2DShape(3, 48, 47, 60, 3, 3).WithPadding(1, 1), 1) with
        {
            Algorithm = ConvAlgorithm.WinogradF4,
        },
    };

    [SkippableTheory, MemberData(nameof(TiersAndLayers))]
    public void SameOnAnyNumberOfThreads(SimdTier tier, string name)
    {
        Tiers.Require(tier);
        ConvCase c = Layers[name];
        Conv2DShape s = c.Shape;
        Assert.True((long)c.Batch * s.P * s.Q * s.WeightCount > LeastWork, $"{name} is small");
        foreach (ConvDirection direction in Enum.GetValues<ConvDirection>())
            ConvProperties<T>.SameOnAnyThreads(tier, direction, c);
    }

    [SkippableTheory, MemberData(nameof(TiersAndLayers))]
    public void EpilogueFollowsTheSum(SimdTier tier, string name)
    {
        Tiers.Require(tier);
        ConvProperties<T>.EpilogueFollowsTheSum(tier, Layers[name] with { Seed = OnThreeThreads });
    }

    /// <summary>Scratch memory of all threads together, each of which runs one part of one pass and nothing else.</summary>
    [SkippableTheory, MemberData(nameof(TiersAndLayers))]
    public void NoPassTakesMoreThanThePlanSays(SimdTier tier, string name)
    {
        Tiers.Require(tier);
        foreach (ConvDirection direction in Enum.GetValues<ConvDirection>())
        {
            // Beside Winograd's weight gradient that of the bias is a pass of its own, here on further threads.
            bool isTwo = direction == ConvDirection.WeightGradient && Layers[name].Algorithm != ConvAlgorithm.Direct;
            ConvRun<T> run = new(isTwo ? Layers[name] with { Bias = false } : Layers[name]);
            FreshThreads threads = new();
            threads.Run(() => ConvProperties<T>.Execute(run, direction, new(OfThreads, threads, tier)));
            long said = run.Plan.WorkspaceBytes(direction, run.Case.Batch, tier.Run(OfThreads));
            Assert.True(threads.KeptBytes <= said, $"{direction} took {threads.KeptBytes} bytes, the plan said {said}");
        }
    }

    /// <summary>Runs each part on a thread of its own, and adds up the scratch memory that they keep.</summary>
    private sealed unsafe class FreshThreads : IParallelRunner
    {
        private long keptBytes;

        public long KeptBytes => keptBytes;

        public void Run(int parts, delegate*<void*, int, void> body, void* state)
        {
            nint function = (nint)body, context = (nint)state;
            for (int i = 0; i < parts; i++)
            {
                int part = i;
                Run(() => ((delegate*<void*, int, void>)function)((void*)context, part));
            }
        }

        public void Run(Action action)
        {
            Exception? error = null;
            Thread thread = new(() =>
            {
                error = Record.Exception(action);
                Interlocked.Add(ref keptBytes, Workspace.KeptBytes);
            });
            thread.Start();
            thread.Join();
            Assert.Null(error);
        }
    }

    private static ConvCase Layer(Conv2DShape shape, int batch) =>
        new(shape, batch, LayoutKind.Nchw, LayoutKind.Nchw, true, 0.7, true, DataKind.Real, OnThreeThreads);
}
