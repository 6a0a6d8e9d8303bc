using System.Runtime.InteropServices;

namespace SimdConv.Core;

/// <summary>
/// Scratch memory of one call on one thread: 64-byte aligned, never zeroed. Each thread keeps its blocks, one for each depth of
/// nesting, so that a call that is repeated allocates nothing. They are freed when the thread has ended.
/// </summary>
internal unsafe ref struct Workspace
{
    /// <summary>The switch of <see cref="AppContext"/> that tests set before the first call: see <see cref="Poison"/>.</summary>
    public const string PoisonSwitch = "SimdConv.PoisonWorkspace";

    /// <summary>NaN as a float and, twice in a row, a signalling one as a double.</summary>
    private const uint NaNOfEitherType = 0xFFF1_2345;

    /// <summary>Fills what a call takes with NaN, so that scratch memory that is read before it is written shows.</summary>
    private static readonly bool Poison = AppContext.TryGetSwitch(PoisonSwitch, out bool isSet) && isSet;

    [ThreadStatic]
    private static Block? kept;

    private readonly Block block;
    private byte* next;

    /// <param name="bytes">What all calls of <see cref="Take{T}"/> together will need: the sum of <see cref="SizeOf{T}"/>.</param>
    public Workspace(long bytes)
    {
        block = kept ??= new Block();
        while (block.InUse)
            block = block.Deeper ??= new Block();
        block.Grow(bytes);
        block.InUse = true;
        next = block.Address;
        if (Poison)
            new Span<uint>(next, checked((int)(bytes / sizeof(uint)))).Fill(NaNOfEitherType);
    }

    /// <summary>Bytes of all blocks that the calling thread keeps.</summary>
    public static long KeptBytes
    {
        get
        {
            long bytes = 0;
            for (Block? each = kept; each != null; each = each.Deeper)
                bytes += each.Size;
            return bytes;
        }
    }

    /// <summary>The bytes that <see cref="Take{T}"/> uses up for that many elements.</summary>
    public static long SizeOf<T>(long count)
        where T : unmanaged => (checked(count * sizeof(T)) + 63) & ~63L;

    public T* Take<T>(long count)
        where T : unmanaged
    {
        T* taken = (T*)next;
        next += SizeOf<T>(count);
        return taken;
    }

    public readonly void Dispose() => block.InUse = false;

    private sealed class Block
    {
        public long Size { get; private set; }

        public byte* Address { get; private set; }

        public bool InUse { get; set; }

        public Block? Deeper { get; set; }

        ~Block()
        {
            NativeMemory.AlignedFree(Address);
            Telemetry.WorkspaceChanged(-Size);
        }

        public void Grow(long bytes)
        {
            if (bytes <= Size)
                return;
            NativeMemory.AlignedFree(Address);
            Address = null;
            Telemetry.WorkspaceChanged(-Size);
            Size = 0;
            Address = (byte*)NativeMemory.AlignedAlloc(checked((nuint)bytes), 64);
            Size = bytes;
            Telemetry.WorkspaceChanged(bytes);
        }
    }
}
