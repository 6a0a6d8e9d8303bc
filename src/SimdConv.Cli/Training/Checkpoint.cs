using System.Globalization;
using System.Text.Json;
using SimdConv.Cli.Commands;
using SimdConv.Cli.Data;
using SimdConv.Cli.Distributed;
using SimdConv.Cli.Networks;

namespace SimdConv.Cli.Training;

/// <summary>
/// What training has come to, as a file: weights as <see cref="WeightFile"/> has them, the optimizer's moments as two more
/// arrays, and a text with the rest. It says nothing of ranks and threads, on whose numbers no result depends.
/// </summary>
internal sealed class Checkpoint
{
    private const string FirstArray = "adam.first", SecondArray = "adam.second", Text = "training";

    private const int MaxText = 1 << 24;

    private static readonly JsonSerializerOptions Options = new() { IncludeFields = true };

    private readonly TrainerState state;
    private readonly EpochScore[] scores;
    private readonly float[] parameters, first, second;

    private Checkpoint(Content content, float[] parameters, float[] first, float[] second)
    {
        (state, scores) = (content.State, content.Scores);
        (this.parameters, this.first, this.second) = (parameters, first, second);
    }

    /// <summary>Writes a checkpoint, whole or not at all.</summary>
    public static void Write(
        string path, TrainSettings settings, TrainingData data, Trainer trainer, IReadOnlyList<Epoch> epochs)
    {
        Content content = new(Made.Of(settings, data), trainer.State,
            [.. epochs.Select(epoch => new EpochScore(epoch.Seconds, epoch.Train, epoch.Validation))]);
        int count = data.Plan.ParameterCount;
        WeightFile.Save(path, data.Plan, trainer.Net.Parameters.ToArray(), data.Standardisation,
            [(FirstArray, [count], trainer.Moments.First), (SecondArray, [count], trainer.Moments.Second)],
            [(Text, JsonSerializer.Serialize(content, Options))]);
    }

    /// <summary>Reads a checkpoint on all ranks; rank 0 reads the file.</summary>
    /// <exception cref="InputException">The file is damaged, or was made by another training than this one.</exception>
    public static Checkpoint Read(string path, TrainSettings settings, TrainingData data, IExchange exchange)
    {
        byte[] bytes = [];
        if (exchange.Rank == 0)
        {
            using NpzFile probe = new(path);
            bytes = InputFile.ReadBytes(path);
        }

        // The others learn here that there is no file.
        exchange.RequireAll();
        bytes = exchange.GatherAll<byte>(bytes);
        (NetworkPlan plan, float[] parameters, Standardisation? standardisation) =
            WeightFile.Load(new NpzFile(new MemoryStream(bytes), path), path, data.Plan.Images);
        using NpzFile file = new(new MemoryStream(bytes), path);
        if (!file.Contains(Text))
            throw new InputException($"--resume is '{path}', which holds weights alone; expected what --checkpoint wrote.");
        Content content = Parse(path, file.ReadText(Text, MaxText));
        content.Made.RequireSame(path, Made.Of(settings, data));
        if (plan.Text != data.Plan.Text)
            throw new InputException($"--net is {data.Plan.Text}, but {path} was made with {plan.Text}; expected the same.");
        if (standardisation != data.Standardisation)
            throw new InputException($"--data has other images than those that {path} was made with; expected the same.");
        content.RequireSense(path, settings.Epochs, data.Cut.Images);
        float[] first = new float[plan.ParameterCount], second = new float[plan.ParameterCount];
        file.Read(FirstArray, first, [first.Length]);
        file.Read(SecondArray, second, [second.Length]);
        return new Checkpoint(content, parameters, first, second);
    }

    /// <summary>A trainer goes on from here, and the epochs that have ended are those of the checkpoint, without their
    /// curves.</summary>
    public void Restore(Trainer trainer, List<Epoch> epochs)
    {
        trainer.Resume(state, parameters, first, second);
        epochs.AddRange(scores.Select(score => new Epoch(score.Seconds, score.Train, score.Validation, [])));
    }

    private static Content Parse(string path, string text)
    {
        try
        {
            Content? content = JsonSerializer.Deserialize<Content>(text, Options);
            if (content is { Made: not null, State: not null, Scores: not null })
                return content;
        }
        catch (Exception error) when (error is JsonException or NotSupportedException)
        {
            throw new InputException($"{path}: array '{Text}' is damaged: {error.Message}", error);
        }

        throw new InputException($"{path}: array '{Text}' lacks a part; expected what --checkpoint writes.");
    }

    /// <summary>What decides every bit of a training, beside the images.</summary>
    private sealed record Made(int Seed, int Batch, int Shards, int Images, string Engine, string Algorithm)
    {
        public static Made Of(TrainSettings settings, TrainingData data) => new(settings.Seed, data.Cut.Batch, data.Cut.Shards,
            data.Cut.Images, settings.Engine, settings.Algorithm);

        public void RequireSame(string path, Made now)
        {
            Require("--seed", Seed, now.Seed);
            Require("--batch", Batch, now.Batch);
            Require("--shards", Shards, now.Shards);
            Require("--engine", Engine, now.Engine);
            Require("--algorithm", Algorithm, now.Algorithm);
            Require("the number of images to train on (--limit)", Images, now.Images);

            void Require<T>(string what, T made, T given)
            {
                if (!EqualityComparer<T>.Default.Equals(made, given))
                {
                    throw new InputException(string.Create(CultureInfo.InvariantCulture,
                        $"{what} is {given}, but {path} was made with {made}; expected the same."));
                }
            }
        }
    }

    private sealed record EpochScore(double Seconds, Score Train, Score Validation);

    private sealed record Content(Made Made, TrainerState State, EpochScore[] Scores)
    {
        public void RequireSense(string path, int epochs, int images)
        {
            if (State.Epochs < 0 || State.Steps < 0 || State.Done < 0 || State.Done > images || Scores.Length != State.Epochs)
                throw new InputException($"{path}: array '{Text}' contradicts itself; expected what --checkpoint writes.");
            if (State.Epochs > epochs)
                throw new InputException($"--epochs is {epochs}, but {path} has done {State.Epochs}; expected as many or more.");
        }
    }
}
