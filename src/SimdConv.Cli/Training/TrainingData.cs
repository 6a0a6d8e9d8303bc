using SimdConv.Cli.Commands;
using SimdConv.Cli.Data;
using SimdConv.Cli.Distributed;
using SimdConv.Cli.Networks;

namespace SimdConv.Cli.Training;

/// <summary>The network and this rank's part of the images. Ranks read only the images that are theirs.</summary>
/// <param name="Plan">The network.</param>
/// <param name="Standardisation">Over all images of the training files.</param>
/// <param name="Cut">Who trains on which images.</param>
/// <param name="Train">This rank's images to train on.</param>
/// <param name="Validation">Its images to validate on.</param>
/// <param name="Test">Its images to test on.</param>
/// <param name="Validates">Scores the validation images of all ranks.</param>
/// <param name="Tests">Scores the test images of all ranks.</param>
internal sealed record TrainingData(
    NetworkPlan Plan, Standardisation Standardisation, ShardCut Cut, DigitSet Train, DigitSet Validation, DigitSet Test,
    Evaluation Validates, Evaluation Tests)
{
    /// <summary>Reads the files of a folder, or those embedded in the tool.</summary>
    /// <param name="net">The value of <c>--net</c>.</param>
    /// <param name="folder">The folder, or null.</param>
    /// <param name="limit">The most images to train on.</param>
    /// <param name="batch">Images a step.</param>
    /// <param name="shards">Shards a batch.</param>
    /// <param name="exchange">The ranks.</param>
    /// <exception cref="InputException">Files or description are wrong; perhaps on this rank alone.</exception>
    public static TrainingData Read(string? net, string? folder, int limit, int batch, int shards, IExchange exchange)
    {
        ShardCut? cut = null;
        Evaluation? validates = null, tests = null;
        RawDigits trainFiles = DigitFiles.ReadTrain(folder, all =>
        {
            int train = DigitFiles.TrainImages(all), used = Math.Min(limit, train);
            cut = new ShardCut(shards, used, Math.Min(batch, used), exchange.Rank, exchange.Ranks);
            validates = new Evaluation(all - train, exchange);
            return
            [
                (cut.FirstImage, cut.EndImage), (Share(used, train, exchange.Rank), Share(used, train, exchange.Rank + 1)),
                (train + validates.FirstImage, train + validates.EndImage),
            ];
        });
        RawDigits testFiles = DigitFiles.ReadTest(folder, all =>
        {
            tests = new Evaluation(all, exchange);
            return [(tests.FirstImage, tests.EndImage)];
        });
        if (testFiles.Size != trainFiles.Size)
        {
            throw new InputException(
                $"images to test are {testFiles.Size}, those to train {trainFiles.Size}; expected one size.");
        }

        NetworkPlan plan = NetworkSource.Read(net, trainFiles.Size);
        trainFiles.RequireClasses(plan.Classes);
        testFiles.RequireClasses(plan.Classes);
        // All ranks have read what is theirs, or none goes on.
        exchange.RequireAll();
        Standardisation standardisation = trainFiles.Measure(folder ?? "the embedded digits", plan.Images, exchange);
        DigitSet mine = trainFiles.Standardise(standardisation, plan.Images);
        int validation = validates!.EndImage - validates.FirstImage;
        return new TrainingData(plan, standardisation, cut!, mine.Slice(0, cut!.EndImage - cut.FirstImage),
            mine.Slice(mine.Count - validation, validation), testFiles.Standardise(standardisation, plan.Images), validates,
            tests!);

        // Images that no rank trains on are measured all the same.
        int Share(int first, int end, int rank) => first + (int)((long)(end - first) * rank / exchange.Ranks);
    }
}
