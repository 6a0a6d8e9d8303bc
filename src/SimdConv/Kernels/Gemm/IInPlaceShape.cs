namespace SimdConv.Kernels;

/// <summary>The shape of a tile.</summary>
internal interface IInPlaceShape
{
    static abstract int Rows { get; }

    static abstract int Vectors { get; }

    /// <summary>Whether the only register of a row sticks out of B and C.</summary>
    static abstract bool IsPartial { get; }

    /// <summary>Whether C, whose rows are aligned then, is written past the caches.</summary>
    static abstract bool IsStreaming { get; }

    /// <summary>Whether later rows of B are prefetched.</summary>
    static abstract bool IsFetching { get; }
}
