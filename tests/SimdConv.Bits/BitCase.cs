namespace SimdConv.Bits;

/// <summary>One line of bits.txt: an operation on fixed operands, and the hash of what it gives.</summary>
/// <param name="Name">Operation, type, shape and layout, in one word; the key of the line.</param>
/// <param name="Hash">Runs the operation as the execution says, and hashes its results.</param>
public sealed record BitCase(string Name, Func<Execution, ulong> Hash)
{
    /// <summary>All cases, each with a name of its own.</summary>
    public static IReadOnlyList<BitCase> All { get; } =
    [
        .. GemmBits<float>.Cases(), .. GemmBits<double>.Cases(),
        .. ConvBits<float>.Cases(), .. ConvBits<double>.Cases(),
        .. PoolBits<float>.Cases(), .. PoolBits<double>.Cases(),
        .. ColumnBits<float>.Cases(), .. ColumnBits<double>.Cases(),
        .. ElementwiseBits<float>.Cases(), .. ElementwiseBits<double>.Cases(),
        .. SumBits<float>.Cases(), .. SumBits<double>.Cases(),
    ];

    /// <summary>The line of bits.txt that <paramref name="execution"/> gives.</summary>
    public string Line(Execution execution) => $"{Name} {Hash(execution):X16}";
}
