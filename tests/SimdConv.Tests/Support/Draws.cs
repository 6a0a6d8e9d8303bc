namespace SimdConv.Tests.Support;

/// <summary>Counts the draws of a loop that looks for something at random, so that it fails where it would go on.</summary>
/// <param name="what">What is looked for, for the message.</param>
internal sealed class Draws(string what)
{
    private const int Most = 10_000;

    private int made;

    public void Next()
    {
        if (++made > Most)
            throw new InvalidOperationException($"{Most} draws gave no {what}.");
    }
}
