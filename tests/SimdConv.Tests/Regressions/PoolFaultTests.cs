using System.Diagnostics;
using System.Runtime.InteropServices;
using SimdConv.Core;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Regressions;

/// <summary>Faults of pooling that were found, each with the right value.</summary>
public sealed class PoolFaultTests
{
    private static readonly Pool2DPlan<float> Small = new(new(1, 8, 8, 2, 2), PoolKind.Max);

    /// <summary>A winner below 0 led to an element before dx.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void ANegativeWinnerGivesNothing(SimdTier tier)
    {
        Tiers.Require(tier);
        foreach (int winner in (int[])[-1, -289, int.MinValue, 289, int.MaxValue])
        {
            float[] memory = [.. Enumerable.Repeat(7f, 289 + 600)];
            new Pool2DPlan<float>(new(1, 17, 17, 17, 17), PoolKind.Max)
                .Backward(1, [5f], BitConverter.GetBytes(winner), memory.AsSpan(300, 289), tier.Run());
            Assert.All(memory[..300], value => Assert.Equal(7f, value));
            Assert.All(memory[300..589], value => Assert.Equal(0f, value));
            Assert.All(memory[589..], value => Assert.Equal(7f, value));
        }
    }

    [Fact]
    public void TheIndexOfNoTapIsMinusOne()
    {
        byte[] winners = [0, 3, 4, 255, .. new byte[12]];
        long[] indices = new long[16];
        Small.Indices(1, winners, indices);
        Assert.Equal([0, 11, -1, -1, 16], indices[..5]);
        Pool2DPlan<float> padded = new(new(1, 1, 1, 3, 3) { PadTop = 1, PadLeft = 1, PadBottom = 1, PadRight = 1 }, PoolKind.Max);
        padded.Indices(1, [4], indices);
        Assert.Equal(0, indices[0]);
        padded.Indices(1, [0], indices);
        Assert.Equal(-1, indices[0]);
    }

    /// <summary>Winners in x, y or dx were written, or read while dx was.</summary>
    [Fact]
    public void WinnersAreApartFromOtherOperands()
    {
        float[] memory = Data.Make<float>(200, DataKind.Real, 1), before = [.. memory], other = new float[64];
        Span<byte> bytes = MemoryMarshal.AsBytes(memory.AsSpan());
        byte[] winners = new byte[136];
        Refused("winners shares elements with x",
            () => Small.Forward(1, memory.AsSpan(0, 64), other, MemoryMarshal.AsBytes(memory.AsSpan())[255..271]));
        Refused("winners shares elements with y",
            () => Small.Forward(1, other, memory.AsSpan(10, 16), MemoryMarshal.AsBytes(memory.AsSpan())[25..41]));
        Refused("dx shares elements with winners",
            () => Small.Backward(1, other, MemoryMarshal.AsBytes(memory.AsSpan())[25..41], memory.AsSpan(10, 64)));
        Refused("indices shares elements with winners",
            () => Small.Indices(1, winners.AsSpan(8), MemoryMarshal.Cast<byte, long>(winners.AsSpan(0, 128))));
        Compare.Untouched<float>(before, memory, "an operand");

        // Side by side is apart.
        Small.Forward(1, memory.AsSpan(4, 64), memory.AsSpan(72, 16), bytes[..16]);
        Small.Forward(1, memory.AsSpan(0, 64), memory.AsSpan(68, 16), bytes[256..272]);

        static void Refused(string words, Action call) =>
            Assert.Contains(words, Assert.Throws<ArgumentException>(call).Message, StringComparison.Ordinal);
    }

    /// <summary>The mean of 0.1f was 0.1010 over 1024 x 1024 and 0.1153 over 4096 x 4096.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void TheAverageOfALargePlaneDoesNotDrift(SimdTier tier)
    {
        Tiers.Require(tier);
        foreach (int size in tier == SimdSupport.Best ? (int[])[64, 1024, 4096] : [64, 1024])
        {
            float[] x = Data.Filled(size * size, 0.1f), y = new float[1];
            new Pool2DPlan<float>(new(1, size, size, size, size), PoolKind.Average).Forward(1, x, y, tier.Run());
            Assert.Equal(0.1, y[0], size == 64 ? 5e-6 : 5e-7);
            new Pool2DPlan<float>(Pool2DShape.Adaptive(1, size, size, 1, 1), PoolKind.Average).Forward(1, x, y, tier.Run());
            Assert.Equal(0.1, y[0], size == 64 ? 5e-6 : 5e-7);
        }
    }

    /// <summary>
    /// A search for each tap made a window of 100,000 taps take 100 s: four times the window may take some four times as long.
    /// </summary>
    [Fact]
    public void SetUpIsLinearInTheWindow()
    {
        long time = Stopwatch.GetTimestamp();
        foreach (int size in (int[])[100_000, 400_000])
        {
            Assert.Equal(1, new Pool2DPlan<float>(new(1, 1, size, 1, size), PoolKind.Average).Shape.Q);
            Assert.Equal(1, new Pool2DPlan<float>(new(1, size, 1, size, 1), PoolKind.Max).Shape.P);
        }

        Assert.InRange(Stopwatch.GetElapsedTime(time).TotalSeconds, 0, 20);
    }

