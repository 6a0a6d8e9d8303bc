namespace SimdConv;

/// <summary>
/// A transposed 2-D convolution made ready to be run many times: the passes of a <see cref="Conv2DPlan{T}"/> whose input and
/// output are exchanged. A plan is immutable and may be used by any number of threads at once.
/// </summary>
/// <remarks>
/// Shapes: x is N x C x H x W, weights C x K/Groups x R x S (contiguous, as PyTorch's), y is N x K x P x Q. The forward pass is
/// the input gradient of the convolution from y to x, phase by phase of the stride: no zeros are inserted, nothing is scattered.
/// Each y is one chain of multiply-adds in ascending (c, h, w) from the bias, each dx one in ascending (k, r, s). The weight
/// gradient is the convolution's. x has zeros on all sides that are multiplied like data: a weight that is infinite or NaN gives
/// NaN where its tap lies on them.
/// </remarks>
/// <typeparam name="T">float or double.</typeparam>
public sealed class ConvTranspose2DPlan<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Conv2DPlan<T> convolution, biases;

    /// <summary>A plan for a shape, with images in the given layouts.</summary>
    /// <param name="shape">The geometry.</param>
    /// <param name="input">Strides of x and dx; null is contiguous NCHW.</param>
    /// <param name="output">Strides of y and dy; null is contiguous NCHW.</param>
    /// <exception cref="ArgumentNullException">There is no shape.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The shape or a layout is impossible, or two elements of an output image
    /// share a place.</exception>
    /// <exception cref="NotSupportedException">T is neither float nor double.</exception>
    public ConvTranspose2DPlan(ConvTranspose2DShape shape, ImageLayout? input = null, ImageLayout? output = null)
    {
        ArgumentErrors.RequireElementType<T>();
        ArgumentNullException.ThrowIfNull(shape);
        shape.Validate();
        Shape = shape;
        InputLayout = input ?? ImageLayout.Nchw(shape.C, shape.H, shape.W);
        OutputLayout = output ?? ImageLayout.Nchw(shape.K, shape.P, shape.Q);
        convolution = new(shape.Convolution, OutputLayout, InputLayout, isTransposed: true);

        // Any convolution with this output sums its gradient alike.
        biases = new(new(1, shape.P, shape.Q, shape.K, 1, 1), null, OutputLayout);
    }

    /// <summary>The geometry.</summary>
    public ConvTranspose2DShape Shape { get; }

    /// <summary>Strides of x and dx.</summary>
    public ImageLayout InputLayout { get; }

    /// <summary>Strides of y and dy.</summary>
    public ImageLayout OutputLayout { get; }

    /// <summary>Elements that x or dx spans, from the first to the last one of a batch.</summary>
    /// <inheritdoc cref="Conv2DPlan{T}.InputLength" path="/exception"/>
    public long InputLength(int batch) => convolution.OutputLength(batch);

    /// <summary>Elements that y or dy spans, from the first to the last one of a batch.</summary>
    /// <inheritdoc cref="Conv2DPlan{T}.InputLength" path="/exception"/>
    public long OutputLength(int batch) => convolution.InputLength(batch);

    /// <summary>Lays weights out for the tiles of one tier.</summary>
    /// <param name="weights">C x K/Groups x R x S.</param>
    /// <param name="use">The passes that it is for.</param>
    /// <param name="tier">The tier; null for <see cref="SimdSupport.Best"/>.</param>
    /// <inheritdoc cref="Conv2DPlan{T}.Pack" path="/exception"/>
    public PackedFilter<T> Pack(ReadOnlySpan<T> weights, FilterUse use = FilterUse.Forward, SimdTier? tier = null) =>
        convolution.Pack(weights, use, tier);

    /// <inheritdoc cref="Conv2DPlan{T}.Load"/>
    public PackedFilter<T> Load(PackedFile file, int index, FilterUse use = FilterUse.Forward, SimdTier? tier = null) =>
        convolution.Load(file, index, use, tier);

    /// <summary>Lays new weights out in a filter that this plan has made; nothing is allocated.</summary>
    /// <param name="weights">C x K/Groups x R x S.</param>
    /// <param name="into">The filter to overwrite; no other thread may be using it.</param>
    /// <inheritdoc cref="Conv2DPlan{T}.Repack" path="/exception"/>
    public void Repack(ReadOnlySpan<T> weights, PackedFilter<T> into) => convolution.Repack(weights, into);

    /// <summary>y = activation(transposed convolution of x + bias + residual).</summary>
    /// <param name="batch">Images; 0 is valid.</param>
    /// <param name="x">N x C x H x W in <see cref="InputLayout"/>.</param>
    /// <param name="filter">Weights packed by this plan for <see cref="FilterUse.Forward"/>, in the tier of the call.</param>
    /// <param name="y">N x K x P x Q in <see cref="OutputLayout"/>; overwritten, gaps left alone; shares no element with an
    /// input.</param>
    /// <param name="epilogue">Bias (K elements), residual and activation.</param>
    /// <param name="execution">Threads, scheduler and tier.</param>
    /// <exception cref="ArgumentOutOfRangeException">The batch is negative, or elements of y share a place in
    /// <see cref="OutputLayout"/>.
    /// </exception>
    /// <exception cref="ArgumentException">A span is too short or overlaps, the filter is another plan's, pass's or tier's, or
    /// the tier is not available.</exception>
    public void Forward(int batch, ReadOnlySpan<T> x, PackedFilter<T> filter, Span<T> y, Epilogue<T> epilogue = default,
        Execution execution = default) =>
        convolution.Convolve(ConvDirection.InputGradient, batch, x, [], ArgumentErrors.RequireNotNull(filter, nameof(filter)), y,
            T.Zero, epilogue, execution);

    /// <summary>y = activation(transposed convolution of x + bias + residual), packing the weights for this call alone.</summary>
    /// <param name="batch">Images; 0 is valid.</param>
    /// <param name="x">N x C x H x W in <see cref="InputLayout"/>.</param>
    /// <param name="weights">C x K/Groups x R x S.</param>
    /// <param name="y">N x K x P x Q in <see cref="OutputLayout"/>; overwritten, gaps left alone; shares no element with an
    /// input.</param>
    /// <param name="epilogue">Bias (K elements), residual and activation.</param>
    /// <param name="execution">Threads, scheduler and tier.</param>
    /// <exception cref="ArgumentOutOfRangeException">The batch is negative, or elements of y share a place in
    /// <see cref="OutputLayout"/>.
    /// </exception>
    /// <exception cref="ArgumentException">A span is too short or overlaps, or the tier is not available.</exception>
    public void Forward(int batch, ReadOnlySpan<T> x, ReadOnlySpan<T> weights, Span<T> y, Epilogue<T> epilogue = default,
        Execution execution = default) =>
        convolution.Convolve(ConvDirection.InputGradient, batch, x, weights, null, y, T.Zero, epilogue, execution);

    /// <summary>
    /// dx = gradient of the forward pass (without epilogue) with respect to x, plus beta * dx: the convolution of dy.
    /// </summary>
    /// <param name="batch">Images; 0 is valid.</param>
    /// <param name="dy">N x K x P x Q in <see cref="OutputLayout"/>.</param>
    /// <param name="filter">Weights packed by this plan for <see cref="FilterUse.InputGradient"/>, in the tier of the
    /// call.</param>
    /// <param name="dx">N x C x H x W in <see cref="InputLayout"/>; shares no element with an input.</param>
    /// <param name="beta">Multiplies what dx holds before; 0 doesn't read it.</param>
    /// <param name="execution">Threads, scheduler and tier.</param>
    /// <exception cref="ArgumentOutOfRangeException">The batch is negative, or elements of dx share a place in
    /// <see cref="InputLayout"/>.
    /// </exception>
    /// <exception cref="ArgumentException">A span is too short or overlaps, the filter is another plan's, pass's or tier's, or
    /// the tier is not available.</exception>
    public void InputGradient(
        int batch, ReadOnlySpan<T> dy, PackedFilter<T> filter, Span<T> dx, T beta = default, Execution execution = default) =>
        convolution.Convolve(ConvDirection.Forward, batch, dy, [], ArgumentErrors.RequireNotNull(filter, nameof(filter)), dx,
            beta, default, execution);

    /// <summary>
    /// dx = gradient of the forward pass with respect to x, plus beta * dx, packing the weights for this call alone.
    /// </summary>
    /// <param name="batch">Images; 0 is valid.</param>
    /// <param name="dy">N x K x P x Q in <see cref="OutputLayout"/>.</param>
    /// <param name="weights">C x K/Groups x R x S.</param>
    /// <param name="dx">N x C x H x W in <see cref="InputLayout"/>; shares no element with an input.</param>
    /// <param name="beta">Multiplies what dx holds before; 0 doesn't read it.</param>
    /// <param name="execution">Threads, scheduler and tier.</param>
    /// <exception cref="ArgumentOutOfRangeException">The batch is negative, or elements of dx share a place in
    /// <see cref="InputLayout"/>.
    /// </exception>
    /// <exception cref="ArgumentException">A span is too short or overlaps, or the tier is not available.</exception>
    public void InputGradient(
        int batch, ReadOnlySpan<T> dy, ReadOnlySpan<T> weights, Span<T> dx, T beta = default, Execution execution = default) =>
        convolution.Convolve(ConvDirection.Forward, batch, dy, weights, null, dx, beta, default, execution);

    /// <summary>dw = gradient with respect to the weights, plus beta * dw.</summary>
    /// <param name="batch">Images; 0 is valid.</param>
    /// <param name="x">N x C x H x W in <see cref="InputLayout"/>.</param>
    /// <param name="dy">N x K x P x Q in <see cref="OutputLayout"/>.</param>
    /// <param name="dw">C x K/Groups x R x S; shares no element with an input.</param>
    /// <param name="beta">Multiplies what dw holds before; 0 doesn't read it.</param>
    /// <param name="execution">Threads, scheduler and tier.</param>
    /// <exception cref="ArgumentException">A span is too short or overlaps, or the tier is not available.</exception>
    public void WeightGradient(
        int batch, ReadOnlySpan<T> x, ReadOnlySpan<T> dy, Span<T> dw, T beta = default, Execution execution = default) =>
        convolution.WeightGradient(batch, dy, x, dw, default, beta, execution);

    /// <summary>db = sum of dy over images and pixels, plus beta * db.</summary>
    /// <inheritdoc cref="Conv2DPlan{T}.BiasGradient" path="/param"/>
    /// <inheritdoc cref="Conv2DPlan{T}.BiasGradient" path="/exception"/>
    public void BiasGradient(int batch, ReadOnlySpan<T> dy, Span<T> db, T beta = default, Execution execution = default) =>
        biases.BiasGradient(batch, dy, db, beta, execution);

    /// <summary>Bytes of scratch memory that a pass takes on all its threads together, packed weights and tables not
    /// counted.</summary>
    /// <inheritdoc cref="Conv2DPlan{T}.WorkspaceBytes" path="/exception"/>
    public long WorkspaceBytes(ConvDirection direction, int batch, Execution execution = default) =>
        convolution.WorkspaceBytes(Seen(direction), batch, execution);

    /// <summary>How a pass is run, for people to read: the strategy, and the tile.</summary>
    /// <inheritdoc cref="Conv2DPlan{T}.Algorithm" path="/exception"/>
    public string Algorithm(ConvDirection direction, Execution execution = default) =>
        convolution.Algorithm(Seen(direction), execution);

    /// <summary>The pass of the convolution that computes this pass of its transpose.</summary>
    private static ConvDirection Seen(ConvDirection direction) => direction switch
    {
        ConvDirection.Forward => ConvDirection.InputGradient,
        ConvDirection.InputGradient => ConvDirection.Forward,
        _ => direction,
    };
}
