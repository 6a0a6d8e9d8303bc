using System.Runtime.CompilerServices;

namespace SimdConv.Core;

/// <summary>What tests are told of a call, on the thread that does the work.</summary>
internal interface ICallListener
{
    /// <summary>A part begins to work on an item of a call that is shared out between threads.</summary>
    void Work();

    /// <summary>A loop nest takes a path, or begins item <paramref name="index"/> of something: a strip, for example.</summary>
    void Reach(string what, long index);

    /// <summary>A call takes scratch memory; where it returns the memory, bytes are negative.</summary>
    void Take(long bytes);
}

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
