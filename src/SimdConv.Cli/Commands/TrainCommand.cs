using System.CommandLine;
using SimdConv.Cli.Distributed;

namespace SimdConv.Cli.Commands;

/// <summary><c>simdconv train</c></summary>
internal static class TrainCommand
{
    /// <summary>On the embedded digits; chosen so that 97 % of the test digits are recognised with every seed tried.</summary>
    public const int EmbeddedEpochs = 15;

    private const int DefaultBatch = 100, DefaultSeed = 1, DefaultEvery = 1000, MaxBatch = 10_000, MaxEpochs = 1_000_000;

    public static Command Create()
    {
        Option<string?> data = Options.Path("--data", "DIR",
            "A folder with the four IDX files of MNIST or Fashion-MNIST, gzipped or not, of images of any size (idx3, or idx4 "
            + "with channels). Default: 10,000 digits of MNIST embedded in the tool (7,500 to train, 1,500 to validate, 1,000 to "
            + "test).");
        Option<int?> epochs = Options.OptionalCount("--epochs",
            $"Passes over the training images. Default: {EmbeddedEpochs} on the embedded digits, which suffice for 97 %, else 1.",
            1, MaxEpochs);
        Option<int> batch = Options.Count("--batch", "Images a step.", 1, MaxBatch, DefaultBatch);
        Option<int> seed =
            Options.Count("--seed", "Decides the first weights and the order of images.", 0, int.MaxValue, DefaultSeed);
        Option<int> threads = Options.Threads();
        Option<string?> tier =
            Options.Word("--tier", "The instruction set to use. Default: the best one available.", Tiers.Names);
        Option<string?> net = Options.Path("--net", "TEXT|FILE", NetworkSource.Help);
        Option<string?> algorithm = Options.Word("--algorithm",
            "winograd: convolutions that it suits by Winograd's algorithm, others as sums (the default of simd); direct: all as "
            + "sums.",
            "winograd", "direct");
        Option<string?> engine = Options.Word("--engine",
            "simd: the library (the default). To compare with: im2col: convolutions by way of column matrices; naive: plain "
            + "scalar loops on one thread.",
            "simd", "im2col", "naive");
        Option<int?> limit =
            Options.OptionalCount("--limit", "Train on no more than the first N training images.", 1, int.MaxValue);
        Option<string?> save =
            Options.Path("--save", "W.npz", "Write the network and its weights as NumPy arrays: net, conv1.weight, "
                + "conv1.bias, ..., mean and std.");
        Option<string?> plot = Options.Path("--plot", "FILE.png", "Draw the loss curve and the first convolution's filters.");
        Option<int?> shards = Options.OptionalCount("--shards",
            "Parts of a batch whose gradients are computed apart and added in a fixed order; decides the last bits of weights. "
            + "Default: 1; with --distributed the largest power of two up to 16 that leaves each part 16 images.",
            1, OrderedSum.MaxShards);
        Option<bool> distributed = new("--distributed")
        {
            Description = "Train with the other processes of this launch by mpirun (Open MPI or MPICH), which share the shards. "
                + "Weights don't depend on how many processes there are.",
        };
        Option<string?> checkpoint = Options.Path("--checkpoint", "FILE.npz",
            "Write what training has come to, now and then and at the end: weights, and what --resume needs.");
        Option<int?> every = Options.OptionalCount("--every",
            $"Steps from one checkpoint to the next. Default: {DefaultEvery}.", 1, int.MaxValue);
        Option<string?> resume = Options.Path("--resume", "FILE.npz",
            "Go on from a checkpoint, with the options that it was made with; the result is that of a run without a break.");
        Option<bool> json = Options.Json();
        Command command = new("train", "Trains LeNet-5, or any small network, and tests it.")
        {
            net, data, epochs, batch, seed, threads, tier, engine, algorithm, limit, shards, distributed, checkpoint, every,
            resume, save, plot, json,
        };
        command.SetAction(parsed =>
        {
            string? folder = parsed.GetValue(data);
            int images = parsed.GetValue(batch);
            bool isDistributed = parsed.GetValue(distributed);
            string engineName = parsed.GetValue(engine) ?? "simd";
            bool sharesProcessors = isDistributed && parsed.GetResult(threads) is not { Implicit: false };
            if (parsed.GetValue(every) is not null && parsed.GetValue(checkpoint) is null)
                throw new InputException("--every is given, but no --checkpoint; expected a file to write.");
            TrainRun.Run(new TrainSettings(
                parsed.GetValue(net),
                folder,
                parsed.GetValue(epochs) ?? (folder is null ? EmbeddedEpochs : 1),
                images,
                parsed.GetValue(seed),
                Math.Max(1, parsed.GetValue(threads) / (sharesProcessors ? Mpi.LocalRanks : 1)),
                Tiers.Resolve(parsed.GetValue(tier)),
                engineName,
                parsed.GetValue(algorithm) ?? (engineName == "simd" ? "winograd" : "direct"),
                parsed.GetValue(limit) ?? int.MaxValue,
                parsed.GetValue(shards) ?? (isDistributed ? ShardCut.DefaultShards(images) : 1),
                isDistributed,
                parsed.GetValue(checkpoint),
                parsed.GetValue(every) ?? DefaultEvery,
                parsed.GetValue(resume),
                parsed.GetValue(save),
                parsed.GetValue(plot),
                parsed.GetValue(json)));
            return 0;
        });
        return command;
    }
}
