namespace SimdConv.Packing;

/// <summary>
/// How a strip of an image (some rows of a grid, some channels) is laid out in workspace so that everything behind it is
/// stride 1: padding is there as zeros, and a stride is split in phase planes (rows and columns that are equal modulo the
/// stride), of which only those with taps exist. Tap k of position (i, j) is then at Offsets[k] + i*Pitch + j.
/// </summary>
internal sealed class StripLayout
{
    /// <summary>
    /// The layout for strips of at most <paramref name="rows"/> grid rows and <paramref name="channels"/> channels, its rows a
    /// multiple of <paramref name="unit"/> elements apart.
    /// </summary>
    public StripLayout(TapGrid grid, int rows, int channels, int unit = 1)
    {
        Channels = channels;
        Grid = grid;
        Rows = rows;
        Pitch = PitchOf(grid, unit);
        PlaneRows = checked(rows + Vertical.Span);
        PlaneSize = checked(PlaneRows * Pitch);
        ChannelSize = SizeOf(grid, rows, unit);
    }

    /// <summary>The image itself as a strip, where it is stride 1 and no tap leaves it.</summary>
    public static StripLayout OfImage(TapGrid grid, int rows, int channels, ImageLayout image) =>
        new(grid, rows, channels) { Pitch = checked((int)image.H), ChannelSize = checked((int)image.C), IsImage = true };

    /// <summary>
    /// Whether <see cref="OfImage"/> can be: strides of 1, no tap in the padding, and rows at least their width apart, since
    /// positions are counted by that distance.
    /// </summary>
    public static bool IsInImage(TapGrid grid, int channels, ImageLayout image) =>
        grid.Taps > 0 && grid.StrideH == 1 && grid.StrideW == 1 && (image.W == 1 || grid.SourceWidth == 1)
        && image.H >= grid.SourceWidth
        && IsInside(grid.Rows, grid.Height, grid.SourceHeight) && IsInside(grid.Columns, grid.Width, grid.SourceWidth)
        && (channels * (Int128)image.C) + (grid.SourceHeight * (Int128)image.H) + grid.SourceWidth <= int.MaxValue;

    private static bool IsInside((int Kernel, int Offset)[] taps, int positions, int source)
    {
        bool isInside = true;
        foreach ((int _, int offset) in taps)
            isInside &= offset >= 0 && offset + positions <= source;
        return isInside;
    }

    /// <summary>The <see cref="Pitch"/> of a layout.</summary>
    public static int PitchOf(TapGrid grid, int unit = 1) =>
        Shapes.RoundUp(checked(grid.Width + grid.Horizontal.Span), unit);

    /// <summary>The <see cref="ChannelSize"/> of a layout.</summary>
    public static int SizeOf(TapGrid grid, int rows, int unit = 1) => checked(
        (rows + grid.Vertical.Span) * PitchOf(grid, unit) * grid.Vertical.Phases.Length * grid.Horizontal.Phases.Length);

    public TapGrid Grid { get; }

    /// <summary>Whether nothing is copied.</summary>
    public bool IsImage { get; private init; }

    /// <summary>Channels of a strip.</summary>
    public int Channels { get; }

    /// <summary>The most grid rows of a strip.</summary>
    public int Rows { get; }

    /// <summary>Elements from one position to the one below it.</summary>
    public int Pitch { get; private init; }

    /// <summary>Rows of one plane: the strip's grid rows and what their taps reach below.</summary>
    public int PlaneRows { get; }

    public int PlaneSize { get; }

    /// <summary>Elements of one channel: all its phase planes.</summary>
    public int ChannelSize { get; private init; }

    /// <summary>The offset of tap k = (c, r, s), made when first asked for.</summary>
    public int[] Offsets => field ??= MakeOffsets();

    public Axis Vertical => Grid.Vertical;

    public Axis Horizontal => Grid.Horizontal;

