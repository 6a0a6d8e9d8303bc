namespace SimdConv;

/// <summary>How one call runs. <c>default</c> is: the calling thread alone, the best tier.</summary>
/// <param name="MaxThreads">The most threads that take part, the calling one included; 0 and 1 both mean the caller alone, and
/// more than 1024 mean 1024. Results never depend on it.</param>
/// <param name="Runner">Who runs the parts; null for the library's own workers, which park when idle.</param>
/// <param name="Tier">The tier to use; null for <see cref="SimdSupport.Best"/>.</param>
public readonly record struct Execution(int MaxThreads = 1, IParallelRunner? Runner = null, SimdTier? Tier = null)
{
    // Two fields in place of a <c>SimdTier?</c>: a struct within a struct isn't passed in registers but copied through memory,
    // which stalls behind the stores before it.
    private readonly bool hasTier = Tier.HasValue;
    private readonly SimdTier tier = Tier.GetValueOrDefault();

    /// <summary>The tier to use; null for <see cref="SimdSupport.Best"/>.</summary>
    public SimdTier? Tier
    {
        get => hasTier ? tier : null;
        init => (hasTier, tier) = (value.HasValue, value.GetValueOrDefault());
    }

    /// <summary>More threads than machines have processors; products of sizes and threads stay far below 2^63.</summary>
    internal const int MostThreads = 1024;

    /// <summary>
    /// How many threads the work of a call is cut for: 1 to <see cref="MostThreads"/>. No other code limits the number.
    /// </summary>
    internal int Threads => Math.Clamp(MaxThreads, 1, MostThreads);

    /// <summary>The threads that so many multiply-adds pay for.</summary>
    internal int ThreadsFor(long multiplyAdds) => multiplyAdds <= WorkQueue.SerialLimit ? 1 : Threads;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal SimdTier Validate()
    {
        ArgumentErrors.RequireAtLeast(MaxThreads, 0, "execution.MaxThreads");
        return hasTier ? SimdSupport.Resolve(tier) : SimdSupport.Best;
    }

    internal unsafe void Run(int parts, delegate*<void*, int, void> body, void* state)
    {
        if (parts <= 1 || Threads == 1)
        {
            for (int part = 0; part < parts; part++)
                body(state, part);
        }
        else if (Runner is null)
        {
            Workers.Run(parts, Threads, body, state);
        }
        else
        {
            HostRun.Run(Runner, parts, body, state);
        }
    }
}
