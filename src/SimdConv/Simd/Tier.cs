namespace SimdConv.Simd;

/// <summary>A row of the <see cref="TierTable"/>: all that the library, its tool and its tests know of a tier.</summary>
internal abstract class Tier
{
    public abstract SimdTier Id { get; }

    /// <summary>
    /// The name in <c>SIMDCONV_TIER</c>, options, JSON and Python; in capitals and behind SIMDCONV_TIER_ it is C's.
    /// </summary>
    public virtual string Name => field ??= Id.ToString().ToLowerInvariant();

    public abstract CpuFamily Family { get; }

    /// <summary>Whether a multiply and an add are rounded once. All tiers that fuse give the same bits.</summary>
    public abstract bool Fuses { get; }

    /// <summary>
    /// Whether the program contains the tier, this process may run its instructions, and the runtime finds them worth while.
    /// </summary>
    public abstract bool IsSupported { get; }

    /// <summary>
    /// Whether the CPU and the operating system offer its instructions, whatever this process was compiled for.
    /// </summary>
    public abstract bool IsInHardware { get; }

    /// <summary>
    /// The switch of <see cref="AppContext"/> by which a host that is trimmed or compiled ahead of time leaves the tier out.
    /// </summary>
    public string Switch => $"SimdConv.{Id}";

    /// <summary>
    /// The environment variable of the runtime that turns its instructions off where it is 0; null if there is none.
    /// </summary>
    public virtual string? RuntimeSwitch => null;

    /// <summary>
    /// The IlcInstructionSet of a program that is compiled ahead of time for the tier; null where the tier needs none.
    /// </summary>
    public virtual string? InstructionSet => null;

    /// <summary>Whether tests alone have the tier: it is never the best one, and no message names it.</summary>
    public virtual bool IsForTests => false;

    /// <summary>
    /// Calls <paramref name="user"/> with the lanes of the tier, if the program contains them: where its family's instructions
    /// exist, whatever this CPU has of them, and the tier's switch is on. Each row writes that condition out, as a compiler ahead
    /// of time leaves lanes out only where it sees that the condition is false.
    /// </summary>
    public abstract TResult Use<T, TUser, TResult>(TUser user)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TUser : struct, ILanesUser<T, TResult>;

    /// <summary>
    /// Whether nothing has switched a tier off: what each tier's own switch says, which a trimmer replaces by false.
    /// </summary>
    protected static bool IsSwitchedOn(string name) => !AppContext.TryGetSwitch(name, out bool on) || on;

    protected InvalidOperationException NotCompiledIn() =>
        new($"This program was compiled without {Name}, by the switch {Switch}.");
}
