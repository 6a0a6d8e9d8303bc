using SimdConv.Loops;
using SimdConv.Packing;

namespace SimdConv;

/// <summary>
/// The index tables of im2col for one shape, made once and used by any number of <see cref="Im2Col"/> and <see cref="Col2Im"/>
/// calls.
/// </summary>
/// <remarks>
/// The columns are a matrix of C*R*S rows, row (c*R + r)*S + s for tap (r, s) of channel c, and P*Q columns, column p*Q + q for
/// the window (p, q). Element (row, column) is pixel (I, J) of channel D of the padded image: what NumPy programs know as
/// get_indices, with <c>columns = padded[:, D, I, J]</c>. K and Groups of the shape don't matter.
/// </remarks>
public sealed class IndexTable
{
    /// <summary>Elements of the image that are copied together: half of what L1 holds in float.</summary>
    private const int StripBudget = 1 << 12;

    private readonly Lazy<int[]> i, j, d;
    private readonly PerTier<ColumnPass<float>> floats;
    private readonly PerTier<ColumnPass<double>> doubles;

    /// <summary>The tables of a shape.</summary>
    /// <exception cref="ArgumentNullException">There is no shape.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The shape is impossible.</exception>
    public IndexTable(Conv2DShape shape)
    {
        ArgumentNullException.ThrowIfNull(shape);
        shape.Validate();
        Core.Shapes.RequireCountable("shape.C", shape.C, shape.C, shape.R, shape.S);
        Shape = shape;
        i = new(() => Fill((row, column) => (row / shape.S % shape.R * shape.DilationH) + (column / shape.Q * shape.StrideH)));
        j = new(() => Fill((row, column) => (row % shape.S * shape.DilationW) + (column % shape.Q * shape.StrideW)));
        d = new(() => [.. Enumerable.Range(0, Rows).Select(row => row / (shape.R * shape.S))]);
        Vertical =
            new(shape.P, shape.R, shape.H, shape.StrideH, shape.PadTop, shape.PadBottom, shape.DilationH, includePad: true);
        Horizontal =
            new(shape.Q, shape.S, shape.W, shape.StrideW, shape.PadLeft, shape.PadRight, shape.DilationW, includePad: true);
        Strips = new(Vertical, backward: false, StripBudget / shape.W);
        floats = new(tier => TierLoops<float>.For(tier).Columns(this));
        doubles = new(tier => TierLoops<double>.For(tier).Columns(this));
    }

    /// <summary>The geometry.</summary>
    public Conv2DShape Shape { get; }

    /// <summary>Rows of the columns: C*R*S.</summary>
    public int Rows => Shape.C * Shape.R * Shape.S;

    /// <summary>Columns of one image: P*Q.</summary>
    public int Columns => Shape.P * Shape.Q;

    /// <summary>Rows x Columns: the row in the padded image. Made when first asked for; the operations don't need it.</summary>
    public ReadOnlySpan<int> I => i.Value;

    /// <summary>
    /// Rows x Columns: the column in the padded image. Made when first asked for; the operations don't need it.
    /// </summary>
    public ReadOnlySpan<int> J => j.Value;

    /// <summary>Rows: the channel.</summary>
    public ReadOnlySpan<int> D => d.Value;

    internal WindowAxis Vertical { get; }

    internal WindowAxis Horizontal { get; }

    /// <summary>Rows of windows whose rows of the image are copied together.</summary>
    internal WindowStrips Strips { get; }

    /// <summary>How a tier runs im2col and col2im of this shape.</summary>
    internal ColumnPass<T> Pass<T>(SimdTier tier)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        typeof(T) == typeof(float) ? (ColumnPass<T>)(object)floats.Of(tier) : (ColumnPass<T>)(object)doubles.Of(tier);

    private int[] Fill(Func<int, int, int> index)
    {
        Core.Shapes.RequireCountable("shape", Shape, Rows, Columns);
        int[] table = new int[Rows * Columns];
        for (int row = 0, at = 0; row < Rows; row++)
        {
            for (int column = 0; column < Columns; column++)
                table[at++] = index(row, column);
        }

        return table;
    }
}
