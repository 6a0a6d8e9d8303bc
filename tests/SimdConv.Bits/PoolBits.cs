using System.Numerics;

namespace SimdConv.Bits;

/// <summary>Pooling in both directions, NCHW and NHWC, windows from 2x2 to a whole large plane.</summary>
internal static class PoolBits<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly (string Name, Pool2DShape Shape)[] Shapes =
    [
        ("2x2", new(5, 14, 18, 2, 2) { StrideH = 2, StrideW = 2 }),
        ("3x3-stride-2-padded",
            new(20, 15, 17, 3, 3) { StrideH = 2, StrideW = 2, PadTop = 1, PadBottom = 1, PadLeft = 1, PadRight = 1 }),
        ("3x3-stride-1", new(3, 12, 40, 3, 3) { PadTop = 1, PadBottom = 1, PadLeft = 1, PadRight = 1 }),
        ("5x4-ceiling-dilated",
            new(4, 23, 19, 5, 4)
            {
                StrideH = 3,
                StrideW = 2,
                DilationW = 2,
                PadTop = 2,
                CeilMode = true,
                CountIncludePad = true,
            }),
        ("17x17-four-byte-winners", new(2, 30, 33, 17, 17) { StrideH = 3, StrideW = 5 }),
        ("whole-plane-7x7", new(40, 7, 7, 7, 7)),
        ("whole-plane-200x300", new(2, 200, 300, 200, 300)),
    ];

    public static IEnumerable<BitCase> Cases()
    {
        foreach ((string name, Pool2DShape shape) in Shapes)
        {
            yield return new($"pool/{typeof(T).Name}/{name}/max", execution => Max(shape, execution));
            yield return new($"pool/{typeof(T).Name}/{name}/average",
                execution => Average(shape with { DilationW = 1 }, execution));
        }

        yield return new($"pool/{typeof(T).Name}/adaptive",
            execution => Average(Pool2DShape.Adaptive(6, 23, 17, 5, 4), execution));
        yield return new($"pool/{typeof(T).Name}/divisor",
            execution => Average(new(6, 10, 12, 3, 2) { DivisorOverride = 5, StrideW = 2 }, execution));
    }

    private static ulong Max(Pool2DShape shape, Execution execution)
    {
        Digest digest = new();
        foreach (Pool2DPlan<T> plan in Plans(shape, PoolKind.Max))
        {
            foreach (Func<long, int, T[]> make in (Func<long, int, T[]>[])[Numbers.Make<T>, Numbers.WithSpecialValues<T>])
            {
                T[] x = make(plan.InputLength(2), 1), y = new T[plan.OutputLength(2)], dx = new T[x.Length];
                byte[] winners = new byte[plan.WinnerBytes(2)];
                plan.Forward(2, x, y, winners, execution);
                plan.Backward(2, Numbers.Make<T>(y.Length, 2), winners, dx, execution);
                digest.Add<T>(y);
                digest.Add(winners);
                digest.Add<T>(dx);
            }
        }

        return digest.Value;
    }

    private static ulong Average(Pool2DShape shape, Execution execution)
    {
        Digest digest = new();
        foreach (Pool2DPlan<T> plan in Plans(shape, PoolKind.Average))
        {
            T[] x = Numbers.Make<T>(plan.InputLength(2), 1), y = new T[plan.OutputLength(2)], dx = new T[x.Length];
            plan.Forward(2, x, y, execution);
            plan.Backward(2, Numbers.Make<T>(y.Length, 2), dx, execution);
            digest.Add<T>(y);
            digest.Add<T>(dx);
        }

        return digest.Value;
    }

    private static IEnumerable<Pool2DPlan<T>> Plans(Pool2DShape shape, PoolKind kind) =>
        [
            new(shape, kind),
            new(shape, kind, ImageLayout.Nhwc(shape.C, shape.H, shape.W), ImageLayout.Nhwc(shape.C, shape.P, shape.Q)),
        ];
}
