using System.Numerics;
using SimdConv.Tests.Generators;
using SimdConv.Tests.Support;
using Xunit.Abstractions;

namespace SimdConv.Tests.Exhaustive;

/// <summary>
/// Every small geometry of both axes of pooling: maxima, averages with and without the padding, with and without a last partial
/// window, forward and backward. Data are integers that every divisor divides, so that results are exact; they are compared
/// with plain loops.
/// </summary>
public sealed class PoolGeometryTests(ITestOutputHelper output)
{
    /// <summary>A multiple of every number of taps up to 9.</summary>
    private const int Unit = 2520;

    private static readonly int[] Channels = [1, 5];

    private static readonly Axis[] RoundedDown = AxesOf(isCeil: false), RoundedUp = AxesOf(isCeil: true);

    [Fact]
    public void MaximaOfEveryGeometry() => Run("Max pooling", PoolKind.Max, 3000);

    [Fact]
    public void AveragesOfEveryGeometry() => Run("Average pooling", PoolKind.Average, 3000);

    private void Run(string name, PoolKind kind, int inShortRun)
    {
        // Both roundings, behind each other. Averages come with and without the padding in their divisor.
        Axis[][] axes = [RoundedDown, RoundedUp];
        int variants = Channels.Length * (kind == PoolKind.Max ? 1 : 2);
        long[] sizes = [.. axes.Select(some => variants * some.LongLength * some.LongLength)];
        Sweep sweep = new(name, output);
        sweep.Run(sizes.Sum(), inShortRun, index =>
        {
            bool isCeil = index >= sizes[0];
            long i = isCeil ? index - sizes[0] : index;
            Axis[] some = axes[isCeil ? 1 : 0];
            int variant = (int)(i % variants);
            (Axis vertical, Axis horizontal) = (some[i / variants / some.Length], some[i / variants % some.Length]);
            ulong random = Data.Mix(1, index);
            int batch = random % 16 == 0 ? 17 : 1 + (int)(random % 3);
            PlainPool plain = new(kind, Channels[variant % Channels.Length], vertical, horizontal, isCeil,
                includesPad: variant < Channels.Length, batch, unchecked((int)index));
            Check<float>(sweep, plain, index);
            Check<double>(sweep, plain, index);
        });
    }

    /// <summary>Those of which every window holds a pixel; others are refused. Some have an output in ceil mode alone.</summary>
    private static Axis[] AxesOf(bool isCeil) =>
    [
        .. from axis in Axis.Tuples
           let windows = axis.Windows(isCeil)
           where windows > 0 && Enumerable.Range(0, windows).All(window => axis.ImageTaps(window) > 0)
           select axis,
    ];

    private static void Check<T>(Sweep sweep, PlainPool p, long index) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        string pass = "";
        try
        {
            Pool2DPlan<T> plan = new(p.Shape, p.Kind);
            Memory<T> x = Bordered<T>.Input(p.X), dy = Bordered<T>.Input(p.Dy);
            Pool2DShape s = p.Shape;
            Pool2DPlan<T> inImages = new(s, p.Kind, ImageLayout.Chwn(s.C, s.H, s.W, p.Batch),
                ImageLayout.Chwn(s.C, s.P, s.Q, p.Batch));
            Memory<T> xInImages = Bordered<T>.Input(InImages(p.X)), dyInImages = Bordered<T>.Input(InImages(p.Dy));
            foreach (SimdTier tier in Sweep.Tiers(index))
            {
                pass = tier.ToString();
                Expect("y", p.Y, y => plan.Forward(p.Batch, x.Span, y, tier.Run()));
                Expect("y of images in lanes", InImages(p.Y), y => inImages.Forward(p.Batch, xInImages.Span, y, tier.Run()));
                if (p.Kind == PoolKind.Average)
                {
                    Expect("dx", p.Dx, dx => plan.Backward(p.Batch, dy.Span, dx, tier.Run()));
                    Expect("dx of images in lanes", InImages(p.Dx),
                        dx => inImages.Backward(p.Batch, dyInImages.Span, dx, tier.Run()));
                    continue;
                }

                byte[] winners = new byte[plan.WinnerBytes(p.Batch)], expected = Array.ConvertAll(p.Winners, tap => (byte)tap);
                Expect("y beside winners", p.Y, y => plan.Forward(p.Batch, x.Span, y, winners, tier.Run()));
                if (!winners.AsSpan().SequenceEqual(expected))
                    Fail("winners", $"are {string.Join(' ', winners)}, expected {string.Join(' ', expected)}");
                Expect("dx", p.Dx, dx => plan.Backward(p.Batch, dy.Span, expected, dx, tier.Run()));
                Expect("y beside winners of images in lanes", InImages(p.Y),
                    y => inImages.Forward(p.Batch, xInImages.Span, y, winners, tier.Run()));
                if (!winners.AsSpan().SequenceEqual(expected))
                    Fail("winners of images in lanes",
                        $"are {string.Join(' ', winners)}, expected {string.Join(' ', expected)}");
                Expect("dx of images in lanes", InImages(p.Dx),
                    dx => inImages.Backward(p.Batch, dyInImages.Span, expected, dx, tier.Run()));
                long[] indices = new long[expected.Length];
                plan.Indices(p.Batch, expected, indices);
                if (!indices.AsSpan().SequenceEqual(p.Indices))
                    Fail("indices", $"are {string.Join(' ', indices)}, expected {string.Join(' ', p.Indices)}");
            }
        }
        catch (Exception e)
        {
            Fail(e.GetType().Name, e.Message.Split('\n')[0]);
        }

