using SimdConv.Loops;

namespace SimdConv;

/// <summary>
/// A 2-D convolution made ready to be run many times: geometry, layouts, index tables and block sizes, but neither weights nor
/// batch size. A plan is immutable and may be used by any number of threads at once.
/// </summary>
/// <remarks>
/// Shapes: x is N x C x H x W, weights K x C/Groups x R x S (contiguous), y is N x K x P x Q. No pass builds a column matrix:
/// im2col is fused into packing (Chellapilla et al., 2006; Dukhan, "The Indirect Convolution Algorithm", 2019, for the offset
/// tables). After warm-up no call allocates managed memory; scratch memory is kept by each thread. Forward pass: each y is one
/// chain of multiply-adds in ascending (c, r, s) from the bias. Input gradient: one chain in ascending (k, p, q). Weight
/// gradient: see <see cref="ReductionOrder"/>. Results depend on no thread count and no tier that fuses, those of the first two
/// on no batch size. Padding is zeros that are multiplied like data, around x and, in the input gradient, around dy: a weight
/// that is infinite or NaN gives NaN where its tap lies on padding, and so does such a dy in the weight gradient.
/// </remarks>
/// <typeparam name="T">float or double.</typeparam>
public sealed unsafe partial class Conv2DPlan<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly PerTier<TierState> tiers;
    private readonly PlanImages inputs, outputs;
    private readonly bool isTransposed;

    /// <summary>A plan for a shape, with images in the given layouts.</summary>
    /// <param name="shape">The geometry.</param>
    /// <param name="input">Strides of x and dx; null is contiguous NCHW.</param>
    /// <param name="output">Strides of y and dy; null is contiguous NCHW.</param>
    /// <param name="algorithm">How the passes are computed; anything but Direct changes their sums.</param>
    /// <exception cref="ArgumentNullException">There is no shape.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The shape or a layout is impossible, two elements of an output image share a
    /// place, or the algorithm isn't for the shape.</exception>
    /// <exception cref="NotSupportedException">T is neither float nor double.</exception>
    public Conv2DPlan(Conv2DShape shape, ImageLayout? input = null, ImageLayout? output = null,
        ConvAlgorithm algorithm = ConvAlgorithm.Direct)
        : this(shape, input, output, algorithm, isTransposed: false)
    {
    }

    private Conv2DPlan(Conv2DShape shape, ImageLayout? input, ImageLayout? output, ConvAlgorithm algorithm, bool isTransposed)
    {
        this.isTransposed = isTransposed;
        ArgumentErrors.RequireElementType<T>();
        ArgumentNullException.ThrowIfNull(shape);
        if (!isTransposed)
            shape.Validate();
        if (algorithm == ConvAlgorithm.Winograd)
            algorithm = WinogradChoice.For(shape);
        RequireSuits(algorithm, shape);
        tiers = new(tier => new TierState(this, TierLoops<T>.For(tier)));
        Shape = shape;
        ConvAlgorithm = algorithm;
        InputLayout = input ?? ImageLayout.Nchw(shape.C, shape.H, shape.W);
        OutputLayout = output ?? ImageLayout.Nchw(shape.K, shape.P, shape.Q);
        (string inputName, string outputName) = isTransposed ? (nameof(output), nameof(input)) : (nameof(input), nameof(output));
        inputs = new(InputLayout, shape.C, shape.H, shape.W, inputName, isOutput: isTransposed);
        outputs = new(OutputLayout, shape.K, shape.P, shape.Q, outputName, isOutput: !isTransposed);
    }

    /// <summary>The plan of a <see cref="ConvTranspose2DPlan{T}"/>, whose forward pass is this one's input gradient: names in
    /// errors, and the passes that filters are for, are that plan's. Its shape has checked this one.</summary>
    internal Conv2DPlan(Conv2DShape shape, ImageLayout input, ImageLayout output, bool isTransposed)
        : this(shape, input, output, ConvAlgorithm.Direct, isTransposed)
    {
    }

    /// <summary>The geometry.</summary>
    public Conv2DShape Shape { get; }

    /// <summary>How the passes are computed: Direct, WinogradF2 or WinogradF4.</summary>
    public ConvAlgorithm ConvAlgorithm { get; }

    /// <summary>Strides of x and dx.</summary>
    public ImageLayout InputLayout { get; }

    /// <summary>Strides of y and dy.</summary>
    public ImageLayout OutputLayout { get; }

    /// <summary>Elements that x or dx spans, from the first to the last one of a batch.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The batch is negative, or images are a negative stride apart.</exception>
    /// <exception cref="OverflowException">The span exceeds 2^63 - 1 elements.</exception>
    public long InputLength(int batch) => inputs.ExactLength(batch, InputName);

    /// <summary>Elements that y or dy spans, from the first to the last one of a batch.</summary>
    /// <inheritdoc cref="InputLength" path="/exception"/>
    public long OutputLength(int batch) => outputs.ExactLength(batch, OutputName);

    /// <summary>What the caller's plan calls <see cref="InputLayout"/>.</summary>
    private string InputName => isTransposed ? nameof(OutputLayout) : nameof(InputLayout);

    private string OutputName => isTransposed ? nameof(InputLayout) : nameof(OutputLayout);

    /// <summary>Lays weights out for the tiles of one tier.</summary>
    /// <param name="weights">K x C/Groups x R x S.</param>
    /// <param name="use">The passes that it is for.</param>
    /// <param name="tier">The tier; null for <see cref="SimdSupport.Best"/>.</param>
    /// <exception cref="ArgumentException">There are too few weights, no pass is named, or the tier is not available.</exception>
    public PackedFilter<T> Pack(ReadOnlySpan<T> weights, FilterUse use = FilterUse.Forward, SimdTier? tier = null)
    {
        SimdTier resolved = SimdSupport.Resolve(tier);
        RequireUse(use);
        RequireWeights(weights, nameof(weights));
        TierState state = tiers.Of(resolved);
        PackedFilter<T> filter = new(this, resolved, use, PanelsOf(PassFor(use, ConvDirection.Forward, state)),
            PanelsOf(PassFor(use, ConvDirection.InputGradient, state)));
        Repack(weights, filter);
        return filter;

        static PackedPanels<T> PanelsOf(ConvPass<T>? pass) => pass == null ? default
            : new(new(pass.FilterSize), pass.Padding == null ? null : new(pass.Padding.MarkCount));
    }

    /// <summary>Lays new weights out in a filter that this plan has made; nothing is allocated.</summary>
    /// <param name="weights">K x C/Groups x R x S.</param>
    /// <param name="into">The filter to overwrite; no other thread may be using it.</param>
    /// <exception cref="ArgumentException">There are too few weights, or the filter is another plan's, or in a file.</exception>
    public void Repack(ReadOnlySpan<T> weights, PackedFilter<T> into)
    {
        RequireWeights(weights, nameof(weights));
        RequireOwn(into, nameof(into));
        if (into.IsInFile)
            throw new ArgumentException("into is read from a file; expected a filter that has memory of its own.", nameof(into));
        TierState state = tiers.Of(into.Tier);
        PackPass(weights, into.Forward, PassFor(into.Use, ConvDirection.Forward, state), into.Tier);
        PackPass(weights, into.InputGradient, PassFor(into.Use, ConvDirection.InputGradient, state), into.Tier);
    }

    private static void PackPass(ReadOnlySpan<T> weights, PackedPanels<T> into, ConvPass<T>? pass, SimdTier tier)
    {
        if (pass == null)
            return;
        fixed (T* w = weights, panels = into.Elements)
        {
            if (panels != null)
                pass.Pack(w, panels, default);
            if (into.Marks != null)
                pass.Padding!.Search(TierLoops<T>.For(tier), w, into.Marks);
        }
    }

    /// <summary>
    /// How <see cref="WeightGradient"/> and <see cref="BiasGradient"/> order their sums for a batch. Where the plan was asked for
    /// Winograd's algorithm, that of the bias alone.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The batch is negative.</exception>
    public ReductionOrder ReductionOrder(int batch)
    {
        ArgumentErrors.RequireAtLeast(batch, 0, nameof(batch));
        return inputs.AreInnermost && outputs.AreInnermost ? ImageGradientSchedule.Order(Shape, batch)
            : WeightGradientSchedule.Order(Shape, batch);
    }

    /// <summary>
    /// Bytes of scratch memory that a pass takes on all its threads together, packed weights and tables not counted.
    /// </summary>
    /// <remarks>A thread keeps at most 64 MB of scratch memory for its next calls; a call that takes more gives it
    /// back.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">The direction is none, or the batch is negative.</exception>
    /// <exception cref="ArgumentException">The tier is not available.</exception>
    public long WorkspaceBytes(ConvDirection direction, int batch, Execution execution = default)
    {
        SimdTier tier = execution.Validate();
        ArgumentErrors.RequireAtLeast(batch, 0, nameof(batch));
        TierState state = tiers.Of(tier);
        return direction switch
        {
            ConvDirection.Forward => state.Forward.WorkspaceBytes(batch, execution.Threads),
            ConvDirection.InputGradient => state.InputGradient.WorkspaceBytes(batch, execution.Threads),
            ConvDirection.WeightGradient => state.WeightGradient.WorkspaceBytes(batch, execution.Threads),
            _ => throw ArgumentErrors.OutOfRange(nameof(direction), direction, "Forward, InputGradient or WeightGradient"),
        };
    }

    /// <summary>How a pass is run, for people: the way of the image to the tile, and the tile.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The direction is none.</exception>
    /// <exception cref="ArgumentException">The tier is not available.</exception>
    public string Algorithm(ConvDirection direction, Execution execution = default)
    {
        SimdTier tier = execution.Validate();
        TierState state = tiers.Of(tier);
        return direction switch
        {
            ConvDirection.Forward => $"{tier}: {state.Forward}",
            ConvDirection.InputGradient => $"{tier}: {state.InputGradient}",
            ConvDirection.WeightGradient => $"{tier}: {state.WeightGradient}",
            _ => throw ArgumentErrors.OutOfRange(nameof(direction), direction, "Forward, InputGradient or WeightGradient"),
        };
    }
}
