using System.Numerics;
using SimdConv.Core;
using SimdConv.Kernels;
using SimdConv.Loops;
using SimdConv.Packing;

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
            Convolve(direction, batch, source, [], panels, target, beta, epilogue, execution, tier);
    }

    /// <summary>Forward pass or input gradient with weights that are packed for this call.</summary>
    internal void Convolve(ConvDirection direction, int batch, ReadOnlySpan<T> source, ReadOnlySpan<T> weights, Span<T> target, T beta, Epilogue<T> epilogue, Execution execution)
    {
        SimdTier tier = execution.Validate();
        RequireWeights(weights, nameof(weights));
        Convolve(direction, batch, source, weights, null, target, beta, epilogue, execution, tier);
    }

    private void Convolve(ConvDirection direction, int batch, ReadOnlySpan<T> source, ReadOnlySpan<T> weights, T* panels, Span<T> target, T beta, Epilogue<T> epilogue, Execution execution, SimdTier tier)
    {
        bool isForward = direction == ConvDirection.Forward;
        (string sourceName, string targetName) = UseOf(direction) == FilterUse.Forward ? ("x", "y") : ("dy", "dx");
        if (!isForward && !inputIsOneToOne)
            InputLayout.RequireOutput(nameof(InputLayout), Shape.C, Shape.H, Shape.W);
        ArgumentErrors.RequireBatch(source, isForward ? InputLength(batch) : OutputLength(batch), batch, sourceName);
        long length = isForward ? OutputLength(batch) : InputLength(batch);
        ArgumentErrors.RequireBatch((ReadOnlySpan<T>)target, length, batch, targetName);
        Finish<T> finish = Finish<T>.Of(epilogue.Activation, epilogue.Scale, epilogue.Slope);
        int outputs = isForward ? Shape.K : Shape.C;
        if (!epilogue.Bias.IsEmpty)
            ArgumentErrors.RequireLength(epilogue.Bias, outputs, "K output channels", "epilogue.Bias");
        if (!epilogue.Residual.IsEmpty)
            ArgumentErrors.RequireBatch(epilogue.Residual, length, batch, "epilogue.Residual");
        fixed (T* ps = source, pt = target, pw = weights, pb = epilogue.Bias, pr = epilogue.Residual)
        {
            ElementSet<T> output = Elements(pt, batch, isInput: !isForward);
            RequireApart(output, targetName, Elements(ps, batch, isInput: isForward), sourceName);
            RequireApart(output, targetName, new(pw, (1, pw == null ? 0 : Shape.WeightCount)), nameof(weights));
            RequireApart(output, targetName, new(pb, (1, pb == null ? 0 : outputs)), "epilogue.Bias");
            RequireApart(output, targetName, Elements(pr, pr == null ? 0 : batch, isInput: !isForward), "epilogue.Residual");
            finish.Residual = pr;
            Convolve(direction, pw, new()
            {
                Batch = batch,
                Groups = Shape.Groups,
                Source = ps,
                SourceLayout = isForward ? InputLayout : OutputLayout,
                Target = pt,
                TargetLayout = isForward ? OutputLayout : InputLayout,
                Filter = panels,
                Bias = pb,
                Beta = beta,
                Finish = finish,
            }, execution, tier);
        }
    }

    /// <summary>What filters for a pass of this plan are called.</summary>
    private FilterUse UseOf(ConvDirection direction) =>
        (direction == ConvDirection.Forward) != isTransposed ? FilterUse.Forward : FilterUse.InputGradient;

    /// <summary>Runs a pass, with weights that are not packed yet laid out in workspace.</summary>
    private void Convolve(ConvDirection direction, T* weights, ConvProblem<T> problem, Execution execution, SimdTier tier)
    {
        TierState state = State(tier);
        ConvSchedule[] schedules = direction == ConvDirection.Forward ? state.Forward : state.InputGradient;
        long size = weights == null ? 0 : FilterPacking.Size(schedules, Shape);
        using Workspace workspace = new(Workspace.SizeOf<T>(size));
        if (weights != null)
        {
            problem.Filter = workspace.Take<T>(size);
            if (direction == ConvDirection.Forward)
                FilterPacking.Forward(schedules, Shape, weights, problem.Filter);
            else
                FilterPacking.InputGradient(schedules, Shape, weights, problem.Filter);
        }

        TierLoops<T>.For(tier).Convolve(schedules, problem, execution);
    }

    private void FilterGradient(in FilterProblem<T> problem, Execution execution, SimdTier tier) =>
        TierLoops<T>.For(tier).FilterGradient(State(tier).Filter, problem, execution);

    /// <summary>The tables of a tier, made when it is first used; two threads may make them at once, and one set stays.</summary>
    private TierState State(SimdTier tier) => Volatile.Read(ref tiers[(int)tier])
        ?? Interlocked.CompareExchange(ref tiers[(int)tier], new TierState(Shape, TierLoops<T>.For(tier)), null)
        ?? tiers[(int)tier]!;

    private ElementSet<T> Elements(T* data, int batch, bool isInput) => isInput
        ? new(data, (InputLayout.N, batch), (InputLayout.C, Shape.C), (InputLayout.H, Shape.H), (InputLayout.W, Shape.W))
        : new(data, (OutputLayout.N, batch), (OutputLayout.C, Shape.K), (OutputLayout.H, Shape.P), (OutputLayout.W, Shape.Q));

    private static void RequireApart(in ElementSet<T> output, string outputArgument, in ElementSet<T> input, string inputArgument)
    {
        if (output.Intersects(input))
            throw ArgumentErrors.Overlap(outputArgument, inputArgument);
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
    private sealed class TierState(Conv2DShape shape, TierLoops<T> loops)
    {
        private readonly Lazy<ConvSchedule[]> forward = new(() =>
            loops.Schedule([TapGrid.Forward(shape)], shape.K / shape.Groups, shape.C / shape.Groups, shape.Groups));

        private readonly Lazy<ConvSchedule[]> inputGradient = new(() =>
            loops.Schedule(TapGrid.InputGradient(shape), shape.C / shape.Groups, shape.K / shape.Groups, shape.Groups));

        private readonly Lazy<FilterSchedule> filter = new(() => loops.FilterSchedule(shape));

        public ConvSchedule[] Forward => forward.Value;

        public ConvSchedule[] InputGradient => inputGradient.Value;

        public FilterSchedule Filter => filter.Value;
    }
}
