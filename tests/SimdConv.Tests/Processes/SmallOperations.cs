using SimdConv.Tests.Support;

namespace SimdConv.Tests.Processes;

/// <summary>
/// Every kind of operation on small shapes of its own memory, each with the array that it overwrites. Those that are called
/// shared are just large enough to be shared out between threads; the others stay with their caller, however many it allows.
/// </summary>
internal static class SmallOperations
{
    private static readonly Conv2DShape Shape = new Conv2DShape(3, 6, 7, 5, 3, 3).WithPadding(1, 1),
        Strided = new Conv2DShape(4, 7, 9, 4, 3, 3) { Groups = 2, StrideW = 2, PadLeft = 1 },
        Wide = new Conv2DShape(8, 16, 16, 12, 3, 3).WithPadding(1, 1);

    // Shared by all callers, as a host's would be.
    private static readonly Conv2DPlan<float> Dense = new(Shape), Grouped = new(Strided), Shared = new(Wide);

    private static readonly Pool2DPlan<float> Max = new(new(3, 6, 8, 2, 2), PoolKind.Max),
        Average = new(new(3, 6, 8, 3, 2) { StrideH = 2 }, PoolKind.Average);

    private static readonly IndexTable Table = new(Shape);

    private static readonly float[] Weights = Data.Make<float>(900, DataKind.Real, 7),
        Source = Data.Make<float>(7000, DataKind.Real, 8);

    private static readonly PackedFilter<float> Filter = Dense.Pack(Weights, FilterUse.Both);

    private static readonly PackedMatrix<float> Packed = SimdConv.Gemm.Pack<float>(GemmSide.B, Transpose.No, 9, 20, Weights, 20);

    public static IEnumerable<(string Name, Action Run, float[] Result)> All(Execution e)
    {
        const int Batch = 2;
        yield return Make("Gemm", 12 * 9, c => SimdConv.Gemm.Multiply<float>(12, 9, 15, Source, Weights, c, e));
        yield return Make("Gemm transposed", 33 * 40, c =>
            SimdConv.Gemm.Multiply(Transpose.Yes, Transpose.Yes, 33, 40, 20, 0.5f, Source, 33, Source, 20, 0, c, 40, e));
        yield return Make("Gemm shared", 80 * 70, c => SimdConv.Gemm.Multiply<float>(80, 70, 80, Source, Source, c, e));
        yield return Make("Gemm packed", 7 * 20,
            c => SimdConv.Gemm.Multiply(Transpose.No, 7, 1f, Source, 9, Packed, 0, c, 20, e));
        yield return Make("Gemm batched", 4 * 25, c =>
            SimdConv.Gemm.MultiplyBatched(
                4, Transpose.No, Transpose.No, 5, 5, 5, 1f, Source, 5, 25, Weights, 5, 0, 0, c, 5, 25, e));
        yield return Make("Forward packed", Dense.OutputLength(Batch),
            y => Dense.Forward(Batch, Source, Filter, y, new() { Activation = Activation.Relu }, e));
        yield return Make("Forward", Grouped.OutputLength(Batch), y => Grouped.Forward(Batch, Source, Weights, y, default, e));
        yield return Make("InputGradient packed", Dense.InputLength(Batch),
            dx => Dense.InputGradient(Batch, Source, Filter, dx, 0, e));
        yield return Make("InputGradient", Grouped.InputLength(Batch),
            dx => Grouped.InputGradient(Batch, Source, Weights, dx, 0, e));
        yield return Make("WeightGradient", Shape.WeightCount,
            dw => Dense.WeightGradient(Batch, Source, Source, dw, default, 0, e));
        yield return Make("WeightGradient grouped", Strided.WeightCount,
            dw => Grouped.WeightGradient(Batch, Source, Source, dw, default, 0, e));
        yield return Make("Forward shared", Shared.OutputLength(Batch),
            y => Shared.Forward(Batch, Source, Weights, y, default, e));
        yield return Make("InputGradient shared", Shared.InputLength(Batch),
            dx => Shared.InputGradient(Batch, Source, Weights, dx, 0, e));
        yield return Make("WeightGradient shared", Wide.WeightCount,
            dw => Shared.WeightGradient(Batch, Source, Source, dw, default, 0, e));
        yield return Make("BiasGradient", Shape.K, db => Dense.BiasGradient(Batch, Source, db, 0, e));
        byte[] winners = new byte[Max.WinnerBytes(Batch)];
        yield return Make("Max", Max.OutputLength(Batch), y => Max.Forward(Batch, Source, y, winners, e));
        yield return Make("Average", Average.OutputLength(Batch), y => Average.Forward(Batch, Source, y, e));
        yield return Make("Average backward", Average.InputLength(Batch), dx => Average.Backward(Batch, Source, dx, e));
        yield return Make("Unfold", Batch * Table.Rows * Table.Columns, columns =>
            SimdConv.Im2Col.Unfold<float>(Table, Batch, Source, columns, ColumnLayout.PerImage(Table), e));
        yield return Make("Fold", Shape.C * Shape.H * Shape.W,
            x => Col2Im.Fold<float>(Table, 1, Source, ColumnLayout.PerImage(Table), x, e));
        yield return Make("Tanh", 300, y => SimdConv.Elementwise.Tanh<float>(Source.AsSpan(0, 300), y, 1.7159f, e));
    }

    private static (string, Action, float[]) Make(string name, long length, Action<float[]> run)
    {
        float[] result = new float[length];
        return (name, () => run(result), result);
    }
}
