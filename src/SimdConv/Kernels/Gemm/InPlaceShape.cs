namespace SimdConv.Kernels;

/// <summary>
/// How a row ends: whole registers that end with the columns (Whole); a single register that sticks out and is masked (Partial);
/// whole registers, and C is written past the caches (Streaming) or B is prefetched (Fetching).
/// </summary>
internal readonly struct Whole;

internal readonly struct Partial;

internal readonly struct Streaming;

internal readonly struct Fetching;

internal readonly struct InPlaceShape<TRows, TVectors, TEnd> : IInPlaceShape
    where TRows : struct, IConstant
    where TVectors : struct, IConstant
    where TEnd : struct
{
    public static int Rows => TRows.Value;

    public static int Vectors => TVectors.Value;

    public static bool IsPartial
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => typeof(TEnd) == typeof(Partial);
    }

    public static bool IsStreaming
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => typeof(TEnd) == typeof(Streaming);
    }

    public static bool IsFetching
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => typeof(TEnd) == typeof(Fetching);
    }
}
