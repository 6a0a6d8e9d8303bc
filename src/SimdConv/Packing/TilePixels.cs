namespace SimdConv.Packing;

/// <summary>How the pixels of transformed tiles are stored, a register of each pixel being at hand.</summary>
internal enum TilePixels
{
    /// <summary>Lanes are neighbouring tiles: pixels are interleaved, so that rows of pixels come out.</summary>
    Interleaved,

    /// <summary>The registers of the pixels of a row follow each other.</summary>
    Apart,

    /// <summary>Each pixel has a row of its own, as long as the lanes.</summary>
    InRows,
}
