using System.Runtime.InteropServices;
using SimdConv.Loops;

namespace SimdConv;

/// <summary>
/// A 2-D pooling made ready to be run many times, but for any batch size. A plan is immutable and may be used by any number of
/// threads at once; no call allocates managed memory after warm-up.
/// </summary>
/// <remarks>
/// x and dx are N x C x H x W, y and dy N x C x P x Q. Max: NaN in a window gives NaN, the first of equals wins, the last of
/// several NaN. Average: the sum, then one division by the number of pixels that count, rounded to T. Windows of R*S up to 4096
/// taps are summed in ascending (r, s); larger ones in blocks of max(1, 512/S) rows by 512 columns of the window, each in
/// ascending (r, s), whose sums are added as a balanced tree: neighbours pairwise, the blocks of the first rows first, an odd
/// last one unchanged, until one is left. Backward: each dx sums the contributions of its windows in ascending (r, s), of
/// adaptive windows in ascending (p, q).
/// </remarks>
/// <typeparam name="T">float or double.</typeparam>
public sealed unsafe class Pool2DPlan<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly PoolSchedule schedule;
    private readonly PerTier<PoolPass<T>> passes;
    private readonly PlanImages inputs, outputs;

    /// <summary>A plan for a shape, with images in the given layouts.</summary>
    /// <param name="shape">The geometry.</param>
    /// <param name="kind">Max or average.</param>
    /// <param name="input">Strides of x and dx; null is contiguous NCHW.</param>
    /// <param name="output">Strides of y and dy; null is contiguous NCHW.</param>
    /// <exception cref="ArgumentNullException">There is no shape.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The shape or a layout is impossible.</exception>
    /// <exception cref="NotSupportedException">T is neither float nor double.</exception>
    public Pool2DPlan(Pool2DShape shape, PoolKind kind, ImageLayout? input = null, ImageLayout? output = null)
    {
        ArgumentErrors.RequireElementType<T>();
        ArgumentNullException.ThrowIfNull(shape);
        shape.Validate(kind);
        Shape = shape;
        Kind = kind;
        InputLayout = input ?? ImageLayout.Nchw(shape.C, shape.H, shape.W);
        OutputLayout = output ?? ImageLayout.Nchw(shape.C, shape.P, shape.Q);
        inputs = new(InputLayout, shape.C, shape.H, shape.W, nameof(input), isOutput: false);
        outputs = new(OutputLayout, shape.C, shape.P, shape.Q, nameof(output), isOutput: true);
        schedule = new PoolSchedule(shape, kind);
        passes = new(tier => TierLoops<T>.For(tier).Pool(schedule));
    }

    /// <summary>Whether windows of any size are read in pieces, as large ones are; set by tests.</summary>
    internal bool InPieces
    {
        init => schedule.InPieces = value;
    }

    /// <summary>The geometry.</summary>
    public Pool2DShape Shape { get; }

    /// <summary>Max or average.</summary>
    public PoolKind Kind { get; }

    /// <summary>Strides of x and dx.</summary>
    public ImageLayout InputLayout { get; }

    /// <summary>Strides of y and dy.</summary>
    public ImageLayout OutputLayout { get; }

    /// <summary>Elements that x or dx spans, from the first to the last one of a batch.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The batch is negative, or images are a negative stride apart.</exception>
    /// <exception cref="OverflowException">The span exceeds 2^63 - 1 elements.</exception>
    public long InputLength(int batch) => inputs.ExactLength(batch, nameof(InputLayout));

    /// <summary>Elements that y or dy spans, from the first to the last one of a batch.</summary>
    /// <inheritdoc cref="InputLength" path="/exception"/>
    public long OutputLength(int batch) => outputs.ExactLength(batch, nameof(OutputLayout));

    /// <summary>
    /// Bytes of the winners of a batch: for each output element in the order (n, c, p, q) the winning tap r*S + s, in one byte
    /// where R*S is at most 256, else in four.
    /// </summary>
    /// <exception cref="InvalidOperationException">The plan is for average pooling.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The batch is negative, or so large that 64 bits can't count its winners'
    /// bytes.</exception>
    public long WinnerBytes(int batch)
    {
        RequireKind(PoolKind.Max);
        ArgumentErrors.RequireAtLeast(batch, 0, nameof(batch));
        long bytesOfImage = (long)Shape.C * Shape.P * Shape.Q * schedule.WinnerSize;
        if (batch > long.MaxValue / bytesOfImage)
            throw ArgumentErrors.OutOfRange(nameof(batch), batch,
                $"at most {long.MaxValue / bytesOfImage} images, whose winners 64 bits can count");
        return batch * bytesOfImage;
    }

    /// <summary>y = pooled x.</summary>
    /// <param name="batch">Images; 0 is valid.</param>
    /// <param name="x">N x C x H x W in <see cref="InputLayout"/>.</param>
    /// <param name="y">N x C x P x Q in <see cref="OutputLayout"/>; overwritten, gaps left alone; shares no element with
    /// x.</param>
    /// <param name="execution">Threads, scheduler and tier.</param>
    /// <exception cref="ArgumentOutOfRangeException">The batch is negative, or elements of y share a place in
    /// <see cref="OutputLayout"/>.
    /// </exception>
    /// <exception cref="ArgumentException">A span is too short or overlaps, or the tier is not available.</exception>
    public void Forward(int batch, ReadOnlySpan<T> x, Span<T> y, Execution execution = default) =>
        Forward(batch, x, y, [], keepWinners: false, execution);

    /// <summary>y = max-pooled x, and which tap of each window won.</summary>
    /// <param name="batch">Images; 0 is valid.</param>
    /// <param name="x">N x C x H x W in <see cref="InputLayout"/>.</param>
    /// <param name="y">N x C x P x Q in <see cref="OutputLayout"/>; overwritten, gaps left alone; shares no element with
    /// x.</param>
    /// <param name="winners"><see cref="WinnerBytes"/> bytes; overwritten; apart from x and y, the gaps of their layouts
    /// included.</param>
    /// <param name="execution">Threads, scheduler and tier.</param>
    /// <exception cref="ArgumentOutOfRangeException">The batch is negative, or elements of y share a place in
    /// <see cref="OutputLayout"/>.
    /// </exception>
    /// <exception cref="ArgumentException">A span is too short or overlaps, or the tier is not available.</exception>
    /// <exception cref="InvalidOperationException">The plan is for average pooling.</exception>
    public void Forward(int batch, ReadOnlySpan<T> x, Span<T> y, Span<byte> winners, Execution execution = default) =>
        Forward(batch, x, y, winners, keepWinners: true, execution);

    /// <summary>dx = gradient of average pooling.</summary>
    /// <param name="batch">Images; 0 is valid.</param>
    /// <param name="dy">N x C x P x Q in <see cref="OutputLayout"/>.</param>
    /// <param name="dx">N x C x H x W in <see cref="InputLayout"/>; overwritten, gaps left alone; shares no element with
    /// dy.</param>
    /// <param name="execution">Threads, scheduler and tier.</param>
    /// <exception cref="ArgumentOutOfRangeException">The batch is negative, or elements of dx share a place in
    /// <see cref="InputLayout"/>.
    /// </exception>
    /// <exception cref="ArgumentException">A span is too short or overlaps, or the tier is not available.</exception>
    /// <exception cref="InvalidOperationException">The plan is for max pooling.</exception>
    public void Backward(int batch, ReadOnlySpan<T> dy, Span<T> dx, Execution execution = default)
    {
        RequireKind(PoolKind.Average);
        Backward(batch, dy, [], 0, dx, execution, execution.Validate());
    }

    /// <summary>dx = gradient of max pooling: each dy goes to its window's winner.</summary>
    /// <param name="batch">Images; 0 is valid.</param>
    /// <param name="dy">N x C x P x Q in <see cref="OutputLayout"/>.</param>
    /// <param name="winners">What the forward pass stored. A tap that its window doesn't have in the image (not from a forward
    /// pass) gets nothing, whatever the number is.</param>
    /// <param name="dx">N x C x H x W in <see cref="InputLayout"/>; overwritten, gaps left alone; shares no element with dy, and
    /// is apart from winners.</param>
    /// <param name="execution">Threads, scheduler and tier.</param>
    /// <exception cref="ArgumentOutOfRangeException">The batch is negative, or elements of dx share a place in
    /// <see cref="InputLayout"/>.
    /// </exception>
    /// <exception cref="ArgumentException">A span is too short or overlaps, or the tier is not available.</exception>
    /// <exception cref="InvalidOperationException">The plan is for average pooling.</exception>
    public void Backward(int batch, ReadOnlySpan<T> dy, ReadOnlySpan<byte> winners, Span<T> dx, Execution execution = default)
    {
        SimdTier tier = execution.Validate();
        long winnerBytes = WinnerBytes(batch);
        ArgumentErrors.RequireBatch(winners, winnerBytes, batch);
        Backward(batch, dy, winners, winnerBytes, dx, execution, tier);
    }

    /// <summary>Winners as PyTorch's indices: the pixel h*W + w of each output element, in the order (n, c, p, q).</summary>
    /// <param name="batch">Images; 0 is valid.</param>
    /// <param name="winners">What the forward pass stored. A tap that its window doesn't have in the image gives -1.</param>
    /// <param name="indices">One for each output element; apart from winners.</param>
    /// <exception cref="ArgumentException">A span is too short or overlaps.</exception>
    /// <exception cref="InvalidOperationException">The plan is for average pooling.</exception>
    public void Indices(int batch, ReadOnlySpan<byte> winners, Span<long> indices)
    {
        long bytes = WinnerBytes(batch), count = bytes / schedule.WinnerSize;
        ArgumentErrors.RequireBatch(winners, bytes, batch);
        ArgumentErrors.RequireBatch((ReadOnlySpan<long>)indices, count, batch, nameof(indices));
        if (winners[..(int)bytes].Overlaps(MemoryMarshal.AsBytes(indices[..(int)count])))
            throw ArgumentErrors.Overlap(nameof(indices), nameof(winners));
        for (int i = 0, p = 0, q = 0; i < count; i++)
        {
            int tap = schedule.WinnerSize == 1 ? winners[i] : BitConverter.ToInt32(winners[(4 * i)..]);
            int r = tap / Shape.S, s = tap % Shape.S;
            long h = schedule.Rows.Starts[p] + ((long)r * Shape.DilationH),
                w = schedule.Columns.Starts[q] + ((long)s * Shape.DilationW);
            bool isInside = tap >= 0 && r < Shape.R && h >= 0 && h < Shape.H && w >= 0 && w < Shape.W;
            indices[i] = isInside ? (h * Shape.W) + w : -1;
            if (++q == schedule.Columns.Windows)
                (q, p) = (0, p + 1 == schedule.Rows.Windows ? 0 : p + 1);
        }
    }

    private void Forward(int batch, ReadOnlySpan<T> x, Span<T> y, Span<byte> winners, bool keepWinners, Execution execution)
    {
        SimdTier tier = execution.Validate();
        ArgumentErrors.RequireAtLeast(batch, 0, nameof(batch));
        long xLength = inputs.Length(batch, nameof(InputLayout)), yLength = outputs.Length(batch, nameof(OutputLayout));
        ArgumentErrors.RequireBatch(x, xLength, batch);
        ArgumentErrors.RequireBatch((ReadOnlySpan<T>)y, yLength, batch, nameof(y));
        outputs.RequireDistinct(batch, nameof(OutputLayout));
        long winnerBytes = keepWinners ? WinnerBytes(batch) : 0;
        ArgumentErrors.RequireBatch((ReadOnlySpan<byte>)winners, winnerBytes, batch, nameof(winners));
        fixed (T* px = x, py = y)
        fixed (byte* pw = winners)
        {
            if (outputs.Elements(py, batch).Intersects(inputs.Elements(px, batch)))
                throw ArgumentErrors.Overlap(nameof(y), nameof(x));
            if (Overlap(pw, winnerBytes, px, xLength))
                throw ArgumentErrors.Overlap(nameof(winners), nameof(x));
            if (Overlap(pw, winnerBytes, py, yLength))
                throw ArgumentErrors.Overlap(nameof(winners), nameof(y));
            if (Telemetry.IsOn && Telemetry.Count<T>(Operation.Pool, tier))
                Telemetry.Tell<T>(Operation.Pool, tier, $"{batch} of {Shape}", passes.Of(tier));
            passes.Of(tier).Run(new()
            {
                Batch = batch,
                Source = px,
                Target = py,
                Winners = keepWinners ? pw : null,
                SourceLayout = inputs.Of(batch),
                TargetLayout = outputs.Of(batch),
            }, execution);
        }
    }

    private void Backward(
        int batch, ReadOnlySpan<T> dy, ReadOnlySpan<byte> winners, long winnerBytes, Span<T> dx, Execution execution,
        SimdTier tier)
    {
        ArgumentErrors.RequireAtLeast(batch, 0, nameof(batch));
        ArgumentErrors.RequireBatch(dy, outputs.Length(batch, nameof(OutputLayout)), batch);
        long dxLength = inputs.Length(batch, nameof(InputLayout));
        ArgumentErrors.RequireBatch((ReadOnlySpan<T>)dx, dxLength, batch, nameof(dx));
        inputs.RequireDistinct(batch, nameof(InputLayout));
        fixed (T* py = dy, px = dx)
        fixed (byte* pw = winners)
        {
            if (inputs.Elements(px, batch).Intersects(outputs.Elements(py, batch)))
                throw ArgumentErrors.Overlap(nameof(dx), nameof(dy));
            if (Overlap(pw, winnerBytes, px, dxLength))
                throw ArgumentErrors.Overlap(nameof(dx), nameof(winners));
            if (Telemetry.IsOn && Telemetry.Count<T>(Operation.PoolBackward, tier))
                Telemetry.Tell<T>(Operation.PoolBackward, tier, $"{batch} of {Shape}", passes.Of(tier));
            passes.Of(tier).Run(new()
            {
                Batch = batch,
                Backward = true,
                Source = py,
                Target = px,
                Winners = pw,
                SourceLayout = outputs.Of(batch),
                TargetLayout = inputs.Of(batch),
            }, execution);
        }
    }

    /// <summary>Whether winners begin or end within what the elements span, gaps included.</summary>
    private static bool Overlap(byte* winners, long bytes, T* elements, long count) =>
        bytes > 0 && count > 0 && winners < (byte*)(elements + count) && (byte*)elements < winners + bytes;

    private void RequireKind(PoolKind expected)
    {
        if (Kind != expected)
            throw new InvalidOperationException($"The plan's kind is {Kind}; this call is for {expected} pooling.");
    }
}
