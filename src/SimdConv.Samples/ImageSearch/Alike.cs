namespace SimdConv.Samples.ImageSearch;

/// <summary>
/// A picture of the folder, and the cosine of the angle between its features and those of the picture asked for.
/// </summary>
public sealed record Alike(string Name, float Similarity);
