using System.CommandLine;
using System.Diagnostics;
using SimdConv.Perf.Compare;
using SimdConv.Perf.Peers;
using SimdConv.Perf.Suites;

namespace SimdConv.Perf.Fuzz;

/// <summary>
/// The command line of <c>fuzz</c>: random shapes beside the peers, and each dense layer by every strategy that suits it, on one
/// thread.
/// </summary>
internal static class FuzzCommand
{
    private const double WarmUpSeconds = 0.02, BlockSeconds = 0.0005;

    private const int LeastRounds = 5, MostRounds = 200;

    private static readonly Option<string> What = new("--what")
    {
        Description = "conv or gemm",
        DefaultValueFactory = _ => "conv",
    };
    private static readonly Option<int> Count = new("--count") { Description = "Shapes", DefaultValueFactory = _ => 100 };
    private static readonly Option<int> Seed =
        new("--seed") { Description = "What they are drawn by", DefaultValueFactory = _ => 1 };
    private static readonly Option<string?> Kind = new("--kind") { Description = "Only shapes of this kind" };
    private static readonly Option<string?> Tier =
        new("--tier") { Description = "Instruction-set tier; the best one if left out" };
    private static readonly Option<double> Seconds =
        new("--seconds") { Description = "Time for each shape", DefaultValueFactory = _ => 0.3 };
    private static readonly Option<string> Peers = new("--peers")
    {
        Description = "Comma-separated list of onnxruntime, libtorch, openblas",
        DefaultValueFactory = _ => "onnxruntime,libtorch,openblas",
    };

    public static Command Create()
    {
        What.AcceptOnlyFromAmong("conv", "gemm");
        Tier.AcceptOnlyFromAmong([.. TierProcess.Names]);
        Command command = new("fuzz",
            "Times random layers or products beside the peers and by every strategy, and lists the worst ratios: the time of the "
            + "thread, which other processes don't add to")
        {
            What, Count, Seed, Kind, Tier, Seconds, Peers,
        };
        command.SetAction(result => CompareCommand.Guard(() => Run(result)));
        return command;
    }

    private static int Run(ParseResult result)
    {
        if (TierProcess.RunElsewhere(result.GetValue(Tier)) is int exitCode)
            return exitCode;
        PeerSet peers = new(result.GetValue(Peers)!.Split(','), 1, Console.Error.WriteLine);
        Heading.Write(peers, Console.Out);
        RandomShapes shapes = new(result.GetValue(Seed));
        bool isConv = result.GetValue(What) == "conv";
        string? only = result.GetValue(Kind);
        FuzzReport report = new(Console.Out);
        for (int i = 0; i < result.GetValue(Count);)
        {
            (string kind, string text) = isConv ? shapes.Conv() : shapes.Gemm();
            if (only is not null && kind != only)
                continue;
            i++;
            ShapeLine line = new(text, "fuzz", text);
            report.Add(isConv
                ? Layer(kind, ConvShape.Parse(line), peers, result.GetValue(Seconds))
                : Product(kind, GemmShape.Parse(line), peers, result.GetValue(Seconds)));

            // Operands are freed by finalizers.
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        report.WriteSummary();
        return 0;
    }

    private static FuzzRow Layer(string kind, ConvShape shape, PeerSet peers, double seconds)
    {
        ConvOperands<float> operands = new(shape);
        IReadOnlyList<Contestant> contestants = peers.With(ConvSuite<float>.Packed(operands, new Execution(1)),
            (PeerSet.OnnxRuntime, () => ConvSuite<float>.Onnx(operands, 1)), (PeerSet.LibTorch, () => LibTorch.Conv(operands)));
        IReadOnlyList<StrategyContestant> strategies = StrategyContestant.All(operands);
        double[] times = Measure([.. contestants, .. strategies], seconds);
        string chosen = operands.NewPlan().Algorithm(ConvDirection.Forward, new Execution(1));
        return new(kind, shape.Text, shape.Flops, chosen, times[0],
            [.. contestants.Skip(1).Select((peer, i) => (peer.Name, times[i + 1]))],
            [.. strategies.Select((strategy, i) => (strategy.Name, times[contestants.Count + i]))]);
    }

    private static FuzzRow Product(string kind, GemmShape shape, PeerSet peers, double seconds)
    {
        GemmOperands<float> operands = new(shape);
        IReadOnlyList<Contestant> contestants = peers.With(GemmSuite<float>.SimdConvs(operands, new Execution(1)),
            (PeerSet.OpenBlas, () => OpenBlas.Gemm(operands)), (PeerSet.LibTorch, () => LibTorch.Gemm(operands)));
        double[] times = Measure(contestants, seconds);
        return new(kind, shape.Text, shape.Flops, "", times[0],
            [.. contestants.Skip(1).Select((peer, i) => (peer.Name, times[i + 1]))], []);
    }

    /// <summary>The median seconds of a call of each, called in turn.</summary>
    private static double[] Measure(IReadOnlyList<Contestant> contestants, double seconds)
    {
        int[] repetitions = new int[contestants.Count];
        for (int i = 0; i < repetitions.Length; i++)
        {
            double call = InterleavedTiming.WarmUp(contestants[i], WarmUpSeconds);
            repetitions[i] = (int)Math.Clamp(BlockSeconds / call, 1, 100_000);
        }

        List<double>[] times = [.. contestants.Select(_ => new List<double>())];
        long start = Stopwatch.GetTimestamp();
        for (int round = 0; round < LeastRounds
            || (round < MostRounds && Stopwatch.GetElapsedTime(start).TotalSeconds < seconds); round++)
        {
            for (int i = 0; i < repetitions.Length; i++)
            {
                contestants[i].Run(1);
                double before = ThreadClock.Seconds;
                contestants[i].Run(repetitions[i]);
                times[i].Add((ThreadClock.Seconds - before) / repetitions[i]);
            }
        }

        foreach (Contestant contestant in contestants)
            contestant.Dispose();
        return [.. times.Select(each => Statistics.Quantile(each, 0.5))];
    }
}
