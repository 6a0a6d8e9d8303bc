namespace SimdConv.Core;

/// <summary>
/// Which loops a call runs, for tests alone: a test asks whether its shape takes the path that it was written for. The switch is
/// off in every other process, and tiered compilation then leaves out all code that <see cref="IsOn"/> guards.
/// </summary>
internal static class CallTrace
{
    /// <summary>The switch of <see cref="AppContext"/> that tests set before the first call.</summary>
    public const string Switch = "SimdConv.TraceCalls";

    public static readonly bool IsOn = AppContext.TryGetSwitch(Switch, out bool isSet) && isSet;

    /// <summary>The listener that is told what the calling thread does.</summary>
    [ThreadStatic]
    private static ICallListener? listener;

    public static ICallListener? Listener
    {
        get => listener;
        set => listener = value;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Work() => listener?.Work();

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Reach(string what, long index = 0) => listener?.Reach(what, index);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Take(long bytes) => listener?.Take(bytes);
}