        int[] InImages(int[] values) =>
            [.. from i in Enumerable.Range(0, values.Length / p.Batch)
                from n in Enumerable.Range(0, p.Batch)
                select values[(n * (values.Length / p.Batch)) + i]];

        PoolCase Found() => new(p.Shape, p.Kind, p.Batch, LayoutKind.Nchw, LayoutKind.Nchw, DataKind.Integers, 1);

        void Expect(string what, int[] values, Bordered<T>.Pass run)
        {
            if (Bordered<T>.Difference(values, [], 0, run) is string difference)
                Fail(what, difference);
        }

        void Fail(string what, string difference) =>
            sweep.Fail($"{p.Kind} pooling of {p.Batch} x {p.Shape}\n    {FoundCases.Advice(FoundCases.Line(Found()))}",
                $"{pass}, {typeof(T).Name}, {what}", difference);
    }

    /// <summary>One pooling by plain loops over its definition, which share no code with the library.</summary>
    private sealed class PlainPool
    {
        public PlainPool(PoolKind kind, int channels, Axis vertical, Axis horizontal, bool isCeil, bool includesPad, int batch,
            int seed)
        {
            (Kind, Batch) = (kind, batch);
            (int rows, int columns) = (vertical.Windows(isCeil), horizontal.Windows(isCeil));
            int pixels = vertical.Size * horizontal.Size, windows = rows * columns;
            Shape = new(channels, vertical.Size, horizontal.Size, vertical.Kernel, horizontal.Kernel)
            {
                StrideH = vertical.Stride,
                StrideW = horizontal.Stride,
                PadTop = vertical.Before,
                PadLeft = horizontal.Before,
                PadBottom = vertical.After,
                PadRight = horizontal.After,
                DilationH = vertical.Dilation,
                DilationW = horizontal.Dilation,
                CeilMode = isCeil,
                CountIncludePad = includesPad,
            };

            // Every other case is below zero: padding that is taken for a zero shows.
            int lowered = seed % 2 == 0 ? 9 : 0;
            X = Array.ConvertAll(PlainConv.Integers(batch * channels * pixels, seed), value => (value - lowered) * Unit);
            Dy = Array.ConvertAll(PlainConv.Integers(batch * channels * windows, seed + 1), value => value * Unit);
            (Y, Winners, Indices, Dx) = (new int[Dy.Length], new int[Dy.Length], new long[Dy.Length], new int[X.Length]);
            for (int i = 0; i < Dy.Length; i++)
            {
                (int plane, int p, int q) = (i / windows * pixels, i / columns % rows, i % columns);
                int divisor = includesPad
                    ? vertical.PaddedTaps(p) * horizontal.PaddedTaps(q)
                    : vertical.ImageTaps(p) * horizontal.ImageTaps(q);
                (int sum, int most, int winner, int at) = (0, int.MinValue, 0, 0);
                for (int r = 0; r < vertical.Kernel; r++)
                {
                    for (int s = 0; s < horizontal.Kernel; s++)
                    {
                        (int h, int w) = (vertical.Pixel(p, r), horizontal.Pixel(q, s));
                        if (h < 0 || w < 0)
                            continue;
                        int pixel = (h * horizontal.Size) + w, value = X[plane + pixel];
                        sum += value;
                        if (value > most)
                            (most, winner, at) = (value, (r * horizontal.Kernel) + s, pixel);
                        if (kind == PoolKind.Average)
                            Dx[plane + pixel] += Dy[i] / divisor;
                    }
                }

                Y[i] = kind == PoolKind.Max ? most : sum / divisor;
                (Winners[i], Indices[i]) = (winner, at);
                if (kind == PoolKind.Max)
                    Dx[plane + at] += Dy[i];
            }
        }

        public PoolKind Kind { get; }

        public int Batch { get; }

        public Pool2DShape Shape { get; }

        public int[] X { get; }

        public int[] Dy { get; }

        public int[] Y { get; }

        /// <summary>The first of the largest taps of each window.</summary>
        public int[] Winners { get; }

        /// <summary>The pixel of its plane under that tap.</summary>
        public long[] Indices { get; }

        public int[] Dx { get; }
    }
}
