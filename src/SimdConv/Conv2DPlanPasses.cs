using System.Numerics;
using SimdConv.Core;
using SimdConv.Kernels;
using SimdConv.Loops;

namespace SimdConv;

/// <content>What stands behind the public passes: checks of spans, the call into the loops, the tables of each tier.</content>
public sealed unsafe partial class Conv2DPlan<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Forward pass or input gradient with packed weights.</summary>
    internal void Convolve(ConvDirection direction, int batch, ReadOnlySpan<T> source, PackedFilter<T> filter, Span<T> target, T beta, Epilogue<T> epilogue, Execution execution)
    {
        SimdTier tier = execution.Validate();
        RequireFilter(filter, UseOf(direction), tier);
        fixed (T* panels = direction == ConvDirection.Forward ? filter.ForwardPanels : filter.InputGradientPanels)
            Convolve(direction, batch, source, [], panels, target, beta, epilogue, execution, tier, direction == ConvDirection.Forward ? filter.ForwardMarks : filter.InputGradientMarks);
    }

    /// <summary>Forward pass or input gradient with weights that are packed for this call.</summary>
    internal void Convolve(ConvDirection direction, int batch, ReadOnlySpan<T> source, ReadOnlySpan<T> weights, Span<T> target, T beta, Epilogue<T> epilogue, Execution execution)
    {
        SimdTier tier = execution.Validate();
        RequireWeights(weights, nameof(weights));
        Convolve(direction, batch, source, weights, null, target, beta, epilogue, execution, tier);
    }

    private void Convolve(ConvDirection direction, int batch, ReadOnlySpan<T> source, ReadOnlySpan<T> weights, T* panels, Span<T> target, T beta, Epilogue<T> epilogue, Execution execution, SimdTier tier, TapMarks? marks = null)
    {
        bool isForward = direction == ConvDirection.Forward;
        (string sourceName, string targetName) = UseOf(direction) == FilterUse.Forward ? ("x", "y") : ("dy", "dx");
        (PlanImages sources, PlanImages targets) = isForward ? (inputs, outputs) : (outputs, inputs);
        (string sourceLayout, string targetLayout) = isForward ? (InputName, OutputName) : (OutputName, InputName);
        ArgumentErrors.RequireAtLeast(batch, 0, nameof(batch));
        ArgumentErrors.RequireBatch(source, sources.Length(batch, sourceLayout), batch, sourceName);
        long length = targets.Length(batch, targetLayout);
        ArgumentErrors.RequireBatch((ReadOnlySpan<T>)target, length, batch, targetName);
        targets.RequireDistinct(batch, targetLayout);
        Finish<T> finish = Finish<T>.Of(epilogue.Activation, epilogue.Scale, epilogue.Slope);
        int biases = isForward ? Shape.K : Shape.C;
        if (!epilogue.Bias.IsEmpty)
            ArgumentErrors.RequireLength(epilogue.Bias, biases, "K output channels", "epilogue.Bias");
        if (!epilogue.Residual.IsEmpty)
            ArgumentErrors.RequireBatch(epilogue.Residual, length, batch, "epilogue.Residual");
        fixed (T* ps = source, pt = target, pw = weights, pb = epilogue.Bias, pr = epilogue.Residual)
        {
            ElementSet<T> output = targets.Elements(pt, batch);
            RequireApart(output, targetName, sources.Elements(ps, batch), sourceName);
            RequireApart(output, targetName, new(pw, (1, pw == null ? 0 : Shape.WeightCount)), nameof(weights));
            RequireApart(output, targetName, new(pb, (1, pb == null ? 0 : biases)), "epilogue.Bias");
            RequireApart(output, targetName, targets.Elements(pr, pr == null ? 0 : batch), "epilogue.Residual");
            finish.Residual = pr;
            Convolve(direction, pw, new()
            {
                Batch = batch,
                Groups = Shape.Groups,
                Source = ps,
                SourceLayout = sources.Of(batch),
                Target = pt,
                TargetLayout = targets.Of(batch),
                Filter = panels,
                Bias = pb,
                Beta = beta,
                Finish = finish,
            }, execution, tier, marks);
        }
    }

    /// <summary>What filters for a pass of this plan are called.</summary>
    private FilterUse UseOf(ConvDirection direction) =>
        (direction == ConvDirection.Forward) != isTransposed ? FilterUse.Forward : FilterUse.InputGradient;

    /// <summary>Runs a pass, with weights that are not packed yet laid out in workspace.</summary>
    private void Convolve(ConvDirection direction, T* weights, ConvProblem<T> problem, Execution execution, SimdTier tier, TapMarks? marks)
    {
        TierState state = tiers.Of(tier);
        ConvPass<T> pass = direction == ConvDirection.Forward ? state.Forward : state.InputGradient;
        problem.RawFilter = new() { Weights = weights, Shape = Shape, Direction = direction };
        long size = weights == null || pass.ReadsWeights(problem.Batch) ? 0 : pass.FilterSize;
        using Workspace workspace = Workspace.Of(size, out T* panels);
        if (size > 0)
        {
            problem.Filter = panels;
            pass.Pack(weights, problem.Filter, execution);
        }

        if (Telemetry.IsOn)
            Tell(direction, problem.Batch, tier, pass);
        bool isNotFinite = false;
        problem.Finish.IsNotFinite = weights != null && pass.Padding != null ? &isNotFinite : null;
        pass.Run(problem, execution);
        pass.Padding?.Finish(TierLoops<T>.For(tier), problem, marks);
    }

    private void RunWeightGradient(in FilterProblem<T> problem, Execution execution, SimdTier tier)
    {
        WeightGradientPass<T> pass = tiers.Of(tier).WeightGradient;
        if (Telemetry.IsOn)
            Tell(ConvDirection.WeightGradient, problem.Batch, tier, pass);
        pass.Run(problem, execution);
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
            throw ArgumentErrors.OutOfRange(nameof(algorithm), algorithm, "Direct, WinogradF2 or WinogradF4");
        if (algorithm == ConvAlgorithm.Direct)
            return;
        if (!shape.IsPlain3x3)
            throw ArgumentErrors.OutOfRange(nameof(algorithm), algorithm, $"Direct, as Winograd's algorithm is for 3x3 kernels of stride 1 and dilation 1 and this one is {shape}");
        int inputs = algorithm == ConvAlgorithm.WinogradF2 ? 4 : 6;
        Shapes.RequireCountable("shape.K", shape.K, shape.K, shape.C / shape.Groups, inputs, inputs);
    }

    private void RequireWeights(ReadOnlySpan<T> weights, string argument) =>
        ArgumentErrors.RequireLength(weights, Shape.WeightCount, isTransposed ? "C x K/Groups x R x S weights" : "K x C/Groups x R x S weights", argument);

    private void RequireOwn(PackedFilter<T> filter, string argument)
    {
        ArgumentNullException.ThrowIfNull(filter, argument);
        if (filter.Plan != this)
            throw new ArgumentException($"{argument} was packed by a plan for {filter.Plan.Shape}; expected this plan's own, for {Shape}.", argument);
    }

    private void RequireFilter(PackedFilter<T> filter, FilterUse use, SimdTier tier)
    {
        RequireOwn(filter, nameof(filter));
        if ((filter.Use & use) == 0)
            throw new ArgumentException($"filter is packed for {filter.Use}; expected {use} or {FilterUse.Both}.", nameof(filter));
        if (filter.Tier != tier)
            throw new ArgumentException($"filter is packed for tier {filter.Tier}; expected {tier}, the tier of the call.", nameof(filter));
    }

    /// <summary>The tables of each pass, made when it is first run.</summary>
    private sealed class TierState(Conv2DPlan<T> plan, TierLoops<T> loops)
    {
        private readonly Lazy<ConvPass<T>> forward = new(() =>
            loops.Pass(plan.Shape, plan.ConvAlgorithm, ConvDirection.Forward, plan.inputs.Layout, plan.outputs.Layout));

        private readonly Lazy<ConvPass<T>> inputGradient = new(() =>
            loops.Pass(plan.Shape, plan.ConvAlgorithm, ConvDirection.InputGradient, plan.outputs.Layout, plan.inputs.Layout));

        private readonly Lazy<WeightGradientPass<T>> weightGradient = new(() =>
            loops.WeightGradient(plan.Shape, plan.inputs.Layout));

        public ConvPass<T> Forward => forward.Value;

        public ConvPass<T> InputGradient => inputGradient.Value;

        public WeightGradientPass<T> WeightGradient => weightGradient.Value;
    }
}
