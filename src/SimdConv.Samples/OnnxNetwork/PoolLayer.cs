namespace SimdConv.Samples.OnnxNetwork;

/// <summary>A pooling.</summary>
internal sealed class PoolLayer(Node node, Pool2DShape shape, PoolKind kind) : Layer(node)
{
    public Pool2DShape Shape => shape;

    public PoolKind Kind => kind;
}
