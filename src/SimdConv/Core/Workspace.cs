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

    /// <summary>The switch of <see cref="AppContext"/> that tests set before the first call: see <see cref="Guard"/>.</summary>
    public const string GuardSwitch = "SimdConv.GuardWorkspace";

    /// <summary>Whether each piece that <see cref="Take{T}"/> gives ends at a page that can't be accessed.</summary>
    private static readonly bool IsGuarded = AppContext.TryGetSwitch(GuardSwitch, out bool isSet) && isSet;

    /// <summary>The pieces that a call may take where they are guarded, and the size of a page.</summary>
    private const int MostGuardedPieces = 16, PageBytes = 4096;

    /// <summary>Bytes of which every block begins at a multiple.</summary>
    public static readonly nuint Alignment = IsGuarded ? PageBytes : 64u;

    private readonly ThreadScratch.Block block;
    private readonly byte* end;
    private byte* next;

    /// <param name="bytes">What all calls of <see cref="Take{T}"/> together will need: the sum of <see cref="SizeOf{T}"/>.</param>
    public Workspace(long bytes)
    {
        block = ThreadScratch.Own().Take(IsGuarded ? GuardedBytes(bytes) : bytes);
        next = block.Address;
        if (CallTrace.IsOn)
            CallTrace.Take(block.Traced = bytes);
        if (IsGuarded)
            Guard!(next, block.Size, true);
        bytes = IsGuarded ? block.Size : bytes;
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
        return IsGuarded ? (T*)Guarded((byte*)taken, SizeOf<T>(count)) : taken;
    }

    public readonly void Dispose()
    {
        if (CallTrace.IsOn)
            CallTrace.Take(-block.Traced);
        if (IsGuarded)
            Guard!(block.Address, block.Size, true);
        block.GiveBack();
    }

    /// <summary>What tests set along with <see cref="GuardSwitch"/>: opens or closes whole pages of memory.</summary>
    public static Access? Guard { get; set; }

    /// <summary>Makes pages accessible, or not.</summary>
    public delegate void Access(byte* address, long bytes, bool isOpen);

    private static long GuardedBytes(long bytes) => (bytes / PageBytes + (3 * MostGuardedPieces)) * PageBytes;

    /// <summary>
    /// A piece moved to the end of its pages, with a closed page behind. A loop that takes all of its pieces once more, of other sizes maybe, finds
    /// what it had in those of the same sizes.
    /// </summary>
    private byte* Guarded(byte* piece, long bytes)
    {
        long pages = (bytes + PageBytes - 1) / PageBytes * PageBytes;
        next = piece + pages + PageBytes;
        Guard!(piece, pages, true);
        Guard!(piece + pages, PageBytes, false);
        return piece + pages - bytes;
    }
}
