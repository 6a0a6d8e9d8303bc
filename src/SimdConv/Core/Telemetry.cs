using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;
using System.Diagnostics.Tracing;

namespace SimdConv.Core;

/// <summary>
/// What a host may watch: a meter and an event source, both named SimdConv. While nobody watches, a call tests one static field.
/// With <see cref="Switch"/> set to false neither is made, and a trimmed program doesn't contain them.
/// </summary>
internal static class Telemetry
{
    /// <summary>The switch of <see cref="AppContext"/>, to be set before the library's first use.</summary>
    public const string Switch = "SimdConv.Diagnostics";

    private const string SourceName = "SimdConv";

    // Set when a listener of the meter reads for the first time, and when an event source's listener begins. Counting is cheap,
    // so the flag is never cleared. No barrier: a call on another thread may see it a little later.
    private static bool isOn;

    /// <summary>Whether somebody listens, so that calls are counted.</summary>
    public static bool IsOn
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => isOn && IsSupported;
    }

    [FeatureSwitchDefinition(Switch)]
    private static bool IsSupported => !AppContext.TryGetSwitch(Switch, out bool on) || on;

    /// <summary>
    /// Makes the meter and the event source, so that listeners find them; once, at the library's first use, on a thread of the
    /// pool: in a process that has no meter yet that takes 12 ms, beside a first call of 35 ms.
    /// </summary>
    public static bool Start() => IsSupported && ThreadPool.UnsafeQueueUserWorkItem(_ =>
    {
        Counters.Start();
        Events.Log.IsEnabled();
    }, null);

    /// <summary>Counts a call. Returns whether somebody also listens for the kernels that calls run.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static bool Count<T>(Operation operation, SimdTier tier)
    {
        if (!IsSupported)
            return false;
        Counters.Add(operation, tier, isDouble: typeof(T) == typeof(double));
        return Events.Log.IsEnabled(EventLevel.Verbose, EventKeywords.None);
    }

    /// <summary>Tells listeners which kernel a counted call runs.</summary>
    public static void Tell<T>(Operation operation, SimdTier tier, object shape, object kernel)
    {
        if (IsSupported)
            Events.Log.Call(operation.ToString(), $"{shape}", $"{tier} {typeof(T).Name}: {kernel}");
    }

    /// <summary>Tells of scratch memory that a thread got or gave back.</summary>
    public static void WorkspaceChanged(long bytes)
    {
        if (!IsSupported || bytes == 0)
            return;
        long kept = Counters.Keep(bytes);
        if (Events.Log.IsEnabled())
            Events.Log.Workspace(bytes, kept);
    }

    private static class Counters
    {
        private static readonly int Operations = Enum.GetValues<Operation>().Length, Tiers = TierTable.Rows.Length;

        private static readonly long[] Calls = new long[Operations * Tiers * 2];

        private static readonly Meter Meter = new(SourceName, typeof(Telemetry).Assembly.GetName().Version?.ToString(3));

        private static long kept;

        public static void Start()
        {
            Meter.CreateObservableCounter("simdconv.calls", Read, "{call}",
                "Calls, by operation, tier and element type, since this counter was first read.");
            Meter.CreateObservableUpDownCounter("simdconv.workspace", () => Volatile.Read(ref kept), "By",
                "Scratch memory that calls use, and that threads keep for their next ones: at most 64 "
                + "MB a thread between calls.");
        }

        public static long Keep(long bytes) => Interlocked.Add(ref kept, bytes);

        public static void Add(Operation operation, SimdTier tier, bool isDouble) =>
            Interlocked.Increment(ref Calls[Index(operation, tier, isDouble)]);

        private static int Index(Operation operation, SimdTier tier, bool isDouble) =>
            (((int)operation * Tiers) + (int)tier) * 2 + (isDouble ? 1 : 0);

        private static List<Measurement<long>> Read()
        {
            isOn = true;
            List<Measurement<long>> calls = [];
            foreach (Operation operation in Enum.GetValues<Operation>())
            {
                foreach (Tier tier in TierTable.Rows)
                {
                    foreach (bool isDouble in (ReadOnlySpan<bool>)[false, true])
                    {
                        long count = Volatile.Read(ref Calls[Index(operation, tier.Id, isDouble)]);
                        if (count == 0)
                            continue;
                        TagList tags = new()
                        {
                            { "operation", operation.ToString() },
                            { "tier", tier.Id.ToString() },
                            { "type", isDouble ? "Double" : "Single" },
                        };
                        calls.Add(new(count, tags));
                    }
                }
            }

            return calls;
        }
    }

    [EventSource(Name = SourceName)]
    private sealed class Events : EventSource
    {
        public static readonly Events Log = new();

        [Event(1, Level = EventLevel.Verbose, Message = "{0} of {1} by {2}")]
        public void Call(string operation, string shape, string kernel) => WriteEvent(1, operation, shape, kernel);

        [Event(2, Level = EventLevel.Informational, Message = "{0} bytes of scratch memory more, {1} in all")]
        public void Workspace(long bytes, long kept) => WriteEvent(2, bytes, kept);

        [Event(3, Level = EventLevel.Warning, Message = "{0}")]
        public void Shortfall(string reason) => WriteEvent(3, reason);

        protected override void OnEventCommand(EventCommandEventArgs command)
        {
            isOn = true;
            if (command.Command == EventCommand.Enable && IsEnabled(EventLevel.Warning, EventKeywords.None)
                && SimdSupport.Shortfall is { } reason)
                Shortfall(reason);
        }
    }
}
