using System.Numerics;

namespace SimdConv.Loops;

/// <summary>The forward pass or input gradient of a depthwise convolution, plane by plane: one chain of multiply-adds for each output element.</summary>
internal sealed unsafe class DepthwisePass<TVec, T>(DepthwiseSchedule schedule, Conv2DShape shape) : ConvPass<T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public override long FilterSize => (long)shape.K * schedule.Kernel.Length;

    public override bool ReadsWeights(int batch) =>
        schedule.Direction == ConvDirection.Forward && schedule.Kernel.Length == shape.KernelSize;

    /// <summary>Tiles multiply padding, but grids need not have the taps that see nothing else.</summary>
    public override PaddingRule? Padding { get; } = PaddingRule.OfUnseenTaps(shape, schedule.Direction);

    public override void Pack(T* weights, T* panels, Execution execution) => schedule.Pack(shape.K, shape.KernelSize, weights, panels);

    public override void Run(in ConvProblem<T> problem, Execution execution) => DepthwiseLoops<TVec, T>.Run(
        schedule, problem.Filter == null ? problem with { Filter = problem.RawFilter.Weights } : problem, execution);

    public override long WorkspaceBytes(int batch, int threads) => DepthwiseLoops<TVec, T>.WorkspaceBytes(schedule) * threads;

    public override string ToString() => schedule.ToString();
}
