using System.Numerics;

namespace SimdConv.Bits;

/// <summary>
/// Convolutions: shapes that reach every strategy, in all directions, NCHW and NHWC, images innermost, unpacked and packed
/// weights; Winograd; transposed.
/// </summary>
internal static class ConvBits<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly (string Name, int Batch, Conv2DShape Shape)[] Shapes =
    [
        ("3x3", 2, new(16, 14, 14, 32, 3, 3) { PadTop = 1, PadBottom = 1, PadLeft = 1, PadRight = 1 }),
        ("3x3-wide", 1, new(24, 28, 28, 48, 3, 3) { PadTop = 1, PadBottom = 1, PadLeft = 1, PadRight = 1 }),
        ("7x7-first-layer", 1,
            new(3, 31, 29, 16, 7, 7) { StrideH = 2, StrideW = 2, PadTop = 3, PadBottom = 3, PadLeft = 3, PadRight = 3 }),
        ("1x1", 2, new(24, 14, 14, 40, 1, 1)),
        ("1x1-strided-padded-to-its-input", 2, new(9, 8, 8, 8, 1, 1) { StrideH = 2, StrideW = 2, PadBottom = 7, PadRight = 7 }),
        ("1x1-of-one-pixel", 3, new(100, 1, 1, 60, 1, 1)),
        ("depthwise-3x3", 2, new(24, 15, 15, 24, 3, 3) { Groups = 24, PadTop = 1, PadBottom = 1, PadLeft = 1, PadRight = 1 }),
        ("depthwise-5x5-multiplier", 1,
            new(10, 19, 17, 20, 5, 5) { Groups = 10, StrideH = 2, StrideW = 2, PadTop = 2, PadLeft = 2, PadRight = 1 }),
        ("depthwise-1d", 2, new(6, 1, 90, 6, 1, 31) { Groups = 6, PadLeft = 15, PadRight = 15 }),
        ("grouped-dilated", 2,
            new(16, 17, 13, 24, 3, 3)
            {
                Groups = 4,
                DilationH = 2,
                DilationW = 2,
                PadTop = 2,
                PadBottom = 2,
                PadLeft = 2,
                PadRight = 2,
            }),
        ("5x5-one-channel", 3, new(1, 32, 32, 6, 5, 5)),
        ("5x5-few-channels", 4, new(6, 14, 14, 16, 5, 5)),
        ("3x3-one-output", 1, new(64, 12, 12, 1, 3, 3) { PadTop = 1, PadLeft = 1 }),
        ("asymmetric", 2, new(7, 13, 18, 9, 3, 2) { StrideH = 3, StrideW = 2, DilationW = 2, PadTop = 2, PadRight = 3 }),
        ("kernel-larger-than-image", 2, new(5, 3, 4, 12, 6, 5) { PadTop = 4, PadBottom = 2, PadLeft = 3, PadRight = 3 }),
        ("patches", 2, new(3, 16, 16, 32, 4, 4) { StrideH = 4, StrideW = 4 }),
        ("many-outputs", 1, new(32, 7, 7, 256, 3, 3) { PadTop = 1, PadBottom = 1, PadLeft = 1, PadRight = 1 }),
        ("long-chain", 1, new(300, 5, 6, 20, 3, 3)),
        ("long-rows", 1, new(4, 3, 700, 8, 3, 3) { PadLeft = 1, PadRight = 1 }),
        ("1d", 2, Conv2DShape.Conv1D(12, 200, 24, 9, padding: 4)),
        ("gradient-in-chunks", 16, new(8, 24, 24, 16, 3, 3) { PadTop = 1, PadBottom = 1, PadLeft = 1, PadRight = 1 }),
    ];

    public static IEnumerable<BitCase> Cases()
    {
        foreach ((string name, int batch, Conv2DShape shape) in Shapes)
        {
            string key = $"conv/{typeof(T).Name}/{name}";
            yield return new($"{key}/forward", execution => Forward(new(shape), batch, Numbers.Make<T>, execution));
            yield return new($"{key}/input-gradient", execution => InputGradient(new(shape), batch, Numbers.Make<T>, execution));
            yield return new($"{key}/weight-gradient",
                execution => WeightGradient(new(shape), batch, Numbers.Make<T>, execution));
            yield return new($"{key}/special-values", execution => SpecialValues(shape, execution));
        }

        // Forward pass and input gradient have the hashes of the lines above: the same sums of the same images.
        foreach ((string name, int batch, Conv2DShape shape) in Shapes.Where(each => each.Batch > 1))
        {
            string key = $"conv/{typeof(T).Name}/{name}/images-innermost";
            yield return new($"{key}/forward",
                execution => Forward(new(shape), batch, Numbers.Make<T>, execution, areInnermost: true));
            yield return new($"{key}/input-gradient",
                execution => InputGradient(new(shape), batch, Numbers.Make<T>, execution, areInnermost: true));
            yield return new($"{key}/weight-gradient",
                execution => WeightGradient(new(shape), batch, Numbers.Make<T>, execution, areInnermost: true));
        }

        foreach ((string name, int batch, Conv2DShape shape) in
            Shapes.Where(each => (each.Shape.R, each.Shape.S, each.Shape.DilationH, each.Shape.StrideH) == (3, 3, 1, 1)
            && each.Shape.Groups == 1))
        {
            foreach (ConvAlgorithm algorithm in (ConvAlgorithm[])[ConvAlgorithm.WinogradF2, ConvAlgorithm.WinogradF4])
            {
                string key = $"conv/{typeof(T).Name}/{name}/{algorithm}";
                yield return new($"{key}/forward",
                    execution => Forward(new(shape, algorithm: algorithm), batch, Numbers.Make<T>, execution));
                yield return new($"{key}/input-gradient",
                    execution => InputGradient(new(shape, algorithm: algorithm), batch, Numbers.Make<T>, execution));
            }
        }

        foreach ((string name, int batch, ConvAlgorithm algorithm, Conv2DShape shape) in
            ((string, int, ConvAlgorithm, Conv2DShape)[])
            [
                ("5x5", 3, ConvAlgorithm.WinogradF2, new(6, 14, 14, 16, 5, 5)),
                ("5x5-grouped", 2, ConvAlgorithm.WinogradF2, new(12, 15, 11, 34, 5, 5) { Groups = 2, PadTop = 2, PadLeft = 3 }),
                ("3x3", 5, ConvAlgorithm.WinogradF2, new(16, 14, 15, 20, 3, 3) { PadTop = 1, PadLeft = 1 }),
                ("3x3", 5, ConvAlgorithm.WinogradF4, new(16, 14, 15, 20, 3, 3) { PadTop = 1, PadLeft = 1 }),
            ])
        {
            string key = $"winograd/{typeof(T).Name}/{name}/{algorithm}";
            if (shape.R == 5)
            {
                yield return new($"{key}/forward",
                    execution => Forward(new(shape, algorithm: algorithm), batch, Numbers.Make<T>, execution));
                yield return new($"{key}/input-gradient",
                    execution => InputGradient(new(shape, algorithm: algorithm), batch, Numbers.Make<T>, execution));
            }

            yield return new($"{key}/weight-gradient",
                execution => WeightGradient(new(shape, algorithm: algorithm), batch, Numbers.Make<T>, execution));
            yield return new($"{key}/images-in-lanes", execution => ImagesInLanes(shape, algorithm, execution));
        }

        foreach ((string name, ConvTranspose2DShape shape) in ((string, ConvTranspose2DShape)[])
        [
            ("2x2-stride-2", new(16, 9, 7, 24, 2, 2) { StrideH = 2, StrideW = 2 }),
            ("4x3-stride-3x2",
                new(6, 5, 8, 10, 4, 3)
                {
                    StrideH = 3,
                    StrideW = 2,
                    PadTop = 1,
                    PadLeft = 1,
                    PadRight = 1,
                    OutputPaddingH = 2,
                    OutputPaddingW = 1,
                }),
            ("3x3-grouped", new(8, 6, 6, 8, 3, 3) { Groups = 2, DilationH = 2, PadTop = 1, PadBottom = 1 }),
        ])
        {
            yield return new($"conv-transpose/{typeof(T).Name}/{name}", execution => Transposed(shape, execution));
        }

        foreach ((string name, int batch, Conv2DShape shape) in Shapes)
        {
            ConvAlgorithm algorithm = name == "3x3-wide" ? ConvAlgorithm.WinogradF2 : ConvAlgorithm.Direct;
            yield return new($"conv/{typeof(T).Name}/{name}/residual-last",
                execution => ResidualLast(new(shape, algorithm: algorithm), batch, execution));
        }

        // A bias gradient of a plane so large that one chain of float would drift.
        yield return new($"conv/{typeof(T).Name}/bias-gradient-of-a-large-plane", execution =>
        {
            Conv2DPlan<T> plan = new(new(1, 1300, 1400, 1, 1, 1));
            T[] db = new T[1];
            plan.BiasGradient(1, Numbers.Make<T>(plan.OutputLength(1), 4), db, default, execution);
            Digest digest = new();
            digest.Add<T>(db);
            return digest.Value;
        });
    }

    /// <summary>
    /// NCHW and unpacked weights without an epilogue; NHWC and packed ones with bias, residual and each activation in turn. Where
    /// images are innermost, each image of these layouts lies inside of its elements, and results are laid out as before.
    /// </summary>
    private static ulong Forward(Conv2DPlan<T> plan, int batch, Func<long, int, T[]> make, Execution execution,
        bool areInnermost = false)
    {
        Digest digest = new();
        Conv2DShape shape = plan.Shape;
        T[] x = make(plan.InputLength(batch), 1), w = make(shape.WeightCount, 2), y = new T[plan.OutputLength(batch)],
            given = areInnermost ? Turned(x, batch) : x;
        Turn().Forward(batch, given, w, y, default, execution);
        digest.Add<T>(Back(y));
        plan = Nhwc(plan);
        Conv2DPlan<T> turned = Turn();
        PackedFilter<T> filter = turned.Pack(w, FilterUse.Forward, execution.Tier);
        T[] bias = make(shape.K, 3), residual = make(y.Length, 4);
        if (areInnermost)
            residual = Turned(residual, batch);
        Activation activation = (Activation)(shape.K % 6);
        turned.Forward(
            batch, given, filter, y, new Epilogue<T> { Bias = bias, Residual = residual, Activation = activation }, execution);
        digest.Add<T>(Back(y));
        return digest.Value;

        Conv2DPlan<T> Turn() => areInnermost ? Turned(plan, batch) : plan;

        T[] Back(T[] images) => areInnermost ? Turned(images, images.Length / batch) : images;
    }

    /// <summary>A residual after the activation, NCHW and NHWC.</summary>
    private static ulong ResidualLast(Conv2DPlan<T> plan, int batch, Execution execution)
    {
        Digest digest = new();
        foreach (Conv2DPlan<T> each in (Conv2DPlan<T>[])[plan, Nhwc(plan)])
        {
            T[] y = new T[each.OutputLength(batch)];
            each.Forward(batch, Numbers.Make<T>(each.InputLength(batch), 1), Numbers.Make<T>(each.Shape.WeightCount, 2), y,
                new Epilogue<T>
                {
                    Residual = Numbers.Make<T>(y.Length, 4),
                    AddsResidualLast = true,
                    Activation = Activation.Relu,
                }, execution);
            digest.Add<T>(y);
        }

        return digest.Value;
    }

    /// <summary>All directions of a batch that is more than one block of images.</summary>
    private static ulong ImagesInLanes(Conv2DShape shape, ConvAlgorithm algorithm, Execution execution)
    {
        const int Batch = 37;
        Digest digest = new();
        Conv2DPlan<T> plan = new(shape, ImageLayout.Chwn(shape.C, shape.H, shape.W, Batch),
            ImageLayout.Chwn(shape.K, shape.P, shape.Q, Batch), algorithm);
        T[] x = Numbers.Make<T>(plan.InputLength(Batch), 1), w = Numbers.Make<T>(shape.WeightCount, 2),
            bias = Numbers.Make<T>(shape.K, 3), y = new T[plan.OutputLength(Batch)];
        plan.Forward(Batch, x, w, y, new Epilogue<T> { Bias = bias, Activation = Activation.Tanh }, execution);
        digest.Add<T>(y);
        plan.InputGradient(Batch, y, w, x, T.CreateTruncating(0.75), execution);
        digest.Add<T>(x);
        plan.WeightGradient(Batch, x, y, w, bias, T.One, execution);
        digest.Add<T>(w);
        return digest.Value;
    }

    private static ulong InputGradient(Conv2DPlan<T> plan, int batch, Func<long, int, T[]> make, Execution execution,
        bool areInnermost = false)
    {
        Digest digest = new();
        T[] dy = make(plan.OutputLength(batch), 5), w = make(plan.Shape.WeightCount, 2), dx = make(plan.InputLength(batch), 6),
            given = areInnermost ? Turned(dy, batch) : dy;
        Turn().InputGradient(batch, given, w, dx, T.Zero, execution);
        digest.Add<T>(Back(dx));
        plan = Nhwc(plan);
        Conv2DPlan<T> turned = Turn();
        turned.InputGradient(
            batch, given, turned.Pack(w, FilterUse.InputGradient, execution.Tier), dx, T.CreateTruncating(0.75), execution);
        digest.Add<T>(Back(dx));
        return digest.Value;

        Conv2DPlan<T> Turn() => areInnermost ? Turned(plan, batch) : plan;

        T[] Back(T[] images) => areInnermost ? Turned(images, images.Length / batch) : images;
    }

    /// <summary>The plan whose images lie inside of each element of another plan's image.</summary>
    private static Conv2DPlan<T> Turned(Conv2DPlan<T> plan, int batch)
    {
        return new(plan.Shape, Of(plan.InputLayout), Of(plan.OutputLayout));

        ImageLayout Of(ImageLayout layout) => new(1, layout.C * batch, layout.H * batch, layout.W * batch);
    }

    /// <summary>The transpose of a matrix of so many rows: images behind each other become innermost, or the inverse.</summary>
    private static T[] Turned(T[] matrix, int rows)
    {
        T[] turned = new T[matrix.Length];
        int columns = matrix.Length / rows;
        for (int i = 0; i < turned.Length; i++)
            turned[(i % columns * rows) + (i / columns)] = matrix[i];
        return turned;
    }

    private static ulong WeightGradient(Conv2DPlan<T> plan, int batch, Func<long, int, T[]> make, Execution execution,
        bool areInnermost = false)
    {
        Digest digest = new();
        T[] x = make(plan.InputLength(batch), 1), dy = make(plan.OutputLength(batch), 5), dw = make(plan.Shape.WeightCount, 7),
            db = make(plan.Shape.K, 8);
        if (areInnermost)
            (x, dy) = (Turned(x, batch), Turned(dy, batch));
        Turn().WeightGradient(batch, x, dy, dw, db, T.Zero, execution);
        digest.Add<T>(dw);
        digest.Add<T>(db);
        plan = Nhwc(plan);
        Turn().WeightGradient(batch, x, dy, dw, db, T.One, execution);
        digest.Add<T>(dw);
        Turn().BiasGradient(batch, dy, db, T.CreateTruncating(0.5), execution);
        digest.Add<T>(db);
        return digest.Value;

        Conv2DPlan<T> Turn() => areInnermost ? Turned(plan, batch) : plan;
    }

    /// <summary>All directions of one image, with NaN, infinities, -0 and a subnormal number in all operands.</summary>
    private static ulong SpecialValues(Conv2DShape shape, Execution execution)
    {
        Digest digest = new();
        Conv2DPlan<T> plan = new(shape);
        digest.Add(
            [.. new[] { Forward(plan, 1, Numbers.WithSpecialValues<T>, execution),
                InputGradient(plan, 1, Numbers.WithSpecialValues<T>, execution),
            WeightGradient(plan, 1, Numbers.WithSpecialValues<T>, execution) }.Select(hash => (long)hash)]);
        return digest.Value;
    }

    private static ulong Transposed(ConvTranspose2DShape shape, Execution execution)
    {
        Digest digest = new();
        ConvTranspose2DPlan<T> plan = new(shape);
        T[] x = Numbers.Make<T>(plan.InputLength(2), 1), w = Numbers.Make<T>(shape.WeightCount, 2),
            y = new T[plan.OutputLength(2)];
        T[] dx = new T[x.Length], dw = new T[w.Length], bias = Numbers.Make<T>(shape.K, 3);
        plan.Forward(2, x, w, y, new Epilogue<T> { Bias = bias, Activation = Activation.HardSwish }, execution);
        plan.InputGradient(2, y, plan.Pack(w, FilterUse.InputGradient, execution.Tier), dx, T.Zero, execution);
        plan.WeightGradient(2, x, y, dw, T.Zero, execution);
        plan.BiasGradient(2, y, bias, T.One, execution);
        digest.Add<T>(y);
        digest.Add<T>(dx);
        digest.Add<T>(dw);
        digest.Add<T>(bias);
        return digest.Value;
    }

    private static Conv2DPlan<T> Nhwc(Conv2DPlan<T> plan)
    {
        Conv2DShape shape = plan.Shape;
        return new(
            shape, ImageLayout.Nhwc(shape.C, shape.H, shape.W), ImageLayout.Nhwc(shape.K, shape.P, shape.Q), plan.ConvAlgorithm);
    }
}