    /// <summary>Global max pooling of 4096 x 4096 kept 519 MB for the thread's life.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void LargeWindowsTakeLittleScratch(SimdTier tier)
    {
        Tiers.Require(tier);
        foreach (Pool2DShape shape in
            (Pool2DShape[])[new(2, 1500, 1500, 1500, 1500), new(1, 2000, 1100, 2000, 1000) { StrideW = 100 }])
        {
            float[] x = Data.Make<float>(shape.C * shape.H * shape.W, DataKind.Integers, 5),
                y = new float[shape.C * shape.P * shape.Q];
            (x[^1], x[776]) = (9, 9);
            foreach (ImageLayout layout in
                (ImageLayout[])[ImageLayout.Nchw(shape.C, shape.H, shape.W), ImageLayout.Nhwc(shape.C, shape.H, shape.W)])
            {
                Assert.InRange(KeptBytes(() =>
                {
                    Pool2DPlan<float> max = new(shape, PoolKind.Max, layout), average = new(shape, PoolKind.Average, layout);
                    byte[] winners = new byte[max.WinnerBytes(1)];
                    max.Forward(1, x, y, winners, tier.Run());
                    Assert.Equal(9, y[0]);
                    average.Forward(1, x, y, tier.Run());
                }), 1, tier >= SimdTier.Avx2 ? 2 << 20 : 17 << 20); // In narrow registers windows are in lanes.
            }
        }
    }

    /// <summary>They gave an OverflowException, which no documentation names.</summary>
    [Fact]
    public void BatchesWhoseWinnersCannotBeCountedAreRefusedByName()
    {
        Pool2DPlan<float> plan = new(new(1 << 15, 256, 255, 17, 17)
        {
            StrideH = 1,
            StrideW = 1,
            PadTop = 8,
            PadLeft = 8,
            PadRight = 8,
            PadBottom = 8,
        }, PoolKind.Max);
        Action[] calls =
        [
            () => plan.WinnerBytes(int.MaxValue),
            () => plan.Backward(int.MaxValue, [], ReadOnlySpan<byte>.Empty, []),
            () => plan.Indices(int.MaxValue, [], []),
        ];
        Assert.All(calls,
            call => Assert.StartsWith("batch is 2147483647; expected", Assert.Throws<ArgumentOutOfRangeException>(call).Message,
                StringComparison.Ordinal));
        Assert.Throws<ArgumentException>(() => plan.Forward(int.MaxValue, [], [], Span<byte>.Empty));
        Assert.Equal(1_000_000_000L * (1 << 15) * 256 * 255 * 4, plan.WinnerBytes(1_000_000_000));
    }

    /// <summary>Only winners are numbered, so only max pooling has a limit of 2^24 taps.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void AveragesOfMoreThan2To24Pixels(SimdTier tier)
    {
        Tiers.Require(tier);
        Pool2DShape shape = new(1, 2, 3, 4099, 4099) { PadTop = 4097, PadLeft = 4096, CeilMode = false };
        float[] x = [1, 2, 3, 4, 5, 6], y = new float[1], dx = new float[6];
        Pool2DPlan<float> plan = new(shape, PoolKind.Average);
        plan.Forward(1, x, y, tier.Run());
        Assert.Equal(21f / (4099f * 4099f), y[0]);
        plan.Backward(1, [1f], dx, tier.Run());
        Assert.All(dx, value => Assert.Equal(1f / (4099f * 4099f), value));
        Assert.Contains("at most 2^24 taps for max pooling",
            Assert.Throws<ArgumentOutOfRangeException>(() => new Pool2DPlan<float>(shape, PoolKind.Max)).Message,
            StringComparison.Ordinal);
    }

    /// <summary>PyTorch: the index of several NaN is the last one's.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void TheLastOfSeveralNaNWins(SimdTier tier)
    {
        Tiers.Require(tier);
        foreach (bool inPieces in (bool[])[false, true])
        {
            foreach (int windows in (int[])[1, 40])
            {
                Pool2DPlan<double> plan = new(new(1, 2, 2 * windows, 2, 2), PoolKind.Max) { InPieces = inPieces };
                double[] x = Data.Filled(4 * windows, 1.0), y = new double[windows];
                (x[0], x[2 * windows], x[1]) = (double.NaN, double.NaN, 5);
                byte[] winners = new byte[windows];
                long[] indices = new long[windows];
                plan.Forward(1, x, y, winners, tier.Run());
                plan.Indices(1, winners, indices);
                Assert.Equal((double.NaN, 2, 2 * windows), (y[0], winners[0], (int)indices[0]));
            }
        }
    }

    /// <summary>Bytes of scratch memory that a thread keeps after what it did.</summary>
    private static long KeptBytes(Action act)
    {
        long bytes = 0;
        Exception? thrown = null;
        Thread thread = new(() =>
        {
            thrown = Record.Exception(act);
            bytes = Workspace.KeptBytes;
        });
        thread.Start();
        thread.Join();
        Assert.Null(thrown);
        return bytes;
    }
}
