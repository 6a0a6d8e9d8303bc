using System.Numerics;
using SimdConv.Tests.Conv;
using SimdConv.Tests.Generators;
using SimdConv.Tests.Im2Col;
using SimdConv.Tests.Pool;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Overflow;

/// <summary>Operations with work for more than one thread, on up to 2^31 - 1 of them: results are those of one.</summary>
internal static class ThreadCounts<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly int[] Counts = [4096, 1 << 30, int.MaxValue];

    private static readonly Conv2DShape[] Shapes =
    [
        new Conv2DShape(16, 14, 14, 32, 3, 3).WithPadding(1, 1),
        new Conv2DShape(16, 14, 14, 32, 3, 3) { Groups = 4, StrideH = 2 }.WithPadding(1, 1),
        new(64, 14, 14, 64, 1, 1),
        new(3, 30, 30, 16, 5, 5),
        new Conv2DShape(64, 32, 32, 64, 3, 3) { Groups = 64 }.WithPadding(1, 1),
        new Conv2DShape(8, 40, 40, 16, 3, 3) { Groups = 8, StrideW = 2 }.WithPadding(1, 1),

        // More panels of weights times shares of them than 32 bits hold.
        new(1, 2, 2, 1_000_000, 1, 2),
    ];

    public static void Check(SimdTier tier, Action<string, Func<string>, Action> test)
    {
        foreach (Conv2DShape shape in Shapes)
        {
            foreach (ConvAlgorithm algorithm in Enum.GetValues<ConvAlgorithm>())
            {
                if (algorithm != ConvAlgorithm.Direct && (shape.R, shape.S, shape.StrideH, shape.StrideW) != (3, 3, 1, 1))
                    continue;
                bool isLarge = shape.K > 1000;
                ConvCase c = new(
                    shape, isLarge ? 1 : 2, LayoutKind.Nchw, LayoutKind.Nchw, false, 0, shape.K < 1000, DataKind.Real, 7)
                {
                    Algorithm = algorithm,
                };
                foreach (ConvDirection direction in isLarge ? [ConvDirection.Forward] : Enum.GetValues<ConvDirection>())
                    Same($"{direction} of {c}", execution => ConvProperties<T>.Execute(new(c), direction, execution));
                if (algorithm == ConvAlgorithm.Direct && shape.K < 1000)
                    Same($"im2col of {c}", execution => Im2ColProperties<T>.Execute(c, execution));
            }
        }

        foreach (PoolKind kind in Enum.GetValues<PoolKind>())
        {
            PoolCase c = new(
                new(64, 56, 56, 3, 3) { StrideH = 2, StrideW = 2 }, kind, 2, LayoutKind.Nchw, LayoutKind.Nchw, DataKind.Real, 7);
            Same($"pooling of {c}", execution => PoolProperties<T>.Execute(c, execution));
        }

        T[] a = Data.Make<T>(1 << 20, DataKind.Real, 1), b = Data.Make<T>(1 << 20, DataKind.Real, 2);
        foreach ((int m, int n, int k) in
            ((int, int, int)[])[(300, 300, 100), (1000, 1, 1000), (1, 1000, 1000), (1 << 20, 1, 1), (7, 4000, 40)])
        {
            Same($"product of {m} x {n} x {k}", execution =>
            {
                T[] c = new T[m * n];
                SimdConv.Gemm.Multiply<T>(m, n, k, a, b, c, execution);
                return c;
            });
        }

        Same("batched products", execution =>
        {
            T[] c = new T[100 * 400];
            SimdConv.Gemm.MultiplyBatched<T>(100, Transpose.No, Transpose.No, 20, 20, 100, T.One, a, 100, 2000, b, 20, 2000,
                T.Zero, c, 20, 400, execution);
            return c;
        });
        Same("tanh", execution =>
        {
            T[] y = new T[a.Length];
            SimdConv.Elementwise.Tanh<T>(a, y, T.One, execution);
            return y;
        });

        void Same(string what, Func<Execution, T[]> run)
        {
            T[]? alone = null;
            foreach (int threads in Counts)
            {
                test($"threads, {tier}", () => $"{what} on {threads} threads in {tier}", () =>
                    Compare.Equal<T>(alone ??= run(tier.Run()), run(tier.Run(threads)), "the result"));
            }
        }
    }
}
