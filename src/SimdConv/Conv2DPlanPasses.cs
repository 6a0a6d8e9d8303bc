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
    private void Forward(int batch, ReadOnlySpan<T> x, ReadOnlySpan<T> weights, T* panels, Span<T> y, Epilogue<T> epilogue, Execution execution, SimdTier tier)
    {
        ArgumentErrors.RequireBatch(x, InputLength(batch), batch);
        ArgumentErrors.RequireBatch((ReadOnlySpan<T>)y, OutputLength(batch), batch, nameof(y));
        Finish<T> finish = Finish<T>.Of(epilogue.Activation, epilogue.Scale, epilogue.Slope);
        if (!epilogue.Bias.IsEmpty)
            ArgumentErrors.RequireLength(epilogue.Bias, Shape.K, "K output channels", "epilogue.Bias");
        if (!epilogue.Residual.IsEmpty)
            ArgumentErrors.RequireBatch(epilogue.Residual, OutputLength(batch), batch, "epilogue.Residual");
        fixed (T* px = x, py = y, pw = weights, pb = epilogue.Bias, pr = epilogue.Residual)
        {
            ElementSet<T> output = Elements(py, batch, isInput: false);
            RequireApart(output, nameof(y), Elements(px, batch, isInput: true), nameof(x));
            RequireApart(output, nameof(y), new(pw, (1, pw == null ? 0 : Shape.WeightCount)), nameof(weights));
            RequireApart(output, nameof(y), new(pb, (1, pb == null ? 0 : Shape.K)), "epilogue.Bias");
            RequireApart(output, nameof(y), Elements(pr, pr == null ? 0 : batch, isInput: false), "epilogue.Residual");
            finish.Residual = pr;
            Convolve(ConvDirection.Forward, pw, new()
            {
                Batch = batch,
                Groups = Shape.Groups,
                Source = px,
                SourceLayout = InputLayout,
                Target = py,
                TargetLayout = OutputLayout,
                Filter = panels,
                Bias = pb,
                Finish = finish,
            }, execution, tier);
        }
    }

    private void InputGradient(int batch, ReadOnlySpan<T> dy, ReadOnlySpan<T> weights, T* panels, Span<T> dx, T beta, Execution execution, SimdTier tier)
    {
        if (!inputIsOneToOne)
            InputLayout.RequireOutput(nameof(InputLayout), Shape.C, Shape.H, Shape.W);
        ArgumentErrors.RequireBatch(dy, OutputLength(batch), batch);
        ArgumentErrors.RequireBatch((ReadOnlySpan<T>)dx, InputLength(batch), batch, nameof(dx));
        fixed (T* py = dy, px = dx, pw = weights)
        {
            ElementSet<T> output = Elements(px, batch, isInput: true);
            RequireApart(output, nameof(dx), Elements(py, batch, isInput: false), nameof(dy));
            RequireApart(output, nameof(dx), new(pw, (1, pw == null ? 0 : Shape.WeightCount)), nameof(weights));
            Convolve(ConvDirection.InputGradient, pw, new()
            {
                Batch = batch,
                Groups = Shape.Groups,
                Source = py,
                SourceLayout = OutputLayout,
                Target = px,
                TargetLayout = InputLayout,
                Filter = panels,
                Beta = beta,
            }, execution, tier);
        }
    }

    /// <summary>Runs a pass, with weights that are not packed yet laid out in workspace.</summary>
    private void Convolve(ConvDirection direction, T* weights, ConvProblem<T> problem, Execution execution, SimdTier tier)
    {
        TierState state = State(tier);
        TierLoops<T> loops = TierLoops<T>.For(tier);
        ConvSchedule[] schedules = direction == ConvDirection.Forward ? state.Forward : state.InputGradient;
        problem.RawFilter = new() { Weights = weights, Shape = Shape, Direction = direction };

        // Panels that are read by one item only are packed there, while they are in cache.
        long size = weights == null || ConvSchedule.UseEachPanelOnce(schedules, problem.Batch) ? 0 : ConvSchedule.FilterSizeOf(schedules, Shape.Groups);
        using Workspace workspace = new(Workspace.SizeOf<T>(size));
        if (size > 0)
        {
            problem.Filter = workspace.Take<T>(size);
            loops.PackFilter(schedules, problem.RawFilter, problem.Filter);
        }

        loops.Convolve(schedules, problem, execution);
    }

    private void FilterGradient(in FilterProblem<T> problem, Execution execution, SimdTier tier) =>
        TierLoops<T>.For(tier).FilterGradient(State(tier).Filter, problem, execution);

    /// <summary>The tables of a tier, made when it is first used; two threads may make them at once, and one set stays.</summary>
    private TierState State(SimdTier tier) => Volatile.Read(ref tiers[(int)tier])
        ?? Interlocked.CompareExchange(ref tiers[(int)tier], new TierState(this, TierLoops<T>.For(tier)), null)
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
        ArgumentErrors.RequireLength(weights, Shape.WeightCount, "K x C/Groups x R x S weights", argument);

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
        private readonly Lazy<ConvSchedule[]> forward = new(() =>
            loops.Schedule([TapGrid.Forward(plan.Shape)], plan.Shape.K / plan.Shape.Groups, plan.Shape.C / plan.Shape.Groups, plan.Shape.Groups, plan.InputLayout));

        private readonly Lazy<ConvSchedule[]> inputGradient = new(() =>
            loops.Schedule(TapGrid.InputGradient(plan.Shape), plan.Shape.C / plan.Shape.Groups, plan.Shape.K / plan.Shape.Groups, plan.Shape.Groups, plan.OutputLayout));

        private readonly Lazy<FilterSchedule> filter = new(() => loops.FilterSchedule(plan.Shape));

        public ConvSchedule[] Forward => forward.Value;

        public ConvSchedule[] InputGradient => inputGradient.Value;

        public FilterSchedule Filter => filter.Value;
    }
}
