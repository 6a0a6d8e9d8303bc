namespace SimdConv.Cli.Commands;

/// <summary>The options of <c>simdconv train</c>, defaults filled in.</summary>
internal sealed record TrainSettings(
    string? Net, string? Folder, int Epochs, int Batch, int Seed, int Threads, SimdTier Tier, string Engine,
    string Algorithm, int Limit, int Shards, bool IsDistributed, string? Checkpoint, int Every, string? Resume, string? Save,
    string? Plot, bool Json);
