namespace SimdConv.Samples.OnnxNetwork;

/// <summary>Where a value lies.</summary>
/// <param name="Memory">Which memory.</param>
/// <param name="Start">The first element of its whole, times the batch.</param>
/// <param name="Length">Elements of its whole, times the batch.</param>
/// <param name="First">Its first element within its whole.</param>
/// <param name="Layout">Its strides.</param>
internal readonly record struct Place(Memory Memory, int Start, int Length, int First, ImageLayout Layout);
