using System.Diagnostics;
using SimdConv.Cli.Data;
using SimdConv.Cli.Distributed;
using SimdConv.Cli.Networks;
using SimdConv.Cli.Training;

namespace SimdConv.Cli.Commands;

/// <summary>
/// One run of <c>simdconv train</c>, alone or as one rank of several. Rank 0 prints and writes. What fails on one rank before
/// training begins, and what fails on all of them later, ends all ranks with one message; a failure of one rank alone while
/// others train ends all at once.
/// </summary>
internal sealed class TrainRun
{
    private readonly TrainSettings settings;
    private readonly IExchange exchange;
    private readonly TrainingData data;
    private readonly Network<float> net;
    private readonly Trainer trainer;
    private readonly List<Epoch> epochs = [];

    private TrainRun(TrainSettings settings, IExchange exchange)
    {
        (this.settings, this.exchange) = (settings, exchange);
        data = TrainingData.Read(settings.Net, settings.Folder, settings.Limit, settings.Batch, settings.Shards, exchange);
        ShardCut cut = data.Cut;
        if (cut.Shards > cut.Batch)
            throw new InputException($"--shards is {cut.Shards}; expected at most {cut.Batch}, the images of a batch.");
        Execution execution = new(settings.Threads, null, settings.Tier);
        Engine<float> engine = settings.Engine switch
        {
            "naive" => new NaiveEngine<float>(),
            "im2col" => new Im2ColEngine<float>(execution),
            _ => new SimdEngine<float>(execution, useWinograd: settings.Algorithm != "direct"),
        };
        // A rank without shards still validates and tests.
        net = cut.Count > 0
            ? new(data.Plan, engine, cut.MostImages, cut.Count)
            : new(data.Plan, engine, cut.Batch);
        trainer = new Trainer(net, data.Train, settings.Seed, cut, exchange, execution);
        if (settings.Resume is not null)
            Checkpoint.Read(settings.Resume, settings, data, exchange).Restore(trainer, epochs);
        exchange.RequireAll();
    }

    public static void Run(TrainSettings settings)
    {
        if (settings.Engine != "simd" && settings.Algorithm == "winograd")
        {
            throw new InputException(
                $"--algorithm is winograd, but the engine {settings.Engine} computes sums as they are; expected direct.");
        }

        if (settings.Engine == "naive")
            settings = settings with { Threads = 1, Tier = SimdTier.Scalar };
        using IExchange exchange = settings.IsDistributed && Mpi.IsLaunched ? new MpiExchange() : new LoneExchange();
        TrainRun? run = null;
        try
        {
            run = Prepare(settings, exchange);
            run.SayIdleRanks();
            run.Train();
        }
        catch (Exception error) when (exchange.Ranks > 1 && error is not ReportedException)
        {
            // Where training fails as it can, all ranks fail at the same point. The end of the exchange waits for all of them: by
            // then the failure has been reported, and the launcher may end whoever is left.
            if (error is not (InputException or OperationCanceledException))
                exchange.Abort(Program.Report(error));
            else if (run is null || exchange.Rank == 0)
                Program.Report(error);
            throw new ReportedException(Program.ExitCodeOf(error));
        }
    }

    private static TrainRun Prepare(TrainSettings settings, IExchange exchange)
    {
        try
        {
            if (exchange.Rank == 0)
            {
                OutputFile.RequireWritable(
                    [new("--save", settings.Save), new("--plot", settings.Plot), new("--checkpoint", settings.Checkpoint)],
                    [new("--net", NetworkSource.FileOf(settings.Net)),
                        .. settings.Resume == settings.Checkpoint ? [] : (NamedFile[])[new("--resume", settings.Resume)],
                        .. DigitFiles.FilesOf(settings.Folder).Select(path => new NamedFile("--data", path))]);
            }

            return new TrainRun(settings, exchange);
        }
        catch (InputException error)
        {
            exchange.Fail(Program.ExitCodeOf(error));
            throw;
        }
    }

    private void SayIdleRanks()
    {
        int idle = Enumerable.Range(0, exchange.Ranks).Count(rank => data.Cut.FirstOf(rank) == data.Cut.FirstOf(rank + 1));
        if (exchange.Rank == 0 && idle > 0)
        {
            Console.Error.WriteLine($"{idle} of {exchange.Ranks} ranks train nothing: a batch of {data.Cut.Batch} images has "
                + $"{data.Cut.Shards} shards (--shards)");
        }
    }

    private void Train()
    {
        using Interruption interruption = new();
        for (int i = trainer.State.Epochs + 1; i <= settings.Epochs; i++)
            RunEpoch($"epoch {i}/{settings.Epochs}", interruption.Token);
        WriteCheckpoint();
        Score test = data.Tests.Run(net, data.Test);
        if (exchange.Rank > 0)
            return;
        Alone(() =>
        {
            if (settings.Save is not null)
                WeightFile.Save(settings.Save, data.Plan, net.Parameters.ToArray(), data.Standardisation);
            if (settings.Plot is not null)
                Plots.DrawTraining(settings.Plot, epochs, data.Plan, net.Parameters);
        });
        TrainReport.PrintTable(settings, net, epochs, data.Cut.Images, data.Tests.Images, test, exchange);
        if (settings.Json)
        {
            JsonLine.Print(json => TrainReport.WriteJson(
                json, settings, net, epochs, data.Cut.Images, test, exchange));
        }
    }

    private void RunEpoch(string title, CancellationToken cancellation)
    {
        List<(int, double)> curve = [];
        long start = Stopwatch.GetTimestamp();
        int before = trainer.State.Done;
        (Score score, double seconds) = exchange.Rank > 0
            ? trainer.RunEpoch(afterStep: AfterStep, cancellation: cancellation)
            : Progress.Show(title, "images", data.Cut.Images, report => trainer.RunEpoch((done, batchLoss, meanLoss) =>
            {
                curve.Add((done, batchLoss));
                report(done, () => $"loss {Screen.Number(meanLoss, "0.0000")}, "
                    + $"{Screen.Number((done - before) / Stopwatch.GetElapsedTime(start).TotalSeconds, "0")} images/s");
            }, AfterStep, cancellation));
        Score validated = data.Validates.Run(net, data.Validation);
        epochs.Add(new Epoch(seconds, score, validated, curve));
        if (exchange.Rank == 0)
        {
            Console.Error.WriteLine($"{title}  {Screen.Number(seconds, "0.00")} s, loss {Screen.Number(score.Loss, "0.0000")}, "
                + $"validation {Screen.Percent(validated.Accuracy)}");
        }
    }

    private void AfterStep()
    {
        if (trainer.State.Steps % settings.Every == 0)
            WriteCheckpoint();
    }

    private void WriteCheckpoint()
    {
        if (exchange.Rank == 0 && settings.Checkpoint is not null)
            Alone(() => Checkpoint.Write(settings.Checkpoint, settings, data, trainer, epochs));
    }

    /// <summary>Runs what rank 0 does alone: the others can't know that it failed.</summary>
    private void Alone(Action action)
    {
        try
        {
            action();
        }
        catch (Exception error) when (exchange.Ranks > 1)
        {
            exchange.Abort(Program.Report(error));
        }
    }
}
