namespace SimdConv.Cli.Distributed;

/// <summary>A process that trains alone.</summary>
internal sealed class LoneExchange : IExchange
{
    public int Rank => 0;

    public int Ranks => 1;

    public string Engine => "";

    public void Gather(ReadOnlySpan<byte> mine, Span<byte> all, int[] counts) => mine.CopyTo(all);

    public void Swap(ReadOnlySpan<byte> sent, int[] sentCounts, Span<byte> received, int[] receivedCounts) =>
        sent.CopyTo(received);

    public void Abort(int exitCode) => Environment.Exit(exitCode);

    public void Dispose()
    {
    }
}
