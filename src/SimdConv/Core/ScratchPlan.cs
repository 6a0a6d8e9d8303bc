namespace SimdConv.Core;

/// <summary>
/// The arrays of scratch memory that a thread of a call works with. Each is declared once, by <see cref="Add{T}"/>, and from that
/// declaration come both the size of the whole and the place of the array.
/// </summary>
internal struct ScratchPlan
{
    /// <summary>The number of a plan that stands for several, whose pieces are not told from those of other plans.</summary>
    private const int OfSeveral = -1;

    private static int made;

    private long bytes, guarded;

    /// <summary>What tells the pieces of this plan from those of other plans, where that is checked.</summary>
    private int number;

    /// <summary>Bytes of all arrays.</summary>
    public readonly long Bytes => bytes;

    /// <summary>Bytes of the block that <see cref="Workspace"/> takes.</summary>
    public readonly long BlockBytes => Workspace.IsGuarded ? guarded : bytes;

    /// <summary>Declares an array of so many elements, which begins at a multiple of 64 bytes.</summary>
    /// <exception cref="OverflowException">64 bits can't count the bytes of the plan.</exception>
    public Piece<T> Add<T>(long count)
        where T : unmanaged
    {
        long size, offset = bytes;
        unsafe
        {
            size = checked((count * sizeof(T)) + (Workspace.LineBytes - 1)) & -Workspace.LineBytes;
        }

        bytes = checked(bytes + size);
        if (Workspace.IsGuarded)
        {
            // At the end of its pages, with a page behind that is closed.
            long pages = Shapes.RoundUp(size, Workspace.PageBytes);
            offset = guarded + pages - size;
            guarded += pages + Workspace.PageBytes;
        }

        if (Workspace.IsPoisoned && number == 0)
            number = Interlocked.Increment(ref made);
        return new(offset, size, number);
    }

    /// <summary>A plan of a single array.</summary>
    public static ScratchPlan Of<T>(long count, out Piece<T> array)
        where T : unmanaged
    {
        ScratchPlan plan = default;
        array = plan.Add<T>(count);
        return plan;
    }

    /// <summary>Memory for the arrays of either plan, but not of both at once.</summary>
    public static ScratchPlan Either(in ScratchPlan one, in ScratchPlan other) => new()
    {
        number = OfSeveral,
        bytes = Math.Max(one.bytes, other.bytes),
        guarded = Math.Max(one.guarded, other.guarded),
    };

    /// <summary>Whether an array lies in the memory of this plan and, as far as that is known, is one of its own.</summary>
    public readonly bool Has<T>(Piece<T> piece)
        where T : unmanaged =>
        piece.Offset + piece.Bytes <= BlockBytes && (!Workspace.IsPoisoned || number == OfSeveral || piece.Plan == number);
}
