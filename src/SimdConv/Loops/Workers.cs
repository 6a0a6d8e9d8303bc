namespace SimdConv.Loops;

/// <summary>The library's own worker threads.</summary>
internal static unsafe class Workers
{
    public static void Run(int parts, int threads, delegate*<void*, int, void> body, void* state) => throw new NotImplementedException();
}
