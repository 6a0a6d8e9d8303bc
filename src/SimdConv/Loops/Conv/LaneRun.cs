using SimdConv.Kernels;

namespace SimdConv.Loops;

/// <summary>
/// The registers of neighbouring pixels of a row whose images are innermost, in the order in which tiles take them: pixel by
/// pixel, or all pixels as one where the images of a pixel follow those of the pixel before without a gap. The last register of
/// a segment begins early enough to end with it: the lanes that it shares with the one before are computed twice, the same both
/// times. A segment of fewer elements than lanes is a part of one register.
/// </summary>
/// <param name="segments">Pixels, or one for all of them.</param>
/// <param name="length">Elements of a segment.</param>
/// <param name="nextFrom">From one segment to the next in the source.</param>
/// <param name="nextTo">The same in the target.</param>
/// <param name="lanes">Elements of a register.</param>
internal struct LaneRun(int segments, int length, nint nextFrom, nint nextTo, int lanes)
{
    private readonly int perSegment = Shapes.DivideUp(length, lanes);
    private int segment, index;

    /// <summary>Registers that the run has from here on.</summary>
    public int Left { get; private set; } = segments * Shapes.DivideUp(length, lanes);

    /// <summary>Elements of a register.</summary>
    public readonly int Count => Math.Min(lanes, length);

    /// <summary>The place of the next register; where none is left, that of the last one.</summary>
    public readonly Place Current
    {
        get
        {
            int column = index * lanes, begin = Math.Max(0, Math.Min(column, length - lanes));
            return new((segment * nextFrom) + begin, (segment * nextTo) + begin, column - begin);
        }
    }

    /// <summary>Goes to the next register; stays with the last one.</summary>
    public void Move()
    {
        if (Left > 1 && ++index == perSegment)
            (segment, index) = (segment + 1, 0);
        Left = Math.Max(0, Left - 1);
    }

    /// <summary>
    /// Takes the next registers of a tile: where the first begins, and the others from there. Where fewer are left, the last one
    /// stands for the others too.
    /// </summary>
    public unsafe void Take(int vectors, out nint from, out nint to, TilePlaces* places)
    {
        Place first = Current;
        (from, to, *places) = (first.From, first.To, default);
        Move();
        if (vectors > 1)
        {
            Place next = Current;
            (places->B1, places->C1) = (next.From - from, next.To - to);
            Move();
        }

        if (vectors > 2)
        {
            Place next = Current;
            (places->B2, places->C2) = (next.From - from, next.To - to);
            Move();
        }

        if (vectors > 3)
        {
            Place next = Current;
            (places->B3, places->C3) = (next.From - from, next.To - to);
            Move();
        }
    }

    /// <summary>Where a register begins, and how many lanes it shares with the one before.</summary>
    public readonly record struct Place(nint From, nint To, int Shared);
}
