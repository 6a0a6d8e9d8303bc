using SimdConv.Loops;
using SimdConv.Packing;

namespace SimdConv;

/// <summary>
/// op(A) or op(B) laid out as the tiles of one tier read it, for products that use it again and again: made by
/// <see cref="Gemm.Pack{T}"/>, or read from a file by <see cref="Gemm.Load{T}"/>. Any number of threads may read it.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
public sealed unsafe class PackedMatrix<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly AlignedArray<T> panels;

    internal PackedMatrix(GemmSide side, SimdTier tier, int rows, int columns, StridedMatrix<T> matrix)
    {
        (Side, Tier, Rows, Columns) = (side, tier, rows, columns);
        TierLoops<T> loops = TierLoops<T>.For(tier);
        (int size, int terms) = SizeAndTerms(side, rows, columns);
        panels = new(loops.PackedSize(side, size, terms));
        loops.Pack(side, matrix, size, terms, Panels);
    }

    internal PackedMatrix(GemmSide side, SimdTier tier, int rows, int columns, AlignedArray<T> panels, PackedFile file)
    {
        (Side, Tier, Rows, Columns, File) = (side, tier, rows, columns, file);
        this.panels = panels;
    }

    /// <summary>Which operand it is.</summary>
    public GemmSide Side { get; }

    /// <summary>The tier that the layout is for.</summary>
    public SimdTier Tier { get; }

    /// <summary>Rows of the operand, transposed already: m of A, k of B.</summary>
    public int Rows { get; }

    /// <summary>Columns of the operand, transposed already: k of A, n of B.</summary>
    public int Columns { get; }

    /// <summary>
    /// Whether the panels are those of a <see cref="PackedFile"/>, read in place: then they are gone when the file is disposed
    /// of. A matrix that was packed, or had to be packed again when it was loaded, has memory of its own.
    /// </summary>
    public bool IsInFile => File != null;

    internal PackedFile? File { get; }

    /// <summary>Element (0, 0) of the first panel.</summary>
    internal T* Panels => panels.First;

    /// <summary>Writes the matrix to a file, from which <see cref="Gemm.Load{T}"/> reads it.</summary>
    /// <inheritdoc cref="PackedFilter{T}.Save" path="/exception"/>
    /// <param name="destination">Where to; at a multiple of 64 bytes, as it is behind another one.</param>
    /// <param name="matrix">The operand, Rows x Columns without gaps, to be written too: then a process with another tier, or
    /// another layout of panels, packs it when it loads the matrix. Empty leaves it out.</param>
    public void Save(Stream destination, ReadOnlySpan<T> matrix = default)
    {
        if (!matrix.IsEmpty)
            ArgumentErrors.RequireLength(matrix, (long)Rows * Columns, $"{Rows} x {Columns}");
        RecordHeader header = new() { Kind = RecordKind.Matrix, ElementBytes = sizeof(T), Tier = Tier, Use = (int)Side };
        (header.Sizes[0], header.Sizes[1]) = (Rows, Columns);
        fixed (T* raw = matrix)
        {
            ReadOnlySpan<PackedRecord.Part> parts =
            [
                PackedRecord.Part.Of(panels),
                default,
                default,
                default,
                new((nint)raw, matrix.IsEmpty ? 0 : (long)Rows * Columns * sizeof(T)),
            ];
            PackedRecords.Save(destination, File, header, [Layout(Side, Tier, Rows, Columns), []], parts);
            GC.KeepAlive(this);
        }
    }

    /// <summary>See <see cref="Gemm.Load{T}"/>.</summary>
    internal static PackedMatrix<T> Load(PackedFile file, int index, SimdTier tier)
    {
        using FileHold hold = new(file);
        PackedRecord record = file.Record(index, RecordKind.Matrix, sizeof(T));
        (GemmSide side, int rows, int columns) = ((GemmSide)record.Use, record.Sizes[0], record.Sizes[1]);
        PackedRecord.Part panels = record[0], raw = record[PackedRecord.RawPart];
        if (rows < 0 || columns < 0 || side is not (GemmSide.A or GemmSide.B))
            throw new InvalidDataException($"The file has a {rows} x {columns} matrix that is packed as {side} at {index}; "
                + "expected sizes of 0 or more, and A or B.");
        (int size, int terms) = SizeAndTerms(side, rows, columns);
        Int128 bytes = (Int128)rows * columns * sizeof(T);
        if (record.Tier == tier && record.Layout(0).SequenceEqual(Layout(side, tier, rows, columns))
            && panels.Bytes / sizeof(T) == TierLoops<T>.For(tier).PackedSize(side, size, terms) && panels.Bytes % sizeof(T) == 0)
            return new(side, tier, rows, columns, new((T*)panels.Address, panels.Bytes / sizeof(T)), file);
        if (raw.Bytes != bytes || bytes == 0)
            throw PackedRecords.NotForThis(record, tier, index);
        return new(side, tier, rows, columns, new() { Data = (T*)raw.Address, RowStride = columns, ColumnStride = 1 });
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

    private static (int Size, int Terms) SizeAndTerms(GemmSide side, int rows, int columns) =>
        side == GemmSide.A ? (rows, columns) : (columns, rows);

    private static int[] Layout(GemmSide side, SimdTier tier, int rows, int columns)
    {
        (int size, int terms) = SizeAndTerms(side, rows, columns);
        List<int> layout = PackedRecords.NewLayout(tier);
        TierLoops<T>.For(tier).AddLayout(side, size, terms, layout);
        return [.. layout];
    }
}