    /// <summary>
    /// The columns [First, Last) of a plane that lie inside the image; column v is source column v*StrideW + Origin.
    /// </summary>
    public (long Origin, int First, int Last) Inside(int phaseW)
    {
        int stride = Grid.StrideW;
        long origin = ((long)Horizontal.First * stride) + phaseW;
        int first = (int)Math.Clamp(Shapes.DivideUp(-origin, stride), 0, Pitch);
        return (origin, first, (int)Math.Clamp(Shapes.DivideUp(Grid.SourceWidth - origin, stride), first, Pitch));
    }

    /// <summary>
    /// As many rows as keep <paramref name="channels"/> channels within a budget, evened out over the strips, of which there is
    /// one or an even number, so that threads share them without a rest; at least one.
    /// </summary>
    public static int RowsWithin(TapGrid grid, int channels, long budget)
    {
        int planeRows = 1 + grid.Vertical.Span;
        long perRow = (long)channels * SizeOf(grid, 1) / planeRows;
        long most = Math.Clamp((budget / Math.Max(1, perRow)) - planeRows + 1, 1, grid.Height);
        if (most == grid.Height)
            return grid.Height;
        long strips = Shapes.DivideUp(grid.Height, most);
        strips = Math.Min(grid.Height, strips + (strips % 2));
        return (int)Shapes.DivideUp(grid.Height, strips);
    }

    private int[] MakeOffsets()
    {
        int[] offsets = new int[checked(Channels * Grid.Taps)];
        int k = 0;
        for (int c = 0; c < Channels; c++)
        {
            for (int r = 0; r < Grid.Rows.Length; r++)
            {
                for (int s = 0; s < Grid.Columns.Length; s++)
                {
                    int plane = (Vertical.PhaseOf(r) * Horizontal.Phases.Length) + Horizontal.PhaseOf(s);
                    int row = IsImage ? Grid.Rows[r].Offset : Vertical.StepOf(r),
                        column = IsImage ? Grid.Columns[s].Offset : Horizontal.StepOf(s);
                    offsets[k++] = checked((c * ChannelSize) + (IsImage ? 0 : plane * PlaneSize) + (row * Pitch) + column);
                }
            }
        }

        return offsets;
    }

    /// <summary>The taps of one axis, split by their phase modulo the stride.</summary>
    public sealed class Axis
    {
        private readonly (int Phase, int Step)[] taps;

        public Axis((int Kernel, int Offset)[] offsets, int stride)
        {
            taps = new (int, int)[offsets.Length];
            int[] phases = new int[offsets.Length];
            int first = int.MaxValue, last = int.MinValue, count = 0;
            for (int i = 0; i < taps.Length; i++)
            {
                int phase = Modulo(offsets[i].Offset, stride), step = (int)(((long)offsets[i].Offset - phase) / stride);
                phases[i] = phase;
                taps[i] = (phase, step);
                (first, last) = (Math.Min(first, step), Math.Max(last, step));
            }

            if (stride > 1)
                Array.Sort(phases);
            for (int i = 0; i < phases.Length; i++)
            {
                if (i == 0 || phases[i] != phases[count - 1])
                    phases[count++] = phases[i];
            }

            Array.Resize(ref phases, count);
            Phases = phases;
            (First, Span) = taps.Length == 0 ? (0, 0) : (first, last - first);
            for (int i = 0; i < taps.Length; i++)
                taps[i] = (Array.BinarySearch(phases, taps[i].Phase), taps[i].Step - First);
        }

        /// <summary>The phases that have a tap, ascending.</summary>
        public int[] Phases { get; }

        /// <summary>The first step (source pixel / stride, rounded down) that a tap of position 0 reads.</summary>
        public int First { get; }

        /// <summary>How many steps further the last tap reads than the first one.</summary>
        public int Span { get; }

        public int PhaseOf(int tap) => taps[tap].Phase;

        public int StepOf(int tap) => taps[tap].Step;

        private static int Modulo(int value, int stride) => value % stride < 0 ? (value % stride) + stride : value % stride;
    }
}
