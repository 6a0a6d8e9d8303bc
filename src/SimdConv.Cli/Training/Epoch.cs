namespace SimdConv.Cli.Training;

/// <summary>What one epoch took and gave.</summary>
/// <param name="Seconds">Of training alone.</param>
/// <param name="Train">Over the batches as they were met.</param>
/// <param name="Validation">After the epoch.</param>
/// <param name="Curve">Each batch's mean loss, with the images done by then.</param>
internal sealed record Epoch(double Seconds, Score Train, Score Validation, IReadOnlyList<(int Images, double Loss)> Curve);
