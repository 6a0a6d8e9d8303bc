namespace SimdConv.Kernels;

/// <summary>Multiply-adds on independent chains in registers and nothing else: the most that a core does in a tier.</summary>
internal static class MultiplyAddChains
{
    // Four or five cycles of latency times two units are ten chains; twelve still fit in sixteen registers.
    private const int Chains = 12;

    /// <summary>So many multiply-adds on each chain, on the calling thread; returns the number of lanes of a chain.</summary>
    public static int Run<T>(SimdTier tier, int rounds)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => TierTable.Find(tier)!.Use<T, ChainsOf<T>, int>(new(rounds));

    /// <summary>Operations of so many rounds, a multiply-add counted as two.</summary>
    public static double Flops<T>(SimdTier tier, int rounds)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => 2.0 * Chains * rounds * Run<T>(tier, 0);

    private readonly struct ChainsOf<T>(int rounds) : ILanesUser<T, int>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public unsafe int Use<TVec, THalf>()
            where TVec : unmanaged, ILanes<TVec, T>
            where THalf : unmanaged, ILanes<THalf, T>
        {
            // Each chain converges to 1; looking at the sum keeps the loop from being left out.
            TVec sum = Run<TVec, T>(TVec.Broadcast(T.CreateChecked(0.5)), rounds);
            double first = double.CreateChecked(*(T*)&sum);
            if (rounds > 0 && Math.Abs(first - Chains) > 0.01)
                throw new InvalidOperationException($"The chains gave {first}.");
            return TVec.Count;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static TVec Run<TVec, T>(TVec x, int rounds)
        where TVec : unmanaged, ILanes<TVec, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TVec a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
        for (int round = 0; round < rounds; round++)
        {
            a = TVec.MulAdd(a, x, x);
            b = TVec.MulAdd(b, x, x);
            c = TVec.MulAdd(c, x, x);
            d = TVec.MulAdd(d, x, x);
            e = TVec.MulAdd(e, x, x);
            f = TVec.MulAdd(f, x, x);
            g = TVec.MulAdd(g, x, x);
            h = TVec.MulAdd(h, x, x);
            i = TVec.MulAdd(i, x, x);
            j = TVec.MulAdd(j, x, x);
            k = TVec.MulAdd(k, x, x);
            l = TVec.MulAdd(l, x, x);
        }

        TVec left = TVec.Add(TVec.Add(TVec.Add(a, b), TVec.Add(c, d)), TVec.Add(e, f));
        return TVec.Add(left, TVec.Add(TVec.Add(TVec.Add(g, h), TVec.Add(i, j)), TVec.Add(k, l)));
    }
}
