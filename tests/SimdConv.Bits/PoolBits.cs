using System.Numerics;

namespace SimdConv.Bits;

/// <summary>Pooling in both directions, NCHW, NHWC and CHWN, windows from 2x2 to a whole large plane.</summary>
internal static class PoolBits<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>A batch of a register and a half, or of three, or of many.</summary>
    private const int Images = 24;

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

    /// <summary>Dilated on both axes, with padding that counts and a last window that the padding's end cuts.</summary>
    private static Pool2DShape Dilated => new(5, 23, 20, 4, 3)
    {
        StrideH = 3,
        StrideW = 2,
        DilationH = 2,
        DilationW = 3,
        PadTop = 2,
        PadLeft = 1,
        PadBottom = 1,
        CeilMode = true,
    };

    public static IEnumerable<BitCase> Cases()
    {
        foreach ((string name, Pool2DShape shape) in Shapes)
        {
            yield return new($"pool/{typeof(T).Name}/{name}/max", execution => Max(Plans(shape, PoolKind.Max), 2, execution));
            yield return new($"pool/{typeof(T).Name}/{name}/average",
                execution => Average(Plans(shape with { DilationW = 1 }, PoolKind.Average), 2, execution));
        }

        yield return new($"pool/{typeof(T).Name}/adaptive",
            execution => Average(Plans(Pool2DShape.Adaptive(6, 23, 17, 5, 4), PoolKind.Average), 2, execution));
        yield return new($"pool/{typeof(T).Name}/divisor",
            execution => Average(
                Plans(new(6, 10, 12, 3, 2) { DivisorOverride = 5, StrideW = 2 }, PoolKind.Average), 2, execution));
        yield return new($"pool/{typeof(T).Name}/dilated",
            execution => Average(Plans(Dilated, PoolKind.Average), 2, execution));
        yield return new($"pool/{typeof(T).Name}/dilated-in-blocks",
            execution => Average(
                Plans(new(1, 150, 160, 66, 64) { DilationH = 2, DilationW = 2 }, PoolKind.Average), 2, execution));
        foreach ((string name, Pool2DShape shape) in Shapes.Where(some => some.Shape.H < 100))
        {
            yield return new($"pool/{typeof(T).Name}/images-innermost/{name}/max",
                execution => Max([InImages(shape, PoolKind.Max)], Images, execution));
            yield return new($"pool/{typeof(T).Name}/images-innermost/{name}/average",
                execution => Average([InImages(shape with { DilationW = 1 }, PoolKind.Average)], Images, execution));
        }

        yield return new($"pool/{typeof(T).Name}/images-innermost/dilated",
            execution => Average([InImages(Dilated, PoolKind.Average)], Images, execution));
        yield return new($"pool/{typeof(T).Name}/images-innermost/adaptive",
            execution => Average([InImages(Pool2DShape.Adaptive(6, 23, 17, 5, 4), PoolKind.Average)], Images, execution));
    }

    private static ulong Max(IEnumerable<Pool2DPlan<T>> plans, int batch, Execution execution)
    {
        Digest digest = new();
        foreach (Pool2DPlan<T> plan in plans)
        {
            foreach (Func<long, int, T[]> make in (Func<long, int, T[]>[])[Numbers.Make<T>, Numbers.WithSpecialValues<T>])
            {
                T[] x = make(plan.InputLength(batch), 1), y = new T[plan.OutputLength(batch)], dx = new T[x.Length];
                byte[] winners = new byte[plan.WinnerBytes(batch)];
                plan.Forward(batch, x, y, winners, execution);
                plan.Backward(batch, Numbers.Make<T>(y.Length, 2), winners, dx, execution);
                digest.Add<T>(y);
                digest.Add(winners);
                digest.Add<T>(dx);
            }
        }

        return digest.Value;
    }

    private static ulong Average(IEnumerable<Pool2DPlan<T>> plans, int batch, Execution execution)
    {
        Digest digest = new();
        foreach (Pool2DPlan<T> plan in plans)
        {
            T[] x = Numbers.Make<T>(plan.InputLength(batch), 1), y = new T[plan.OutputLength(batch)], dx = new T[x.Length];
            plan.Forward(batch, x, y, execution);
            plan.Backward(batch, Numbers.Make<T>(y.Length, 2), dx, execution);
            digest.Add<T>(y);
            digest.Add<T>(dx);
        }

        return digest.Value;
    }

    private static Pool2DPlan<T> InImages(Pool2DShape shape, PoolKind kind) =>
        new(shape, kind, ImageLayout.Chwn(shape.C, shape.H, shape.W, Images),
            ImageLayout.Chwn(shape.C, shape.P, shape.Q, Images));

    private static IEnumerable<Pool2DPlan<T>> Plans(Pool2DShape shape, PoolKind kind) =>
        [
            new(shape, kind),
            new(shape, kind, ImageLayout.Nhwc(shape.C, shape.H, shape.W), ImageLayout.Nhwc(shape.C, shape.P, shape.Q)),
        ];
}
