using SimdConv.Kernels;
using SimdConv.Loops;

namespace SimdConv;

/// <content>The passes: their public methods, the checks of spans, the calls into the loops, the tables of each tier.</content>
public sealed unsafe partial class Conv2DPlan<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>y = activation(x * w + bias).</summary>
    /// <param name="batch">Images; 0 is valid.</param>
    /// <param name="x">N x C x H x W in <see cref="InputLayout"/>.</param>
    /// <param name="filter">Weights packed by this plan for <see cref="FilterUse.Forward"/>, in the tier of the call.</param>
    /// <param name="y">N x K x P x Q in <see cref="OutputLayout"/>; overwritten, gaps left alone; shares no element with an
    /// input.</param>
    /// <param name="epilogue">Bias and activation.</param>
    /// <param name="execution">Threads, scheduler and tier.</param>
    /// <exception cref="ArgumentOutOfRangeException">The batch is negative, or elements of y share a place in <see
    /// cref="OutputLayout"/>.
    /// </exception>
    /// <exception cref="ArgumentException">A span is too short or overlaps, the filter is another plan's, pass's or tier's, or
    /// the tier is not available.</exception>
    public void Forward(int batch, ReadOnlySpan<T> x, PackedFilter<T> filter, Span<T> y, Epilogue<T> epilogue = default,
        Execution execution = default) =>
        Convolve(ConvDirection.Forward, batch, x, [], ArgumentErrors.RequireNotNull(filter, nameof(filter)), y, T.Zero, epilogue,
            execution);

    /// <summary>y = activation(x * w + bias), packing the weights for this call alone.</summary>
    /// <param name="batch">Images; 0 is valid.</param>
    /// <param name="x">N x C x H x W in <see cref="InputLayout"/>.</param>
    /// <param name="weights">K x C/Groups x R x S.</param>
    /// <param name="y">N x K x P x Q in <see cref="OutputLayout"/>; overwritten, gaps left alone; shares no element with an
    /// input.</param>
    /// <param name="epilogue">Bias and activation.</param>
    /// <param name="execution">Threads, scheduler and tier.</param>
    /// <exception cref="ArgumentOutOfRangeException">The batch is negative, or elements of y share a place in <see
    /// cref="OutputLayout"/>.
    /// </exception>
    /// <exception cref="ArgumentException">A span is too short or overlaps, or the tier is not available.</exception>
    public void Forward(int batch, ReadOnlySpan<T> x, ReadOnlySpan<T> weights, Span<T> y, Epilogue<T> epilogue = default,
        Execution execution = default) =>
        Convolve(ConvDirection.Forward, batch, x, weights, null, y, T.Zero, epilogue, execution);

    /// <summary>dx = gradient of the forward pass (without epilogue) with respect to x, plus beta * dx.</summary>
    /// <param name="batch">Images; 0 is valid.</param>
    /// <param name="dy">N x K x P x Q in <see cref="OutputLayout"/>.</param>
    /// <param name="filter">Weights packed by this plan for <see cref="FilterUse.InputGradient"/>, in the tier of the
    /// call.</param>
    /// <param name="dx">N x C x H x W in <see cref="InputLayout"/>; shares no element with an input.</param>
    /// <param name="beta">Multiplies what dx holds before; 0 doesn't read it.</param>
    /// <param name="execution">Threads, scheduler and tier.</param>
    /// <exception cref="ArgumentException">A span is too short or overlaps, the filter is another plan's, pass's or tier's, or
    /// the tier is not available.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The batch is negative, or elements of dx share a place in <see
    /// cref="InputLayout"/>.</exception>
    public void InputGradient(int batch, ReadOnlySpan<T> dy, PackedFilter<T> filter, Span<T> dx, T beta = default,
        Execution execution = default) =>
        Convolve(ConvDirection.InputGradient, batch, dy, [], ArgumentErrors.RequireNotNull(filter, nameof(filter)), dx, beta,
            default, execution);

    /// <summary>
    /// dx = gradient of the forward pass with respect to x, plus beta * dx, packing the weights for this call alone.
    /// </summary>
    /// <param name="batch">Images; 0 is valid.</param>
    /// <param name="dy">N x K x P x Q in <see cref="OutputLayout"/>.</param>
    /// <param name="weights">K x C/Groups x R x S.</param>
    /// <param name="dx">N x C x H x W in <see cref="InputLayout"/>; shares no element with an input.</param>
    /// <param name="beta">Multiplies what dx holds before; 0 doesn't read it.</param>
    /// <param name="execution">Threads, scheduler and tier.</param>
    /// <exception cref="ArgumentException">A span is too short or overlaps, or the tier is not available.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The batch is negative, or elements of dx share a place in <see
    /// cref="InputLayout"/>.</exception>
    public void InputGradient(int batch, ReadOnlySpan<T> dy, ReadOnlySpan<T> weights, Span<T> dx, T beta = default,
        Execution execution = default) =>
        Convolve(ConvDirection.InputGradient, batch, dy, weights, null, dx, beta, default, execution);

    /// <summary>dw = gradient with respect to the weights, plus beta * dw; db likewise with respect to the bias.</summary>
    /// <param name="batch">Images; 0 is valid.</param>
    /// <param name="x">N x C x H x W in <see cref="InputLayout"/>.</param>
    /// <param name="dy">N x K x P x Q in <see cref="OutputLayout"/>.</param>
    /// <param name="dw">K x C/Groups x R x S; shares no element with an input.</param>
    /// <param name="db">K elements, or empty to leave it out.</param>
    /// <param name="beta">Multiplies what dw and db hold before; 0 doesn't read them.</param>
    /// <param name="execution">Threads, scheduler and tier.</param>
    /// <exception cref="ArgumentException">A span is too short or overlaps, or the tier is not available.</exception>
    public void WeightGradient(int batch, ReadOnlySpan<T> x, ReadOnlySpan<T> dy, Span<T> dw, Span<T> db = default,
        T beta = default, Execution execution = default) =>
        SumGradients(batch, x, dy, dw, db, beta, execution, isBiasAlone: false);

    /// <summary>
    /// db = sum of dy over images and pixels, plus beta * db: the bits that <see cref="WeightGradient"/> gives.
    /// </summary>
    /// <param name="batch">Images; 0 is valid.</param>
    /// <param name="dy">N x K x P x Q in <see cref="OutputLayout"/>.</param>
    /// <param name="db">K elements.</param>
    /// <param name="beta">Multiplies what db holds before; 0 doesn't read it.</param>
    /// <param name="execution">Threads, scheduler and tier.</param>
    /// <exception cref="ArgumentException">A span is too short or overlaps, or the tier is not available.</exception>
    public void BiasGradient(int batch, ReadOnlySpan<T> dy, Span<T> db, T beta = default, Execution execution = default) =>
        SumGradients(batch, [], dy, [], db, beta, execution, isBiasAlone: true);

    /// <summary>Forward pass or input gradient, with weights that are packed for this call or with those of a filter.</summary>
    /// <param name="direction">Forward or InputGradient.</param>
    /// <param name="batch">Images.</param>
    /// <param name="source">The images that are read.</param>
    /// <param name="weights">The weights; empty where there is a filter.</param>
    /// <param name="filter">The packed weights, or null.</param>
    /// <param name="target">The images that are written.</param>
    /// <param name="beta">Multiplies what the target holds before.</param>
    /// <param name="epilogue">What follows the sum.</param>
    /// <param name="execution">Threads, scheduler and tier.</param>
    internal void Convolve(
        ConvDirection direction, int batch, ReadOnlySpan<T> source, ReadOnlySpan<T> weights, PackedFilter<T>? filter,
        Span<T> target, T beta, Epilogue<T> epilogue, Execution execution)
    {
        SimdTier tier = execution.Validate();
        if (filter == null)
            RequireWeights(weights, nameof(weights));
        else
            RequireFilter(filter, UseOf(direction), tier);
        RequireLengths(direction, batch, source, target, epilogue, out Finish<T> finish);
        bool isForward = direction == ConvDirection.Forward, isNotFinite = false;
        (AlignedArray<T> packed, TapMarks? marks) = filter == null ? default : isForward ? filter.Forward : filter.InputGradient;
        (PlanImages sources, PlanImages targets) = isForward ? (inputs, outputs) : (outputs, inputs);
        TierState state = tiers.Of(tier);
        ConvPass<T> pass = isForward ? state.Forward : state.InputGradient;
        using FileHold hold = new(filter?.File);
        fixed (T* ps = source, pt = target, pw = weights, pp = packed, pb = epilogue.Bias, pr = epilogue.Residual)
        {
            ConvProblem<T> problem = new()
            {
                Batch = batch,
                Groups = Shape.Groups,
                Source = ps,
                SourceLayout = sources.Of(batch),
                Target = pt,
                TargetLayout = targets.Of(batch),
                Filter = pp,
                RawFilter = new() { Weights = pw, Shape = Shape, Direction = direction },
                Bias = pb,
                Beta = beta,
                Finish = finish,
            };
            problem.Finish.Residual = pr;
            problem.Finish.AddsResidualLast = epilogue.AddsResidualLast;
            problem.Finish.IsNotFinite = filter == null && pass.Padding != null ? &isNotFinite : null;
            RequireTargetApart(direction, problem);
            long size = filter != null || pass.ReadsWeights(batch) ? 0 : pass.FilterSize;
            using Workspace workspace = Workspace.Of(size, out T* panels);
            if (size > 0)
            {
                problem.Filter = panels;
                pass.Pack(pw, panels, execution);
            }

            if (Telemetry.IsOn)
                Tell(direction, batch, tier, pass);
            pass.Run(problem, execution);
            pass.Padding?.Finish(TierLoops<T>.For(tier), problem, marks);
        }
    }

    /// <summary>What the caller calls the operands of a pass.</summary>
    private (string Source, string Target) NamesOf(ConvDirection direction) =>
        UseOf(direction) == FilterUse.Forward ? ("x", "y") : ("dy", "dx");

    /// <summary>
    /// Refuses spans that don't hold what a pass reads and writes, targets that would be written twice, and wrong activations.
    /// </summary>
    private void RequireLengths(
        ConvDirection direction, int batch, ReadOnlySpan<T> source, ReadOnlySpan<T> target, in Epilogue<T> epilogue,
        out Finish<T> finish)
    {
        bool isForward = direction == ConvDirection.Forward;
        (string sourceName, string targetName) = NamesOf(direction);
        (PlanImages sources, PlanImages targets) = isForward ? (inputs, outputs) : (outputs, inputs);
        (string sourceLayout, string targetLayout) = isForward ? (InputName, OutputName) : (OutputName, InputName);
        ArgumentErrors.RequireAtLeast(batch, 0, nameof(batch));
        ArgumentErrors.RequireBatch(source, sources.Length(batch, sourceLayout), batch, sourceName);
        long length = targets.Length(batch, targetLayout);
        ArgumentErrors.RequireBatch(target, length, batch, targetName);
        targets.RequireDistinct(batch, targetLayout);
        finish = Finish<T>.Of(epilogue.Activation, epilogue.Scale, epilogue.Slope, epilogue.Alpha, epilogue.Beta);
        if (!epilogue.Bias.IsEmpty)
            ArgumentErrors.RequireLength(epilogue.Bias, isForward ? Shape.K : Shape.C, "K output channels", "epilogue.Bias");
        if (!epilogue.Residual.IsEmpty)
            ArgumentErrors.RequireBatch(epilogue.Residual, length, batch, "epilogue.Residual");
    }

    /// <summary>Refuses a target that shares an element with an operand that is read.</summary>
    private void RequireTargetApart(ConvDirection direction, in ConvProblem<T> problem)
    {
        bool isForward = direction == ConvDirection.Forward;
        (string sourceName, string targetName) = NamesOf(direction);
        (PlanImages sources, PlanImages targets) = isForward ? (inputs, outputs) : (outputs, inputs);
        T* weights = problem.RawFilter.Weights, bias = problem.Bias, residual = problem.Finish.Residual;
        int batch = problem.Batch;
        ElementSet<T> target = targets.Elements(problem.Target, batch);
        RequireApart(target, targetName, sources.Elements(problem.Source, batch), sourceName);
        RequireApart(target, targetName, new(weights, (1, weights == null ? 0 : Shape.WeightCount)), nameof(weights));
        RequireApart(target, targetName, new(bias, (1, bias == null ? 0 : isForward ? Shape.K : Shape.C)), "epilogue.Bias");
        RequireApart(target, targetName, targets.Elements(residual, residual == null ? 0 : batch), "epilogue.Residual");
    }

    /// <summary>What filters for a pass of this plan are called.</summary>
    private FilterUse UseOf(ConvDirection direction) =>
        (direction == ConvDirection.Forward) != isTransposed ? FilterUse.Forward : FilterUse.InputGradient;

    /// <summary>Weight and bias gradient, or the latter alone, without x and dw.</summary>
    private void SumGradients(int batch, ReadOnlySpan<T> x, ReadOnlySpan<T> dy, Span<T> dw, Span<T> db, T beta,
        Execution execution, bool isBiasAlone)
    {
        SimdTier tier = execution.Validate();
        (string xName, string dyName) = isTransposed && !isBiasAlone ? (nameof(dy), nameof(x)) : (nameof(x), nameof(dy));
        ArgumentErrors.RequireAtLeast(batch, 0, nameof(batch));
        if (!isBiasAlone)
            ArgumentErrors.RequireBatch(x, inputs.Length(batch, InputName), batch, xName);
        ArgumentErrors.RequireBatch(dy, outputs.Length(batch, OutputName), batch, dyName);
        if (!isBiasAlone)
            RequireWeights(dw, nameof(dw));
        if (isBiasAlone || !db.IsEmpty)
            ArgumentErrors.RequireLength((ReadOnlySpan<T>)db, Shape.K, "K output channels", nameof(db));
        fixed (T* px = x, py = dy, pw = dw, pb = db)
        {
            ElementSet<T> input = inputs.Elements(px, isBiasAlone ? 0 : batch), output = outputs.Elements(py, batch);
            ElementSet<T> weights = new(pw, (1, pw == null ? 0 : Shape.WeightCount)),
                bias = new(pb, (1, pb == null ? 0 : Shape.K));
            RequireApart(weights, nameof(dw), input, xName);
            RequireApart(weights, nameof(dw), output, dyName);
            RequireApart(bias, nameof(db), input, xName);
            RequireApart(bias, nameof(db), output, dyName);
            RequireApart(bias, nameof(db), weights, nameof(dw));
            WeightGradientProblem<T> problem = new()
            {
                Batch = batch,
                X = px,
                DY = py,
                DW = pw,
                DB = pb,
                XLayout = inputs.Of(batch),
                DYLayout = outputs.Of(batch),
                Beta = beta,
            };
            WeightGradientPass<T> pass = tiers.Of(tier).WeightGradient;
            if (Telemetry.IsOn)
                Tell(ConvDirection.WeightGradient, batch, tier, pass);
            pass.Run(problem, execution);
        }
    }

    private void Tell(ConvDirection direction, int batch, SimdTier tier, object kernel)
    {
        Operation operation = Operation.ConvForward + (int)direction;
        if (Telemetry.Count<T>(operation, tier))
            Telemetry.Tell<T>(operation, tier, $"{batch} of {Shape}", kernel);
    }

    private static void RequireApart(in ElementSet<T> output, string outputArgument, in ElementSet<T> input, string inputArgument)
    {
        if (output.Intersects(input))
            throw ArgumentErrors.Overlap(outputArgument, inputArgument);
    }

    private static void RequireSuits(ConvAlgorithm algorithm, Conv2DShape shape)
    {
        if (algorithm is < ConvAlgorithm.Direct or > ConvAlgorithm.WinogradF4)
            throw ArgumentErrors.OutOfRange(nameof(algorithm), algorithm, "Direct, WinogradF2, WinogradF4 or Winograd");
        if (algorithm == ConvAlgorithm.Direct)
            return;
        bool isF2 = algorithm == ConvAlgorithm.WinogradF2;
        if (!shape.IsPlain(3) && !(isF2 && shape.IsPlain(5)))
            throw ArgumentErrors.OutOfRange(nameof(algorithm), algorithm, "Direct, as Winograd's algorithm is for "
                + (isF2 ? "3x3 and 5x5" : "3x3") + $" kernels of stride 1 and dilation 1 and this one is {shape}");
        int inputs = (isF2 ? 2 : 4) + shape.R - 1;
        Shapes.RequireCountable("shape.K", shape.K, shape.K, shape.GroupChannels, inputs, inputs);
    }

    private void RequireWeights(ReadOnlySpan<T> weights, string argument) =>
        ArgumentErrors.RequireLength(weights, Shape.WeightCount, isTransposed ? "C x K/Groups x R x S weights"
            : "K x C/Groups x R x S weights", argument);

    private static void RequireUse(FilterUse use)
    {
        if (use is < FilterUse.Forward or > FilterUse.Both)
            throw ArgumentErrors.OutOfRange(nameof(use), use, "Forward, InputGradient or Both");
    }

    private void RequireOwn(PackedFilter<T> filter, string argument)
    {
        ArgumentNullException.ThrowIfNull(filter, argument);
        if (filter.Plan != this)
            throw new ArgumentException(
                $"{argument} was packed by a plan for {filter.Plan.Shape}; expected this plan's own, for {Shape}.", argument);
    }

    private void RequireFilter(PackedFilter<T> filter, FilterUse use, SimdTier tier)
    {
        RequireOwn(filter, nameof(filter));
        if ((filter.Use & use) == 0)
            throw new ArgumentException($"filter is packed for {filter.Use}; expected {use} or {FilterUse.Both}.",
                nameof(filter));
        if (filter.Tier != tier)
            throw new ArgumentException($"filter is packed for tier {filter.Tier}; expected {tier}, the tier of the call.",
                nameof(filter));
    }

    /// <summary>The tables of each pass, made when it is first run.</summary>
    private sealed class TierState(Conv2DPlan<T> plan, TierLoops<T> loops)
    {
        private readonly Lazy<ConvPass<T>> forward = new(() =>
            loops.Pass(plan.Shape, plan.ConvAlgorithm, ConvDirection.Forward, plan.inputs.Layout, plan.outputs.Layout));

        private readonly Lazy<ConvPass<T>> inputGradient = new(() =>
            loops.Pass(plan.Shape, plan.ConvAlgorithm, ConvDirection.InputGradient, plan.outputs.Layout, plan.inputs.Layout));

        private readonly Lazy<WeightGradientPass<T>> weightGradient = new(() =>
            loops.WeightGradient(plan.Shape, plan.ConvAlgorithm, plan.inputs.Layout, plan.outputs.Layout));

        public ConvPass<T> Forward => forward.Value;

        public ConvPass<T> InputGradient => inputGradient.Value;

        public WeightGradientPass<T> WeightGradient => weightGradient.Value;
    }
}
