namespace SimdConv.Core;

/// <summary>What a <see cref="PackedRecord"/> holds.</summary>
internal enum RecordKind
{
    Filter = 1,
    Matrix = 2,
}
