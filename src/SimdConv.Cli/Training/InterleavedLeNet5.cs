using System.Numerics;
using SimdConv.Cli.Data;

namespace SimdConv.Cli.Training;

/// <summary>
/// LeNet-5 by the library. A batch is cut in four parts, and the images of a part are interleaved pixel by pixel:
/// [channel][row][column][image]. To a convolution they are one wide image, whose taps are as many columns apart as there are
/// images, and fill registers whatever their size; the second convolution is run by Winograd's algorithm
/// (<see cref="WinogradLayer{T}"/>); a dense layer is a product of its weights with a matrix of one image a column. Two parts run
/// through all layers and back while they are in cache.
/// </summary>
/// <remarks>
/// Threads share parts. Each part has weight gradients of its own for the convolutions, added in ascending order; the weight
/// gradients of the dense layers are products over the whole batch. So no result depends on the number of threads. Columns behind
/// the last image hold zeros, and their loss isn't counted.
/// </remarks>
internal sealed unsafe class InterleavedLeNet5<T> : LeNet5<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Parts = 4, PartsAtOnce = 2;

    private static readonly T Scale = T.CreateTruncating(LeNetShapes.TanhScale);

    private readonly Team team;
    private readonly Execution alone;
    private readonly Action<int> forward, train, weigh;
    private readonly Conv2DPlan<T> plan1;
    private readonly WinogradFilter<T> filter2 = new(LeNetShapes.Convs[1]);
    private PackedFilter<T>? filter1;

    /// <summary>The second convolution's layer, for each thread.</summary>
    private readonly WinogradLayer<T>[] layers2;

    /// <summary>Images of a part, and of the most parts together.</summary>
    private readonly int width, columns;

    // For each part: its images, the results of the convolutions' layers, and gradients. The gradient of the first convolution
    // overwrites its result.
    private readonly T[] images, conv1, dPool2, dConvs;
    private readonly AlignedBuffer<T> pool1, conv2, dPool1;

    // Matrices of one image a column.
    private readonly T[] pool2, hidden1, hidden2, logits, dHidden1, dHidden2, dLogits;

    private readonly T[] rows, dRows, ones;
    private readonly (double Loss, int Correct)[] scores;

    // The current batch.
    private T* source;
    private byte* labels;
    private int batch;
    private Adam<T>? optimizer;

    public InterleavedLeNet5(Execution execution, int maxBatch)
        : base(maxBatch)
    {
        team = new Team(Math.Clamp(execution.MaxThreads, 1, Parts));
        alone = execution with { MaxThreads = 1 };
        (forward, train, weigh) = (share => Each(share, trains: false), share => Each(share, trains: true), Weigh);
        width = (maxBatch + Parts - 1) / Parts;
        int parts = PartsOf(maxBatch);
        columns = parts * width;
        plan1 = new Conv2DPlan<T>(LeNetShapes.Convs[0] with { W = 32 * width, DilationW = width });
        layers2 = [.. Enumerable.Range(0, team.Size).Select(_ => new WinogradLayer<T>(LeNetShapes.Convs[1], width, Scale))];
        (images, conv1, dPool2) = (new T[1024 * columns], new T[6 * 28 * 28 * columns], new T[400 * columns]);
        (pool1, conv2, dPool1) =
            (new(parts * (long)layers2[0].XSize), new(parts * (long)layers2[0].YSize), new(parts * (long)layers2[0].XSize));
        dConvs = new T[parts * LeNetParameters.ConvCount];
        (pool2, hidden1, hidden2, logits) =
            (new T[400 * columns], new T[120 * columns], new T[84 * columns], new T[DigitSet.Classes * columns]);
        (dHidden1, dHidden2, dLogits) = (new T[hidden1.Length], new T[hidden2.Length], new T[logits.Length]);
        (rows, dRows, ones) = (new T[logits.Length], new T[logits.Length], new T[columns]);
        ones.AsSpan().Fill(T.One);
        scores = new (double, int)[parts];
    }

    public override ReadOnlySpan<T> Forward(int batch, ReadOnlySpan<T> images)
    {
        Start(batch, images, [], forward);
        return rows.AsSpan(0, batch * DigitSet.Classes);
    }

    public override (double Loss, int Correct) Train(ReadOnlySpan<T> images, ReadOnlySpan<byte> labels, Adam<T>? optimizer = null)
    {
        Start(labels.Length, images, labels, train);
        this.optimizer = optimizer;
        optimizer?.Begin();
        team.Run(weigh);
        if (optimizer is not null)
            TakeUpdate();
        (double loss, int correct) = (0, 0);
        foreach ((double partLoss, int partCorrect) in scores.AsSpan(0, PartsOf(batch)))
        {
            loss += partLoss;
            correct += partCorrect;
        }

        return (loss, correct);
    }

    private int PartsOf(int batch) => (batch + width - 1) / width;

    private void Start(int batch, ReadOnlySpan<T> images, ReadOnlySpan<byte> labels, Action<int> body)
    {
        if (TakeChange())
        {
            // Nobody needs the gradient of the images: only the forward direction is packed.
            if (filter1 is null)
                filter1 = plan1.Pack(Weights(0), FilterUse.Forward, alone.Tier);
            else
                plan1.Repack(Weights(0), filter1);
            filter2.SetWeights(Weights(1));
        }

        fixed (T* pixels = images[..(batch * ImageResize.Pixels)])
        {
            fixed (byte* digits = labels)
            {
                this.batch = batch;
                source = pixels;
                this.labels = digits;
                team.Run(body);
            }
        }
    }

    /// <summary>The parts of one thread.</summary>
    private void Each(int share, bool trains)
    {
        int parts = PartsOf(batch), end = parts * (share + 1) / team.Size;
        for (int part = parts * share / team.Size; part < end; part += PartsAtOnce)
            Run(part, Math.Min(part + PartsAtOnce, end), trains, layers2[share]);
    }

    /// <summary>
    /// Runs some parts forward and back: so few that their layers are still in cache on the way back, so many that the dense
    /// layers' products are wide.
    /// </summary>
    private void Run(int first, int last, bool trains, WinogradLayer<T> layer2)
    {
        for (int part = first; part < last; part++)
            Features(part, layer2);
        int column = first * width, count = Math.Min(batch, last * width) - column;
        Range images = column..(last * width);
        Dense(0, pool2, hidden1, images, Activation.Tanh);
        Dense(1, hidden1, hidden2, images, Activation.Tanh);
        Dense(2, hidden2, logits, images, Activation.None);
        Span<T> row = Rows(rows, column, count);
        Interleaved.Scatter<T>(logits.AsSpan(column), columns, DigitSet.Classes, count, row);
        if (!trains)
            return;

        Span<T> dRow = Rows(dRows, column, count);
        for (int part = first; part < last; part++)
        {
            int from = part * width, some = Math.Min(width, batch - from);
            ReadOnlySpan<byte> digits = new(labels + from, some);
            scores[part] =
                SoftmaxCrossEntropy.Evaluate(Rows(rows, from, some), digits, DigitSet.Classes, Rows(dRows, from, some), batch);
        }

        Interleaved.Gather<T>(dRow, DigitSet.Classes, (last - first) * width, dLogits.AsSpan(column), columns);
        DenseInput(2, dLogits, dHidden2, images);
        Interleaved.TanhGradient<T>(hidden2.AsSpan(column), dHidden2.AsSpan(column), 84, (last - first) * width, columns, Scale);
        DenseInput(1, dHidden2, dHidden1, images);
        Interleaved.TanhGradient<T>(hidden1.AsSpan(column), dHidden1.AsSpan(column), 120, (last - first) * width, columns, Scale);
        DenseInput(0, dHidden1, dPool2, images);

        // The last part's layers are still in cache.
        for (int part = last - 1; part >= first; part--)
            FeatureGradients(part, layer2);
    }

    private void Features(int part, WinogradLayer<T> layer2)
    {
        int first = part * width, count = Math.Min(width, batch - first);
        Span<T> x = Of(images, part), y1 = Of(conv1, part);
        T* p1 = pool1.At(part * (nint)layer2.XSize);
        Interleaved.Gather(new ReadOnlySpan<T>(source + ((nint)first * ImageResize.Pixels), count * ImageResize.Pixels),
            ImageResize.Pixels, width, x, width);
        plan1.Forward(1, x, filter1!, y1, new Epilogue<T> { Bias = Bias(0), Activation = Activation.Tanh, Scale = Scale }, alone);
        Interleaved.Pool(y1, 6 * 28, 28, width, new Span<T>(p1, layer2.XSize), layer2.RowPitch);
        fixed (T* p2 = &pool2[first])
            layer2.Forward(p1, filter2, Bias(1), conv2.At(part * (nint)layer2.YSize), p2, columns, alone);
    }

    private void FeatureGradients(int part, WinogradLayer<T> layer2)
    {
        T* dp1 = dPool1.At(part * (nint)layer2.XSize);
        fixed (T* dp2 = &dPool2[part * width])
        {
            layer2.Backward(
                pool1.At(part * (nint)layer2.XSize), filter2, conv2.At(part * (nint)layer2.YSize), dp2, columns, dp1,
                ConvGradient(part, LeNetParameters.Weights[1]), ConvGradient(part, LeNetParameters.Biases[1]));
        }

        Span<T> x = Of(images, part), y1 = Of(conv1, part);
        Span<T> db1 = ConvGradient(part, LeNetParameters.Biases[0]);
        Interleaved.PoolTanhGradient(new ReadOnlySpan<T>(dp1, layer2.XSize), layer2.RowPitch, y1, 28, 28, width, Scale, db1);
        plan1.WeightGradient(1, x, y1, ConvGradient(part, LeNetParameters.Weights[0]), [], execution: alone);
    }

    /// <summary>A part's own gradient of some parameters of the convolutions.</summary>
    private Span<T> ConvGradient(int part, (int Start, int Count) parameters) =>
        dConvs.AsSpan((part * LeNetParameters.ConvCount) + parameters.Start, parameters.Count);

    /// <summary>
    /// A thread's share of what is summed over the whole batch: the gradients of some outputs of each dense layer and of some
    /// weights of the convolutions, and the update of these parameters.
    /// </summary>
    private void Weigh(int share)
    {
        int used = PartsOf(batch) * width;
        WeighDense(0, pool2, dHidden1);
        WeighDense(1, hidden1, dHidden2);
        WeighDense(2, hidden2, dLogits);
        (int start, int end) = Share(LeNetParameters.ConvCount);
        Span<T> sums = GradientsToEdit.Slice(start, end - start);
        dConvs.AsSpan(start, sums.Length).CopyTo(sums);
        for (int part = 1; part < PartsOf(batch); part++)
            Interleaved.Add(dConvs.AsSpan((part * LeNetParameters.ConvCount) + start, sums.Length), sums);
        Update(start, sums.Length);

        (int Start, int End) Share(int size) => (size * share / team.Size, size * (share + 1) / team.Size);

        void WeighDense(int layer, T[] x, T[] dy)
        {
            (int inputs, int outputs) = LeNetShapes.Dense[layer];
            (int from, int to) = Share(outputs);
            if (from == to)
                return;
            int weights = LeNetParameters.Weights[2 + layer].Start + (from * inputs),
                biases = LeNetParameters.Biases[2 + layer].Start + from, rows = to - from;
            ReadOnlySpan<T> given = dy.AsSpan(from * columns);
            Gemm.Multiply(Transpose.No, Transpose.Yes, rows, inputs, used, T.One, given, columns, x, columns, T.Zero,
                GradientsToEdit[weights..], inputs, alone);
            Gemm.Multiply(Transpose.No, Transpose.No, rows, 1, used, T.One, given, columns, ones, 1, T.Zero,
                GradientsToEdit[biases..], 1, alone);
            Update(weights, rows * inputs);
            Update(biases, rows);
        }

        // Updated values go to another array than the one that all threads have just read: a core waits long to write a cache
        // line that another core holds.
        void Update(int from, int count) =>
            optimizer?.Update(from, Parameters.Slice(from, count), Gradients.Slice(from, count),
                UpdatedParameters.Slice(from, count));
    }

    private void Dense(int layer, T[] x, T[] y, Range images, Activation activation)
    {
        ((int inputs, int outputs), (int first, int count)) = (LeNetShapes.Dense[layer], images.GetOffsetAndLength(columns));
        GemmEpilogue<T> epilogue = new() { RowBias = Bias(2 + layer), Activation = activation, Scale = Scale };
        Gemm.Multiply(
            Transpose.No, Transpose.No, outputs, count, inputs, T.One, Weights(2 + layer), inputs, x.AsSpan(first), columns,
            T.Zero, y.AsSpan(first), columns, alone, epilogue);
    }

    private void DenseInput(int layer, T[] dy, T[] dx, Range images)
    {
        ((int inputs, int outputs), (int first, int count)) = (LeNetShapes.Dense[layer], images.GetOffsetAndLength(columns));
        Gemm.Multiply(
            Transpose.Yes, Transpose.No, inputs, count, outputs, T.One, Weights(2 + layer), inputs, dy.AsSpan(first), columns,
            T.Zero, dx.AsSpan(first), columns, alone);
    }

    /// <summary>The part of a buffer that belongs to one part of the batch.</summary>
    private Span<T> Of(T[] all, int part)
    {
        int size = all.Length / columns * width;
        return all.AsSpan(part * size, size);
    }

    private static Span<T> Rows(T[] logits, int first, int count) =>
        logits.AsSpan(first * DigitSet.Classes, count * DigitSet.Classes);
}
