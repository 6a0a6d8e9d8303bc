using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using SimdConv.Cli.Distributed;

namespace SimdConv.Perf.Compare;

/// <summary>
/// <c>mpirun -n R ... exchange</c>: the ordered sum of shards beside MPI's own reduction of the same gradients, in turn: how long
/// each takes, and the hash of what each gives. Run with several numbers of ranks it shows whose bits depend on that number.
/// </summary>
internal static class ExchangeCommand
{
    private const int Rounds = 61, Warmups = 10, Shards = 16;

    public static Command Create()
    {
        Option<int[]> lengths = new("--length")
        {
            Description = "Elements of a gradient: LeNet-5's and ResNet-18's by default.",
            DefaultValueFactory = _ => [61_706, 11_700_000],
            AllowMultipleArgumentsPerToken = true,
        };
        Command command = new("exchange", "Under mpirun: sums of gradients in a fixed order beside MPI_Allreduce.") { lengths };
        command.SetAction(parsed =>
        {
            if (!Mpi.IsLaunched)
            {
                Console.Error.WriteLine("error: exchange compares ranks; expected to be started by mpirun");
                return CompareCommand.BadInput;
            }

            using MpiExchange exchange = new();
            foreach (int length in parsed.GetValue(lengths)!)
                Run(exchange, length);
            return 0;
        });
        return command;
    }

    private static void Run(MpiExchange exchange, int length)
    {
        ShardCut cut = new(Shards, Shards, Shards, exchange.Rank, exchange.Ranks);
        ShardSum sum = new(cut, exchange, length, default);
        float[] shards = new float[cut.Count * length], values = new float[shards.Length], own = new float[length],
            reduced = new float[length], ordered = new float[length];
        for (int shard = 0; shard < cut.Count; shard++)
        {
            Random random = new(cut.First + shard);
            foreach (ref float value in shards.AsSpan(shard * length, length))
                value = (float)((random.NextDouble() - 0.5) * Math.Exp(8 * random.NextDouble()));
        }

        double[] ours = new double[Rounds], mpi = new double[Rounds];
        for (int round = -Warmups; round < Rounds; round++)
        {
            // Each sum begins with what a training has, the gradients of the shards, and all ranks begin together.
            shards.CopyTo(values, 0);
            exchange.RequireAllRanks();
            long start = Stopwatch.GetTimestamp();
            sum.Add(values).CopyTo(ordered);
            long between = Stopwatch.GetTimestamp();
            exchange.RequireAllRanks();
            long again = Stopwatch.GetTimestamp();
            own.AsSpan().Clear();
            for (int shard = 0; shard < cut.Count; shard++)
                TensorPrimitives.Add(own, shards.AsSpan(shard * length, length), own);
            _ = Mpi.MPI_Allreduce(ref own[0], ref reduced[0], length, Mpi.Float, Mpi.Sum, Mpi.World);
            if (round >= 0)
                (ours[round], mpi[round]) = (Seconds(start, between), Seconds(again, Stopwatch.GetTimestamp()));
        }

        if (exchange.Rank != 0)
            return;
        double[] ratios = [.. mpi.Zip(ours, (peer, self) => peer / self).Order()];
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{exchange.Engine}, {exchange.Ranks} ranks, {length} elements: MPI_Allreduce takes {ratios[Rounds / 2]:F2} "
            + $"[{ratios[Rounds / 4]:F2} {ratios[3 * Rounds / 4]:F2}] of the ordered sum's time; "
            + $"ordered {Hash(ordered)} in {Median(ours) * 1e6:F0} us, MPI_Allreduce {Hash(reduced)}"));
    }

    private static double Seconds(long start, long end) => Stopwatch.GetElapsedTime(start, end).TotalSeconds;

    private static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);

    private static string Hash(float[] values) =>
        Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes<float>(values)))[..12];

    private static void RequireAllRanks(this IExchange exchange) => exchange.RequireAll();
}
