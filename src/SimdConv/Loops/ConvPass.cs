using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>How a plan runs its forward pass or its input gradient on one tier: here the way is chosen, by shape alone.</summary>
internal sealed unsafe class ConvPass
{
    private readonly Conv2DShape shape;
    private readonly ConvDirection direction;

    /// <param name="shape">The geometry.</param>
    /// <param name="direction">Forward or InputGradient.</param>
    /// <param name="dense">Makes the schedules of grids with so many outputs and channels a group.</param>
    /// <param name="elementSize">Bytes of an element.</param>
    public ConvPass(Conv2DShape shape, ConvDirection direction, Func<TapGrid[], int, int, ConvSchedule[]> dense, int elementSize)
    {
        this.shape = shape;
        this.direction = direction;
        bool isForward = direction == ConvDirection.Forward;
        TapGrid[] grids = isForward ? [TapGrid.Forward(shape)] : TapGrid.InputGradient(shape);
        int inputs = shape.C / shape.Groups, outputs = shape.K / shape.Groups;
        if (DepthwiseSchedule.Suits(shape))
            Depthwise = new(direction, grids, shape, elementSize);
        else
            Dense = isForward ? dense(grids, outputs, inputs) : dense(grids, inputs, outputs);
    }

    /// <summary>The schedules of the dense nest, unless the convolution is depthwise.</summary>
    public ConvSchedule[] Dense { get; } = [];

    /// <summary>The schedule of a depthwise convolution.</summary>
    public DepthwiseSchedule? Depthwise { get; }

    /// <summary>Elements of the packed weights.</summary>
    public long FilterSize => Depthwise == null ? FilterPacking.Size(Dense, shape) : (long)shape.K * Depthwise.Kernel.Length;

    /// <summary>Whether weights are read as they are: packing would only copy them.</summary>
    public bool ReadsWeights => Depthwise != null && direction == ConvDirection.Forward;

    /// <summary>Lays K x C/Groups x R x S weights out as this pass reads them.</summary>
    public void Pack<T>(T* weights, T* panels)
        where T : unmanaged
    {
        if (Depthwise != null)
            Depthwise.Pack(shape.K, shape.R * shape.S, weights, panels);
        else if (direction == ConvDirection.Forward)
            FilterPacking.Forward(Dense, shape, weights, panels);
        else
            FilterPacking.InputGradient(Dense, shape, weights, panels);
    }

    public override string ToString() => Depthwise?.ToString() ?? string.Join("; ", Dense.Select(schedule => schedule.ToString()).Distinct());
}
