namespace SimdConv;

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
