namespace SimdConv.Loops;

/// <summary>A family of tiles of a tier, as costs and block sizes see it.</summary>
/// <param name="MR">The most rows of a tile.</param>
/// <param name="Vectors">Registers across a row.</param>
/// <param name="Lanes">Elements of a register.</param>
/// <param name="IsHalf">Whether the registers are half as wide as those of the tier.</param>
/// <param name="Slides">Neighbouring taps that one broadcast element serves in a sliding tile; 0 for all other tiles.</param>
internal readonly record struct ConvTile(int MR, int Vectors, int Lanes, bool IsHalf = false, int Slides = 0)
{
    /// <summary>Elements across a row.</summary>
    public int NR => Vectors * Lanes;
}
