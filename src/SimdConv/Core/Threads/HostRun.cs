using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace SimdConv.Core;

/// <summary>
/// One call on a host's scheduler. Whatever part number the host calls, the next part that nobody has begun is run, so that parts
/// are run once each however often the host calls; what it leaves out is run at the end. Exceptions of parts are kept from the
/// host's threads.
/// </summary>
internal static unsafe class HostRun
{
    /// <summary>What stands for an exception that there was no memory to keep.</summary>
    private const nint NoMemory = -1;

    /// <summary>Calls body(state, i) once for each i in [0, parts) by way of a runner.</summary>
    public static void Run(IParallelRunner runner, int parts, delegate*<void*, int, void> body, void* state)
    {
        // Native, since it outlives this method where the host hasn't made all of its calls: these may still come.
        Job* job = (Job*)NativeMemory.Alloc((nuint)sizeof(Job));
        *job = new() { Body = body, State = state, Parts = parts };
        Exception? error = null;
        try
        {
            runner.Run(parts, &RunPart, job);
            while (job->RunNext())
            {
            }
        }
        catch (Exception thrown)
        {
            error = thrown;
        }

        error = job->End() ?? error;
        if (Volatile.Read(ref job->Left) >= parts)
            NativeMemory.Free(job);
        if (error is not null)
            ExceptionDispatchInfo.Throw(error);
    }

    private static void RunPart(void* job, int part)
    {
        Interlocked.Increment(ref ((Job*)job)->Entered);
        ((Job*)job)->RunNext();
        Interlocked.Increment(ref ((Job*)job)->Left);
    }

    // Written before it is given to the host, whose hand-over to its threads orders it, as it orders all else that they read.
    private struct Job
    {
        public delegate*<void*, int, void> Body;
        public void* State;
        public int Parts;

        /// <summary>
        /// How many calls of the host's have begun, and how many have ended; in 64 bits, since it may make too many. Counted by
        /// Interlocked: whoever reads that a call has ended sees what its part has written, and a call that has begun a part is
        /// counted before <see cref="End"/> can take that part for one that nobody has begun.
        /// </summary>
        public long Entered, Left;

        // Parts that were begun, and the handle of the first exception: by Interlocked too.
        private long next;
        private nint error;

        /// <summary>Runs the next part; false if there was none. After an exception the rest of them is dropped.</summary>
        public bool RunNext()
        {
            long part = Interlocked.Increment(ref next) - 1;
            if (part >= Parts || Volatile.Read(ref error) != 0)
                return false;
            try
            {
                Body(State, (int)part);
            }
            catch (Exception thrown)
            {
                Keep(thrown);
            }

            return true;
        }

        /// <summary>Begins no further part, waits for the host's calls, and gives the first exception of a part.</summary>
        public Exception? End()
        {
            Interlocked.Exchange(ref next, Parts);
            SpinWait wait = default;
            while (Volatile.Read(ref Left) != Volatile.Read(ref Entered))
                wait.SpinOnce(sleep1Threshold: -1);
            if (error is 0 or NoMemory)
                return error == 0 ? null : new OutOfMemoryException();
            GCHandle handle = GCHandle.FromIntPtr(error);
            Exception? thrown = (Exception?)handle.Target;
            handle.Free();
            return thrown;
        }

        private void Keep(Exception thrown)
        {
            nint kept = NoMemory;
            try
            {
                kept = GCHandle.ToIntPtr(GCHandle.Alloc(thrown));
            }
            catch (OutOfMemoryException)
            {
            }

            if (Interlocked.CompareExchange(ref error, kept, 0) != 0 && kept != NoMemory)
                GCHandle.FromIntPtr(kept).Free();
        }
    }
}
