namespace SimdConv.Kernels;

/// <summary>Columns of the two tiles of <see cref="ChannelTile{TVec, T}"/>.</summary>
internal static class ChannelColumns
{
    public const int Wide = 6, Narrow = 4;

    /// <summary>How many columns the next tile takes of those that are left: so that few are computed and dropped.</summary>
    public static int OfTile(int left) => left > 8 || left is 5 or 6 ? Wide : Narrow;

    /// <summary>Columns that are computed where there are so many.</summary>
    public static int Computed(int width)
    {
        int computed = 0;
        for (int left = width; left > 0; left -= OfTile(left))
            computed += OfTile(left);
        return computed;
    }
}
