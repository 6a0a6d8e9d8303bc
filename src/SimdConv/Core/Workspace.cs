namespace SimdConv.Core;

/// <summary>
/// Scratch memory of one call on one thread: 64-byte aligned, never zeroed. Each thread keeps its blocks, one for each
/// depth of nesting (<see cref="ThreadScratch"/>), so that a call that is repeated allocates nothing.
/// </summary>
internal unsafe ref struct Workspace
{
    /// <summary>The switch of <see cref="AppContext"/> that tests set before the first call: see <see cref="Poison"/>.</summary>
    public const string PoisonSwitch = "SimdConv.PoisonWorkspace";

    /// <summary>
    /// The most bytes that a thread keeps between calls, of all depths together: three times what the largest layer of the common
    /// networks takes, packed weights included. What is above that is given back when its call ends.
    /// </summary>
    public const long MostKeptBytes = 64 << 20;

    /// <summary>NaN as a float and, twice in a row, a signalling one as a double.</summary>
    private const uint NaNOfEitherType = 0xFFF1_2345;

    /// <summary>
    /// Fills what a call takes with NaN, so that scratch memory that is read before it is written shows, and refuses to give a call
    /// more than it asked for.
    /// </summary>
    private static readonly bool Poison = AppContext.TryGetSwitch(PoisonSwitch, out bool isSet) && isSet;

    private readonly ThreadScratch.Block block;
    private readonly byte* end;
    private byte* next;

    /// <param name="bytes">What all calls of <see cref="Take{T}"/> together will need: the sum of <see cref="SizeOf{T}"/>.</param>
    public Workspace(long bytes)
    {
        block = ThreadScratch.Own().Take(bytes);
        next = block.Address;
        end = next + bytes;
        for (long at = 0; Poison && at < bytes / sizeof(uint); at += int.MaxValue)
            new Span<uint>((uint*)next + at, (int)Math.Min(int.MaxValue, (bytes / sizeof(uint)) - at)).Fill(NaNOfEitherType);
    }

    /// <summary>Bytes of all blocks that the calling thread keeps.</summary>
    public static long KeptBytes => ThreadScratch.Own().Bytes;

    /// <summary>The bytes that <see cref="Take{T}"/> uses up for that many elements.</summary>
    public static long SizeOf<T>(long count)
        where T : unmanaged => (checked(count * sizeof(T)) + 63) & ~63L;

    public T* Take<T>(long count)
        where T : unmanaged
    {
        T* taken = (T*)next;
        next += SizeOf<T>(count);
        if (Poison && next > end)
            throw new InvalidOperationException($"A call asked for {next - end} bytes of scratch memory less than it takes.");
        return taken;
    }

    public readonly void Dispose() => block.GiveBack();
}
