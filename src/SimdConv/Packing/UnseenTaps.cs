namespace SimdConv.Packing;

/// <summary>What becomes of taps that see padding alone, wherever the window is.</summary>
internal enum UnseenTaps
{
    /// <summary>They are no terms.</summary>
    LeftOut,

    /// <summary>
    /// They are terms, moved as close to the image as they can be and see nothing of it: a strip needs little padding for them.
    /// </summary>
    Moved,

    /// <summary>They are terms where they are.</summary>
    Kept,
}
