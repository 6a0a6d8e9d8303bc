using System.Runtime.Intrinsics.X86;

namespace SimdConv.Simd;

/// <summary>Hints that memory will soon be needed. They never fault, so an address may lie outside of an operand.</summary>
internal static unsafe class Prefetch
{
    public const int LineBytes = 64;

    /// <summary>The line that an element is in.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Line<T>(T* element)
        where T : unmanaged
    {
        if (Sse.IsSupported)
            Sse.Prefetch0(element);
    }

    /// <summary>The same into L2 alone, so that L1 keeps what it has.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void LineToL2(byte* address)
    {
        if (Sse.IsSupported)
            Sse.Prefetch1(address);
    }

    /// <summary>At most four lines, without a loop where the count is a constant.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Lines<T>(T* row, int count)
        where T : unmanaged
    {
        Line((byte*)row);
        if (count * sizeof(T) > LineBytes) Line((byte*)row + LineBytes);
        if (count * sizeof(T) > 2 * LineBytes) Line((byte*)row + (2 * LineBytes));
        if (count * sizeof(T) > 3 * LineBytes) Line((byte*)row + (3 * LineBytes));
    }

    /// <summary>The same into L2 alone, so that L1 keeps what it has.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void LinesToL2<T>(T* row, int count)
        where T : unmanaged
    {
        if (!Sse.IsSupported)
            return;
        Sse.Prefetch1(row);
        if (count * sizeof(T) > LineBytes) Sse.Prefetch1((byte*)row + LineBytes);
        if (count * sizeof(T) > 2 * LineBytes) Sse.Prefetch1((byte*)row + (2 * LineBytes));
        if (count * sizeof(T) > 3 * LineBytes) Sse.Prefetch1((byte*)row + (3 * LineBytes));
    }

    /// <summary>The lines of a tile: <paramref name="rows"/> rows of <paramref name="count"/> elements.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Rows<T>(T* tile, int rows, nint ld, int count)
        where T : unmanaged
    {
        if (!Sse.IsSupported)
            return;
        for (int i = 0; i < rows; i++, tile += ld)
        {
            for (int j = 0; j < count * sizeof(T); j += LineBytes)
                Sse.Prefetch0((byte*)tile + j);
        }
    }
}
