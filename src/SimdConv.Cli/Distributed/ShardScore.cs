using System.Runtime.InteropServices;

namespace SimdConv.Cli.Distributed;

/// <summary>What a shard says of its images.</summary>
/// <param name="Loss">The sum of their losses.</param>
/// <param name="Correct">How many were told rightly.</param>
/// <param name="Stops">1 where its rank was told to stop; of a sum, how many were.</param>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct ShardScore(double Loss, int Correct, int Stops = 0);
