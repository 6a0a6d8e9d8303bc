using System.Runtime.InteropServices;

namespace SimdConv.Native;

/// <summary>A scheduler of the host's that is written in C.</summary>
internal sealed unsafe class NativeRunner(
    delegate* unmanaged<void*, int, delegate* unmanaged<void*, int, void>, void*, void> run, void* context) : IParallelRunner
{
    public void Run(int parts, delegate*<void*, int, void> body, void* state)
    {
        Part part = new() { Body = body, State = state };
        run(context, parts, &RunPart, &part);
    }

    // The bodies that the library passes throw nothing: an exception of a part comes out of the library's call, once the host's
    // run has returned.
    [UnmanagedCallersOnly]
    private static void RunPart(void* part, int index) => ((Part*)part)->Body(((Part*)part)->State, index);

    private struct Part
    {
        public delegate*<void*, int, void> Body;
        public void* State;
    }
}
