namespace SimdConv.Simd;

/// <summary>Whether a tier has registers of half its width: a constant to the JIT.</summary>
internal static class Half<TVec, THalf>
    where TVec : unmanaged
    where THalf : unmanaged
{
    public static bool Exists
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => typeof(TVec) != typeof(THalf);
    }
}
