using System.Numerics;
using SimdConv.Cli.Verification;
using SimdConv.Tests.Generators;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Exhaustive;

/// <summary>
/// One case of the sweep over convolutions in one type: the library's passes in each tier, against the sums of the plain loops.
/// </summary>
internal sealed class ConvSweep<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly int[] Betas = [0, 1, -2];

    private readonly Sweep sweep;
    private readonly PlainConv plain;
    private readonly Channels channels;
    private readonly long index;
    private readonly int[] x, dy, y, dx;
    private readonly Memory<T> inputX, inputDy, inputW;
    private readonly int threads;
    private string pass = "";

    public ConvSweep(Sweep sweep, PlainConv plain, Channels channels, long index, int threads = 1)
    {
        (this.sweep, this.plain, this.channels, this.index, this.threads) = (sweep, plain, channels, index, threads);
        (x, dx) = (Lay(plain.X, channels.C), Lay(plain.Dx, channels.C));
        (dy, y) = (Lay(plain.Dy, channels.K), Lay(plain.Y, channels.K));
        (inputX, inputDy, inputW) = (Bordered<T>.Input(x), Bordered<T>.Input(dy), Bordered<T>.Input(plain.W));
    }

    public void Convolution(ConvAlgorithm algorithm = ConvAlgorithm.Direct)
    {
        Conv2DShape shape = plain.Shape;
        Conv2DPlan<T>? plan = Make(
            () => new Conv2DPlan<T>(shape, Layout(shape.C, shape.H, shape.W), Layout(shape.K, shape.P, shape.Q), algorithm));
        if (plan is null)
            return;
        (int batch, int[] biased) = (plain.Batch, WithBias(y, plain.OutputBias));
        Memory<T> bias = Bordered<T>.Input(plain.OutputBias);
        foreach (SimdTier tier in Sweep.Tiers(index))
        {
            Execution execution = tier.Run(threads);
            pass = threads == 1 ? $"{algorithm}, {tier}" : $"{algorithm}, {tier} on {threads} threads";
            PackedFilter<T>? filter = Make(() => plan.Pack(inputW.Span, FilterUse.Both, tier));
            if (filter is null)
                continue;
            Check("y", y, [], 0, output => plan.Forward(batch, inputX.Span, inputW.Span, output, default, execution));
            Check("y, packed weights, bias", biased, [], 0, output =>
                plan.Forward(batch, inputX.Span, filter, output, new() { Bias = bias.Span }, execution));
            Check("dx", dx, x, Beta(0), output =>
                plan.InputGradient(batch, inputDy.Span, inputW.Span, output, BetaOf(0), execution));
            Check("dx, packed weights", dx, x, Beta(1), output =>
                plan.InputGradient(batch, inputDy.Span, filter, output, BetaOf(1), execution));
            if (algorithm != ConvAlgorithm.Direct)
                continue;
            Check("dw", plain.Dw, plain.W, Beta(2), output =>
                plan.WeightGradient(batch, inputX.Span, inputDy.Span, output, default, BetaOf(2), execution));
            Memory<T> dw = Bordered<T>.Input(plain.W);
            Check("db beside dw", plain.Db, plain.OutputBias, Beta(0), output =>
                plan.WeightGradient(batch, inputX.Span, inputDy.Span, dw.Span, output, BetaOf(0), execution));
            if (Bordered<T>.Difference(dw.Span, plain.Dw, plain.W, Beta(0)) is string difference)
                Fail("dw beside db", difference);
            Check("db", plain.Db, plain.OutputBias, Beta(1), output =>
                plan.BiasGradient(batch, inputDy.Span, output, BetaOf(1), execution));
        }

        if (algorithm == ConvAlgorithm.Direct && shape is { R: 3, S: 3, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1 })
            Convolution(ConvAlgorithm.WinogradF2);
    }

    public void Transposed()
    {
        ConvTranspose2DShape shape = plain.Transposed;
        ConvTranspose2DPlan<T>? plan =
            Make(() => new ConvTranspose2DPlan<T>(shape, Layout(shape.C, shape.H, shape.W), Layout(shape.K, shape.P, shape.Q)));
        if (plan is null)
            return;
        (int batch, int[] biased) = (plain.Batch, WithBias(dx, plain.InputBias));
        Memory<T> bias = Bordered<T>.Input(plain.InputBias);
        foreach (SimdTier tier in Sweep.Tiers(index))
        {
            Execution execution = tier.Run(threads);
            pass = $"transposed, {tier}";
            PackedFilter<T>? filter = Make(() => plan.Pack(inputW.Span, FilterUse.Both, tier));
            if (filter is null)
                continue;
            Check("y", dx, [], 0, output => plan.Forward(batch, inputDy.Span, filter, output, default, execution));
            Check("y, bias", biased, [], 0, output =>
                plan.Forward(batch, inputDy.Span, inputW.Span, output, new() { Bias = bias.Span }, execution));
            Check("dx", y, dy, Beta(0), output =>
                plan.InputGradient(batch, inputX.Span, inputW.Span, output, BetaOf(0), execution));
            Check("dx, packed weights", y, dy, Beta(1), output =>
                plan.InputGradient(batch, inputX.Span, filter, output, BetaOf(1), execution));
            Check("dw", plain.Dw, plain.W, Beta(2), output =>
                plan.WeightGradient(batch, inputDy.Span, inputX.Span, output, BetaOf(2), execution));
            Check("db", plain.InputSums, plain.InputBias, Beta(0), output =>
                plan.BiasGradient(batch, inputX.Span, output, BetaOf(0), execution));
        }
    }

    public void Columns()
    {
        Conv2DShape shape = plain.Shape;
        IndexTable? table = Make(() => new IndexTable(shape));
        if (table is null)
            return;
        int[] columns = plain.Unfolded(), values = PlainConv.Integers(columns.Length, (int)index), folded = plain.Folded(values);
        bool isConcatenated = index % 2 == 0;
        ColumnLayout layout = isConcatenated ? ColumnLayout.Concatenated(table, plain.Batch) : ColumnLayout.PerImage(table);
        Memory<T> inputColumns = Bordered<T>.Input(isConcatenated ? Concatenate(values, table) : values);
        int[] unfolded = isConcatenated ? Concatenate(columns, table) : columns;
        foreach (SimdTier tier in Sweep.Tiers(index))
        {
            pass = $"columns, {tier}";
            Check("im2col", unfolded, [], 0, output =>
                SimdConv.Im2Col.Unfold<T>(table, plain.Batch, inputX.Span, output, layout, tier.Run(threads)));
            Check("col2im", folded, [], 0, output =>
                Col2Im.Fold<T>(table, plain.Batch, inputColumns.Span, layout, output, tier.Run(threads)));
        }
    }

    /// <summary>Which of 0, 1 and -2 a pass gets: each in turn as cases go by.</summary>
    private int Beta(int turn) => Betas[(Data.Mix(2, index) + (ulong)turn) % 3];

    private T BetaOf(int turn) => T.CreateTruncating(Beta(turn));

    private ImageLayout Layout(int count, int height, int width) => channels.Layout switch
    {
        LayoutKind.Nhwc => ImageLayout.Nhwc(count, height, width),
        LayoutKind.ImagesInnermost => ImageLayout.Chwn(count, height, width, plain.Batch),
        _ => ImageLayout.Nchw(count, height, width),
    };

    private int[] WithBias(int[] image, int[] bias)
    {
        int[] sums = new int[image.Length];
        int plane = image.Length / plain.Batch / bias.Length;
        int next = channels.Layout switch
        {
            LayoutKind.Nhwc => 1,
            LayoutKind.ImagesInnermost => plane * plain.Batch,
            _ => plane,
        };
        for (int i = 0; i < sums.Length; i++)
            sums[i] = image[i] + bias[i / next % bias.Length];
        return sums;
    }

    /// <summary>An image in the order n, c, h, w as the case has it.</summary>
    private int[] Lay(int[] image, int count)
    {
        if (channels.Layout == LayoutKind.Nchw)
            return image;
        int size = image.Length / plain.Batch, plane = size / count;
        int[] laid = new int[image.Length];
        for (int i = 0; i < laid.Length && channels.Layout == LayoutKind.ImagesInnermost; i++)
            laid[(i % size * plain.Batch) + (i / size)] = image[i];
        if (channels.Layout == LayoutKind.ImagesInnermost)
            return laid;
        for (int i = 0; i < image.Length; i++)
            laid[(((i / plane / count * plane) + (i % plane)) * count) + (i / plane % count)] = image[i];
        return laid;
    }

    /// <summary>The columns of all images beside each other, instead of one matrix behind the other.</summary>
    private int[] Concatenate(int[] columns, IndexTable table)
    {
        int[] beside = new int[columns.Length];
        for (int i = 0; i < columns.Length; i++)
        {
            int row = i / table.Columns % table.Rows, n = i / table.Columns / table.Rows;
            beside[(((row * plain.Batch) + n) * table.Columns) + (i % table.Columns)] = columns[i];
        }

        return beside;
    }

    private TMade? Make<TMade>(Func<TMade> make) where TMade : class
    {
        try
        {
            return make();
        }
        catch (Exception e)
        {
            Fail($"making {typeof(TMade).Name}", $"{e.GetType().Name}: {e.Message.Split('\n')[0]}");
            return null;
        }
    }

    private void Check(string what, int[] sums, int[] before, int beta, Bordered<T>.Pass run)
    {
        string? difference = Bordered<T>.Difference(sums, before, beta, run);
        if (difference != null)
            Fail(what, $"beta {beta}: {difference}");
    }

    private void Fail(string what, string difference) =>
        sweep.Fail($"{new ShapeLine(plain.Batch, plain.Shape)} ({channels.Name}, case {index})\n    {Advice}",
            $"{pass}, {typeof(T).Name}, {what}", difference);

    private string Advice => FoundCases.Advice(FoundCases.Line(Found));

    private ConvCase Found => new(plain.Shape, plain.Batch, channels.Layout, channels.Layout, true, Beta(0), index % 2 == 0,
        DataKind.Integers, 1);
}
