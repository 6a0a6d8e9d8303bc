namespace SimdConv.Cli.Training;

/// <summary>How far training has come.</summary>
/// <param name="Epochs">Epochs that have ended.</param>
/// <param name="Steps">Steps in all.</param>
/// <param name="Done">Images done of the epoch that has been begun; 0 between two epochs.</param>
/// <param name="Loss">The sum of their losses.</param>
/// <param name="Correct">How many of them were told rightly.</param>
internal sealed record TrainerState(int Epochs, long Steps, int Done, double Loss, long Correct);
