using System.Runtime.CompilerServices;

namespace SimdConv.Core;

/// <summary>What tests are told of a call: on the thread that does it.</summary>
internal interface ICallListener
{
    /// <summary>A part begins to work on an item of a call that is shared out between threads.</summary>
    void Work();

    /// <summary>A loop nest takes a way, or runs so many of something: its strips, for example, by number.</summary>
    void Reach(string what, long index);

    /// <summary>A call takes scratch memory, or gives it back: then bytes are negative.</summary>
    void Take(long bytes);
}

/// <summary>
/// Which loops a call runs, for tests alone: whether a shape takes the path that it is there for. The switch is off in every other process,
/// and tiered compilation leaves out all that stands behind <see cref="IsOn"/>.
/// </summary>
internal static class CallTrace
{
    /// <summary>The switch of <see cref="AppContext"/> that tests set before the first call.</summary>
    public const string Switch = "SimdConv.TraceCalls";

    public static readonly bool IsOn = AppContext.TryGetSwitch(Switch, out bool isSet) && isSet;

    /// <summary>Who is told of what the calling thread does.</summary>
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
