using System.Runtime.CompilerServices;
using SimdConv.Core;

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

/// <summary>Runs the independent parts of one call: a host's own scheduler behind one method.</summary>
public unsafe interface IParallelRunner
{
    /// <summary>
    /// Calls <paramref name="body"/>(<paramref name="state"/>, i) exactly once for every i in [0, <paramref name="parts"/>),
    /// in any order, on any threads, one after the other or at the same time, and returns when all have returned.
    /// </summary>
    /// <remarks>
    /// An exception that this method throws comes out of the library's call, once the parts that have begun have returned; what
    /// the call writes then holds anything. A part that was left out is run by the calling thread; a call too many of
    /// <paramref name="body"/> does nothing; and the library's call waits for parts that still run when this method returns. Only
    /// <paramref name="body"/> must not be called once this method has returned, unless it returned without having called it for
    /// each part.
    /// </remarks>
    /// <param name="parts">How many parts there are; at most <see cref="Execution.MaxThreads"/>.</param>
    /// <param name="body">The work of one part. It never throws, since the call keeps what its parts throw, such as an
    /// <see cref="OutOfMemoryException"/>, and throws it when all have ended; and it never blocks on another part.</param>
    /// <param name="state">Passed on to <paramref name="body"/>; valid until this method returns.</param>
    void Run(int parts, delegate*<void*, int, void> body, void* state);
}
