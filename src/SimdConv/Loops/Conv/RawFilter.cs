namespace SimdConv.Loops;

/// <summary>Weights as the caller has them, K x C/Groups x R x S, and the pass that they are for.</summary>
internal unsafe struct RawFilter<T>
    where T : unmanaged
{
    public T* Weights;
    public Conv2DShape Shape;

    /// <summary>
    /// Forward, where outputs are output channels and terms run over input channels; or InputGradient, where they change places.
    /// </summary>
    public ConvDirection Direction;
}
