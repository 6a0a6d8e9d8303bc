namespace SimdConv.Samples.OnnxNetwork;

/// <summary>A field of a message: its number, how it is written, and where.</summary>
/// <param name="Number">What the message calls the field.</param>
/// <param name="Kind">How it is written.</param>
/// <param name="Value">The number of a field that is one.</param>
/// <param name="Start">Where its bytes begin in the file.</param>
/// <param name="End">Where they end.</param>
internal readonly record struct WireField(int Number, WireKind Kind, ulong Value, long Start, long End)
{
    public long Length => End - Start;
}
