using SimdConv.Loops;
using SimdConv.Packing;

namespace SimdConv;

/// <summary>
/// op(A) or op(B) laid out as the tiles of one tier read it, for products that use it again and again: made by
/// <see cref="Gemm.Pack{T}"/>. Any number of threads may read it.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
public sealed unsafe class PackedMatrix<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Alignment = 64;

    // Pinned when allocated, so that calls take its address without pinning it.
    private readonly T[] panels;

    internal PackedMatrix(GemmSide side, SimdTier tier, int rows, int columns, StridedMatrix<T> matrix)
    {
        (Side, Tier, Rows, Columns) = (side, tier, rows, columns);
        TierLoops<T> loops = TierLoops<T>.For(tier);
        (int size, int terms) = side == GemmSide.A ? (rows, columns) : (columns, rows);
        panels = GC.AllocateUninitializedArray<T>(
            checked((int)loops.PackedSize(side, size, terms) + (Alignment / sizeof(T))), pinned: true);
        loops.Pack(side, matrix, size, terms, Panels);
    }

    /// <summary>Which operand it is.</summary>
    public GemmSide Side { get; }

    /// <summary>The tier that the layout is for.</summary>
    public SimdTier Tier { get; }

    /// <summary>Rows of the operand, transposed already: m of A, k of B.</summary>
    public int Rows { get; }

    /// <summary>Columns of the operand, transposed already: k of A, n of B.</summary>
    public int Columns { get; }

    /// <summary>Element (0, 0) of the first panel, aligned for the widest register.</summary>
    internal T* Panels
    {
        get
        {
            fixed (T* first = panels)
                return (T*)(((nuint)first + Alignment - 1) & ~(nuint)(Alignment - 1));
        }
    }

    internal void Require(GemmSide side, SimdTier tier, string argument)
    {
        if (Side != side)
            throw new ArgumentException($"{argument} is packed as {Side}; expected a matrix packed as {side}.", argument);
        if (Tier != tier)
            throw new ArgumentException(
                $"{argument} is packed for tier {Tier}; expected {tier}, the tier of this call.", argument);
        GC.KeepAlive(this);
    }
}
