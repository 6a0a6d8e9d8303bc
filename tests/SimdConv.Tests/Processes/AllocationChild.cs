using System.Numerics;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Processes;

/// <summary>
/// Every operation many times after warming up; fails if the heap grew. Alone in its process: nothing else allocates here.
/// </summary>
internal static class AllocationChild
{
    private static readonly int Calls = Effort.Count(200, 1000);

    public static void Run(int threads)
    {
        foreach (SimdTier tier in SimdSupport.Available)
        {
            Run<float>(tier.Run(threads));
            Run<double>(tier.Run(threads));
        }
    }

    private static void Run<T>(Execution execution) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach ((string name, Action action) in Operations<T>(execution))
        {
            // Anything that allocates once a call does so in every round; the runtime itself may do so while it compiles.
            (long own, long all) = (0, 0);
            for (int round = 0; round < 4; round++)
            {
                (own, all) = Measure(action);
                if ((own, all) == (0, 0))
                    break;
            }

            Console.WriteLine(
                $"{name} {typeof(T).Name} {execution.Tier} on {execution.MaxThreads} threads: {own} bytes "
                + $"on the caller, {all} in all");
            Assert.Equal((0, 0), (own, all));
        }
    }

    private static (long Own, long All) Measure(Action action)
    {
        for (int i = 0; i < 30; i++)
            action();
        long own = GC.GetAllocatedBytesForCurrentThread(), all = GC.GetTotalAllocatedBytes(true);
        for (int i = 0; i < Calls; i++)
            action();
        return (GC.GetAllocatedBytesForCurrentThread() - own, GC.GetTotalAllocatedBytes(true) - all);
    }

    /// <summary>Every operation, on arrays of its own.</summary>
    public static IEnumerable<(string, Action)> Operations<T>(Execution e) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        const int Batch = 2;
        T[] a = Data.Make<T>(130 * 130, DataKind.Real, 1), b = Data.Make<T>(130 * 130, DataKind.Real, 2), c = new T[130 * 130];
        yield return ("Gemm.Multiply", () => SimdConv.Gemm.Multiply<T>(70, 60, 50, a, b, c, e));
        yield return ("Gemm.Multiply transposed", () =>
            SimdConv.Gemm.Multiply(Transpose.Yes, Transpose.Yes, 65, 33, 130, T.One, a, 65, b, 130, T.One, c, 33, e));
        // A and C interleave: the left and the right half of one matrix.
        yield return ("Gemm.Multiply on two halves of a matrix", () =>
            SimdConv.Gemm.Multiply(Transpose.No, Transpose.No, 20, 60, 60, T.One, a, 130, b, 60, T.Zero, a.AsSpan(65), 130, e));

        PackedMatrix<T> packedA = SimdConv.Gemm.Pack<T>(GemmSide.A, Transpose.No, 70, 50, a, 50, e.Tier),
            packedB = SimdConv.Gemm.Pack<T>(GemmSide.B, Transpose.No, 50, 60, b, 60, e.Tier);
        yield return ("Gemm.Multiply in place", () => SimdConv.Gemm.Multiply<T>(8, 8, 8, a, b, c, e));
        yield return ("Gemm.Multiply matrix-vector", () => SimdConv.Gemm.Multiply<T>(130, 1, 130, a, b, c, e));
        yield return ("Gemm.Multiply ragged", () => SimdConv.Gemm.Multiply<T>(130, 17, 130, a, b, c, e));
        yield return ("Gemm.Multiply A packed",
            () => SimdConv.Gemm.Multiply(packedA, Transpose.No, 60, b, 60, T.One, c, 60, e, new() { RowBias = a.AsSpan(0, 70) }));
        yield return ("Gemm.Multiply B packed",
            () => SimdConv.Gemm.Multiply(Transpose.No, 70, T.One, a, 50, packedB, T.One, c, 60, e,
                new() { Activation = Activation.Relu }));
        yield return ("Gemm.MultiplyBatched", () =>
            SimdConv.Gemm.MultiplyBatched(
                6, Transpose.No, Transpose.No, 40, 50, 40, T.One, a, 40, 1600, b, 50, 2000, T.Zero, c, 50, 2000, e));

        Conv2DShape shape = new Conv2DShape(4, 12, 14, 8, 3, 3) { StrideW = 2, Groups = 2 }.WithPadding(1, 1);
        Conv2DPlan<T> conv = new(shape);
        T[] x = Data.Make<T>(conv.InputLength(Batch), DataKind.Real, 3),
            y = Data.Make<T>(conv.OutputLength(Batch), DataKind.Real, 4);
        T[] w = Data.Make<T>(shape.WeightCount, DataKind.Real, 5), bias = new T[shape.K], residual = new T[y.Length];
        PackedFilter<T> filter = conv.Pack(w, FilterUse.Both, e.Tier);
        yield return ("Forward packed",
            () => conv.Forward(Batch, x, filter, y, new() { Bias = bias, Activation = Activation.Tanh }, e));
        yield return ("Forward with a residual",
            () => conv.Forward(Batch, x, filter, y, new() { Residual = residual, Activation = Activation.LeakyRelu }, e));
        yield return ("Forward", () => conv.Forward(Batch, x, w, y, default, e));
        yield return ("Repack", () => conv.Repack(w, filter));
        yield return ("InputGradient packed", () => conv.InputGradient(Batch, y, filter, x, default, e));
        yield return ("InputGradient", () => conv.InputGradient(Batch, y, w, x, default, e));
        yield return ("WeightGradient", () => conv.WeightGradient(Batch, x, y, w, bias, default, e));
        yield return ("BiasGradient", () => conv.BiasGradient(Batch, y, bias, default, e));
        yield return ("ReductionOrder", () => conv.ReductionOrder(Batch));
        yield return ("WorkspaceBytes", () => conv.WorkspaceBytes(ConvDirection.WeightGradient, Batch, e));

        // The other kinds of passes: a product of matrices, depthwise with planes and with channels in lanes, small dense images.
        foreach (Conv2DShape other in new Conv2DShape[]
        {
            new(20, 9, 9, 12, 1, 1),
            new Conv2DShape(36, 14, 14, 36, 3, 3) { Groups = 36 }.WithPadding(1, 1),
            new Conv2DShape(36, 14, 14, 36, 5, 5) { Groups = 36 }.WithPadding(2, 2),
            new Conv2DShape(36, 14, 14, 36, 7, 7) { Groups = 36, StrideH = 2, StrideW = 2 }.WithPadding(9, 9),
            new Conv2DShape(24, 7, 7, 24, 3, 3).WithPadding(1, 1),
        })
        {
            Conv2DPlan<T> plan = new(other);
            T[] from = Data.Make<T>(plan.InputLength(Batch), DataKind.Real, 3), to = new T[plan.OutputLength(Batch)],
                weights = Data.Make<T>(other.WeightCount, DataKind.Real, 5);
            PackedFilter<T> packed = plan.Pack(weights, FilterUse.Both, e.Tier);
            yield return ($"Forward of {other}", () => plan.Forward(Batch, from, weights, to, default, e));
            yield return ($"Forward packed of {other}", () => plan.Forward(Batch, from, packed, to, default, e));
            yield return ($"InputGradient of {other}", () => plan.InputGradient(Batch, to, packed, from, default, e));
            yield return ($"WeightGradient of {other}", () => plan.WeightGradient(Batch, from, to, weights, default, default, e));
        }

        ConvTranspose2DShape transposedShape = new(8, 12, 14, 4, 3, 3) { StrideW = 2, OutputPaddingW = 1, Groups = 2 };
        ConvTranspose2DPlan<T> transposed = new(transposedShape);
        T[] u = Data.Make<T>(transposed.InputLength(Batch), DataKind.Real, 6), v = new T[transposed.OutputLength(Batch)],
            wt = Data.Make<T>(transposedShape.WeightCount, DataKind.Real, 7);
        PackedFilter<T> transposedFilter = transposed.Pack(wt, FilterUse.Both, e.Tier);
        yield return ("Transposed forward packed",
            () => transposed.Forward(Batch, u, transposedFilter, v,
                new() { Bias = bias.AsSpan(0, 4), Activation = Activation.Relu6 }, e));
        yield return ("Transposed forward", () => transposed.Forward(Batch, u, wt, v, default, e));
        yield return ("Transposed repack", () => transposed.Repack(wt, transposedFilter));
        yield return ("Transposed input gradient packed",
            () => transposed.InputGradient(Batch, v, transposedFilter, u, T.One, e));
        yield return ("Transposed input gradient", () => transposed.InputGradient(Batch, v, wt, u, default, e));
        yield return ("Transposed weight gradient", () => transposed.WeightGradient(Batch, u, v, wt, default, e));
        yield return ("Transposed bias gradient", () => transposed.BiasGradient(Batch, v, bias.AsSpan(0, 4), default, e));

        Conv2DPlan<T> channelsLast =
            new(shape, ImageLayout.Nhwc(shape.C, shape.H, shape.W), ImageLayout.Nhwc(shape.K, shape.P, shape.Q));
        yield return ("Forward NHWC", () => channelsLast.Forward(Batch, x, w, y, default, e));
        yield return ("InputGradient NHWC", () => channelsLast.InputGradient(Batch, y, w, x, default, e));
        yield return ("WeightGradient NHWC", () => channelsLast.WeightGradient(Batch, x, y, w, bias, default, e));

        Conv2DPlan<T> imagesLast =
            new(shape, ImageLayout.Chwn(shape.C, shape.H, shape.W, Batch), ImageLayout.Chwn(shape.K, shape.P, shape.Q, Batch));
        yield return ("Forward CHWN", () => imagesLast.Forward(Batch, x, w, y, default, e));
        yield return ("InputGradient CHWN", () => imagesLast.InputGradient(Batch, y, w, x, T.One, e));
        yield return ("WeightGradient CHWN", () => imagesLast.WeightGradient(Batch, x, y, w, bias, default, e));

        Conv2DPlan<T> winograd = new(shape with { StrideW = 1 }, algorithm: ConvAlgorithm.WinogradF4);
        T[] winogradY = new T[winograd.OutputLength(Batch)];
        PackedFilter<T> transformed = winograd.Pack(w, FilterUse.Both, e.Tier);
        yield return ("Forward Winograd",
            () => winograd.Forward(Batch, x, transformed, winogradY, new() { Bias = bias, Activation = Activation.Relu }, e));
        yield return ("InputGradient Winograd", () => winograd.InputGradient(Batch, winogradY, w, x, T.One, e));
        yield return ("WeightGradient Winograd", () => winograd.WeightGradient(Batch, x, winogradY, w, bias, default, e));

        Pool2DShape window = new(4, 12, 14, 3, 2) { StrideH = 2 };
        Pool2DPlan<T> max = new(window, PoolKind.Max), average = new(window, PoolKind.Average);
        T[] pooled = new T[max.OutputLength(Batch)];
        byte[] winners = new byte[max.WinnerBytes(Batch)];
        long[] indices = new long[winners.Length];
        yield return ("Max forward", () => max.Forward(Batch, x, pooled, winners, e));
        yield return ("Max forward without winners", () => max.Forward(Batch, x, pooled, e));
        yield return ("Max backward", () => max.Backward(Batch, pooled, winners, x, e));
        yield return ("Max indices", () => max.Indices(Batch, winners, indices));
        yield return ("Average forward", () => average.Forward(Batch, x, pooled, e));
        yield return ("Average backward", () => average.Backward(Batch, pooled, x, e));

        ImageLayout images = ImageLayout.Chwn(window.C, window.H, window.W, Batch),
            pooledImages = ImageLayout.Chwn(window.C, window.P, window.Q, Batch);
        Pool2DPlan<T> maxOfImages = new(window, PoolKind.Max, images, pooledImages),
            averageOfImages = new(window, PoolKind.Average, images, pooledImages);
        yield return ("Max forward CHWN", () => maxOfImages.Forward(Batch, x, pooled, winners, e));
        yield return ("Max forward without winners CHWN", () => maxOfImages.Forward(Batch, x, pooled, e));
        yield return ("Max backward CHWN", () => maxOfImages.Backward(Batch, pooled, winners, x, e));
        yield return ("Average forward CHWN", () => averageOfImages.Forward(Batch, x, pooled, e));
        yield return ("Average backward CHWN", () => averageOfImages.Backward(Batch, pooled, x, e));

        yield return ("Images to CHWN", () => Images.Copy<T>(Batch, window.C, window.H, window.W, x,
            ImageLayout.Nhwc(window.C, window.H, window.W), y, images, e));

        IndexTable table = new(shape);
        ColumnLayout layout = ColumnLayout.Concatenated(table, Batch);
        T[] columns = new T[Batch * table.Rows * table.Columns];
        yield return ("Unfold", () => SimdConv.Im2Col.Unfold<T>(table, Batch, x, columns, layout, e));
        yield return ("Fold", () => Col2Im.Fold<T>(table, Batch, columns, layout, x, e));

        yield return ("OrderedSum", () => OrderedSum.Add<T>(3, a.Length / 3, a, e));

        yield return ("Tanh", () => SimdConv.Elementwise.Tanh<T>(a, c, T.One, e));
        yield return ("TanhGradient", () => SimdConv.Elementwise.TanhGradient<T>(a, b, c, T.One, e));
        yield return ("Relu", () => SimdConv.Elementwise.Relu<T>(a, c, e));
        yield return ("ReluGradient", () => SimdConv.Elementwise.ReluGradient<T>(a, b, c, e));
        yield return ("Relu6", () => SimdConv.Elementwise.Relu6<T>(a, c, e));
        yield return ("Relu6Gradient", () => SimdConv.Elementwise.Relu6Gradient<T>(a, b, c, e));
        yield return ("LeakyRelu", () => SimdConv.Elementwise.LeakyRelu<T>(a, c, T.One, e));
        yield return ("HardSwish", () => SimdConv.Elementwise.HardSwish<T>(a, c, e));
        yield return ("HardSwishGradient", () => SimdConv.Elementwise.HardSwishGradient<T>(a, b, c, e));
        yield return ("Activate", () => SimdConv.Elementwise.Activate<T>(Activation.Gelu, a, c, null, null, e));
        yield return ("ActivateGradient",
            () => SimdConv.Elementwise.ActivateGradient<T>(Activation.Silu, a, b, c, null, null, e));
        yield return ("LeakyReluGradient", () => SimdConv.Elementwise.LeakyReluGradient<T>(a, b, c, T.One, e));
    }
}
