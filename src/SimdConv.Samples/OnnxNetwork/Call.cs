namespace SimdConv.Samples.OnnxNetwork;

/// <summary>The memory of one run.</summary>
internal readonly ref struct Call(int batch, ReadOnlySpan<float> input, Span<float> output, Span<float> own, Execution execution)
{
    private readonly ReadOnlySpan<float> input = input;
    private readonly Span<float> output = output, own = own;

    public int Batch { get; } = batch;

    public Execution Execution { get; } = execution;

    public ReadOnlySpan<float> Read(in Place place) =>
        place.Memory == Memory.Input ? input[place.First..] : Write(place);

    public Span<float> Write(in Place place) => place.Memory == Memory.Output
        ? output[place.First..]
        : own.Slice(place.Start * Batch, place.Length * Batch)[place.First..];
}
