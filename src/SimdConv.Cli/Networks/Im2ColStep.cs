using System.Buffers;
using System.Numerics;

namespace SimdConv.Cli.Networks;

/// <summary>
/// A convolution by way of the column matrix of each image and group: a product with the weights, one with its transpose for the
/// weights' gradient, and columns summed back to an image. Images are brought to lie one after the other, and results back.
/// </summary>
internal sealed class Im2ColStep<T>(
    Engine<T> engine, ConvLayer layer, int width, ReadOnlyMemory<T> weights, ReadOnlyMemory<T> bias, Execution execution)
    : Step<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly int inputs = layer.Input.Elements, outputs = layer.Output.Elements, groups = layer.Shape.Groups;

    // Of one group.
    private readonly IndexTable table =
        new(layer.Shape with { C = layer.Shape.C / layer.Shape.Groups, K = layer.Shape.K / layer.Shape.Groups, Groups = 1 });

    public override string Algorithm => "direct";

    private int Maps => layer.Shape.K / groups;

    private int GroupInputs => inputs / groups;

    private int GroupOutputs => outputs / groups;

    private int GroupWeights => Maps * table.Rows;

    public override void Forward(int images, ReadOnlySpan<T> x, Span<T> y, Span<byte> notes)
    {
        T[] source = Rent(images * inputs), result = Rent(images * outputs), columns = Rent(table.Rows * table.Columns);
        layer.Input.ToOutermost(images, x, width, source, execution);
        for (int i = 0; i < images * groups; i++)
        {
            int group = i % groups;
            Unfold(source.AsSpan(i * GroupInputs), columns);
            engine.Multiply(Transpose.No, Transpose.No, Maps, table.Columns, table.Rows, weights.Span[(group * GroupWeights)..],
                table.Rows, columns, table.Columns, result.AsSpan(i * GroupOutputs), table.Columns, threads: execution.MaxThreads,
                bias.Span.Slice(group * Maps, Maps), layer.Activation);
        }

        layer.Output.ToInnermost(images, result, y, width, execution);
        Return(source, result, columns);
    }

    public override void InputGradient(int images, ReadOnlySpan<T> dy, ReadOnlySpan<byte> notes, Span<T> dx)
    {
        T[] source = Rent(images * outputs), result = Rent(images * inputs), columns = Rent(table.Rows * table.Columns);
        layer.Output.ToOutermost(images, dy, width, source, execution);
        for (int i = 0; i < images * groups; i++)
        {
            engine.Multiply(Transpose.Yes, Transpose.No, table.Rows, table.Columns, Maps,
                weights.Span[(i % groups * GroupWeights)..], table.Rows, source.AsSpan(i * GroupOutputs), table.Columns, columns,
                table.Columns, threads: execution.MaxThreads);
            Col2Im.Fold(table, 1, columns.AsSpan(0, table.Rows * table.Columns), ColumnLayout.PerImage(table),
                result.AsSpan(i * GroupInputs, GroupInputs), execution);
        }

        layer.Input.ToInnermost(images, result, dx, width, execution);
        Return(source, result, columns);
    }

    public override void WeightGradient(int images, ReadOnlySpan<T> x, ReadOnlySpan<T> dy, Span<T> dw, Span<T> db)
    {
        T[] source = Rent(images * inputs), given = Rent(images * outputs), columns = Rent(table.Rows * table.Columns);
        T[] product = Rent(GroupWeights);
        layer.Input.ToOutermost(images, x, width, source, execution);
        layer.Output.ToOutermost(images, dy, width, given, execution);
        dw.Clear();
        db.Clear();
        for (int i = 0; i < images * groups; i++)
        {
            int group = i % groups;
            ReadOnlySpan<T> gradients = given.AsSpan(i * GroupOutputs, GroupOutputs);
            Unfold(source.AsSpan(i * GroupInputs), columns);
            engine.Multiply(Transpose.No, Transpose.Yes, Maps, table.Rows, table.Columns, gradients, table.Columns, columns,
                table.Columns, product, table.Rows, threads: execution.MaxThreads);
            Span<T> sums = dw.Slice(group * GroupWeights, GroupWeights);
            for (int j = 0; j < sums.Length; j++)
                sums[j] += product[j];
            for (int k = 0; k < Maps; k++)
            {
                T sum = T.Zero;
                foreach (T gradient in gradients.Slice(k * table.Columns, table.Columns))
                    sum += gradient;
                db[(group * Maps) + k] += sum;
            }
        }

        Return(source, given, columns, product);
    }

    private void Unfold(ReadOnlySpan<T> image, T[] columns) =>
        Im2Col.Unfold(table, 1, image[..GroupInputs], columns.AsSpan(0, table.Rows * table.Columns), ColumnLayout.PerImage(table),
            execution);

    private static T[] Rent(int length) => ArrayPool<T>.Shared.Rent(length);

    private static void Return(params ReadOnlySpan<T[]> arrays)
    {
        foreach (T[] array in arrays)
            ArrayPool<T>.Shared.Return(array);
    }
}
