namespace SimdConv.Core;

/// <summary>The operations that are counted, under the names that a host sees.</summary>
internal enum Operation
{
    Gemm,
    GemmBatched,
    ConvForward,
    ConvInputGradient,
    ConvWeightGradient,
    Pool,
    PoolBackward,
    Im2Col,
    Col2Im,
    Elementwise,
    ImageCopy,
    OrderedSum,
}
