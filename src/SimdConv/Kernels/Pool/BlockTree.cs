namespace SimdConv.Kernels;

/// <summary>
/// A balanced tree over sums that arrive one by one: neighbours are added pairwise, then their sums, and so on; an odd last one
/// is kept unchanged. One register a level holds the sum of 2^k neighbours until the next 2^k are summed.
/// </summary>
internal unsafe struct BlockTree<TVec, T>(T* levels)
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Registers that <c>levels</c> holds: enough for 2^63 sums.</summary>
    public const int Levels = 64;

    private long count;
    private int waiting;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(TVec sum)
    {
        for (long index = count++; (index & 1) != 0; index >>= 1)
            sum = TVec.Add(TVec.Load(levels + (--waiting * TVec.Count)), sum);
        TVec.Store(levels + (waiting++ * TVec.Count), sum);
    }

    /// <summary>The root. At least one sum was added.</summary>
    public TVec Total()
    {
        TVec sum = TVec.Load(levels + (--waiting * TVec.Count));
        while (waiting > 0)
            sum = TVec.Add(TVec.Load(levels + (--waiting * TVec.Count)), sum);
        return sum;
    }
}
