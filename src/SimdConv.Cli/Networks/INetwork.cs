using System.Numerics;
using SimdConv.Cli.Training;

namespace SimdConv.Cli.Networks;

/// <summary>A network that can be trained and asked.</summary>
internal interface INetwork<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    NetworkPlan Plan { get; }

    int MaxBatch { get; }

    ReadOnlySpan<T> Parameters { get; }

    /// <summary>The parameters to change: the next batch sees what was written.</summary>
    Span<T> EditParameters();

    /// <summary>The logits of a batch of images that lie one after the other, one a class for each image.</summary>
    ReadOnlySpan<T> Forward(int batch, ReadOnlyMemory<T> images);

    /// <summary>
    /// Runs a batch in both directions, after which parameters have been updated by <paramref name="optimizer"/>, if there is
    /// one. The sum of the images' losses, and how many were told rightly.
    /// </summary>
    (double Loss, int Correct) Train(ReadOnlyMemory<T> images, ReadOnlyMemory<byte> labels, Adam<T>? optimizer = null);
}
