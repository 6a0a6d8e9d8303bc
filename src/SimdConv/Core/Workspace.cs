using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace SimdConv.Core;

/// <summary>
/// Scratch memory of one call on one thread: 64-byte aligned, never zeroed. Each thread keeps its blocks, one for each
/// depth of nesting (<see cref="ThreadScratch"/>), so that a call that is repeated allocates nothing.
/// </summary>
internal readonly unsafe ref struct Workspace
{
    /// <summary>
    /// The switch of <see cref="AppContext"/> that tests set before the first call: see <see cref="IsPoisoned"/>.
    /// </summary>
    public const string PoisonSwitch = "SimdConv.PoisonWorkspace";

    /// <summary>The switch of <see cref="AppContext"/> that tests set before the first call: see <see cref="Guard"/>.</summary>
    public const string GuardSwitch = "SimdConv.GuardWorkspace";

    /// <summary>
    /// The most bytes that a thread keeps between calls, of all depths together: three times what the largest layer of the common
    /// networks takes, packed weights included. What is above that is given back when its call ends.
    /// </summary>
    public const long MostKeptBytes = 64 << 20;

    /// <summary>
    /// Bytes at a multiple of which arrays begin: a line of most caches. Where lines have 128 bytes, arrays of one thread may
    /// share one; threads have blocks of their own.
    /// </summary>
    public const long LineBytes = 64;

    /// <summary>Bytes of a page: 4 KB on x86, up to 64 KB on Arm.</summary>
    public static readonly long PageBytes = Environment.SystemPageSize;

    /// <summary>NaN as a float and, twice in a row, a signalling one as a double.</summary>
    private const uint NaNOfEitherType = 0xFFF1_2345;

    /// <summary>
    /// Whether what a call takes is filled with NaN, so that scratch memory that is read before it is written shows, and pieces
    /// of a plan that is not the workspace's are refused.
    /// </summary>
    public static readonly bool IsPoisoned = AppContext.TryGetSwitch(PoisonSwitch, out bool isSet) && isSet;

    /// <summary>Whether each piece ends at a page that can't be accessed.</summary>
    public static readonly bool IsGuarded = AppContext.TryGetSwitch(GuardSwitch, out bool isSet) && isSet;

    /// <summary>Bytes of which every block begins at a multiple.</summary>
    public static readonly nuint Alignment = (nuint)(IsGuarded ? PageBytes : LineBytes);

    private readonly ThreadScratch.Block block;
    private readonly byte* begin;
    private readonly ScratchPlan plan;

    /// <param name="plan">The arrays that the thread works with.</param>
    public Workspace(scoped in ScratchPlan plan)
    {
        this.plan = plan;
        block = ThreadScratch.Own().Take(plan.BlockBytes);
        begin = block.Address;
        if (CallTrace.IsOn)
            CallTrace.Take(block.Traced = plan.Bytes);
        if (IsGuarded)
            Guard!(begin, block.Size, true);
        long words = IsPoisoned ? plan.BlockBytes / sizeof(uint) : 0;
        for (long at = 0; at < words; at += int.MaxValue)
            new Span<uint>((uint*)begin + at, (int)Math.Min(int.MaxValue, words - at)).Fill(NaNOfEitherType);
    }

    /// <summary>Bytes of all blocks that the calling thread keeps.</summary>
    public static long KeptBytes => ThreadScratch.Own().Bytes;

    /// <summary>A workspace of a single array.</summary>
    public static Workspace Of<T>(long count, out T* array)
        where T : unmanaged
    {
        Workspace workspace = new(ScratchPlan.Of(count, out Piece<T> piece));
        array = workspace.At(piece);
        return workspace;
    }

    /// <summary>Where an array lies that this workspace's plan has declared.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T* At<T>(Piece<T> piece)
        where T : unmanaged
    {
        Debug.Assert(plan.Has(piece), "a piece of another plan");
        if (IsPoisoned && !plan.Has(piece))
            Refuse(piece);
        byte* address = begin + piece.Offset;
        if (IsGuarded)
            Close(address, piece.Bytes);
        return (T*)address;
    }

    public void Dispose()
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

    [DoesNotReturn]
    private void Refuse<T>(Piece<T> piece)
        where T : unmanaged =>
        throw new InvalidOperationException(
            $"{piece.Bytes} bytes at {piece.Offset} are not a piece of this plan of {plan.Bytes} bytes.");

    /// <summary>
    /// Closes the page behind a piece. The piece's own pages are opened: behind a piece of another plan that shares the memory
    /// one of them may be closed. What they hold stays.
    /// </summary>
    private static void Close(byte* piece, long bytes)
    {
        byte* end = piece + bytes;
        long pages = Shapes.RoundUp(bytes, PageBytes);
        Guard!(end - pages, pages, true);
        Guard!(end, PageBytes, false);
    }
}
