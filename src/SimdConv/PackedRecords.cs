namespace SimdConv;

/// <summary>What filters and matrices have in common when they are written to a file and read from it.</summary>
internal static class PackedRecords
{
    /// <summary>
    /// How this library orders the elements of panels. Whoever changes what any of the layouts means, or what a packed element
    /// is, takes the next number: PackedLayoutTests tells.
    /// </summary>
    private const int Packing = 1;

    /// <summary>
    /// The beginning of every layout. Where multiply and add are fused is part of it, as the transformed weights of Winograd's
    /// algorithm depend on that, and the widest tier of a CPU that doesn't fuse has the name of one that does.
    /// </summary>
    public static List<int> NewLayout(SimdTier tier) => [Packing, SimdSupport.Fuses(tier) ? 1 : 0];

    /// <summary>Writes a record, while the file that its panels are in is held.</summary>
    public static void Save(Stream destination, PackedFile? file, RecordHeader header, int[][] layouts,
        ReadOnlySpan<PackedRecord.Part> parts)
    {
        ArgumentNullException.ThrowIfNull(destination);
        if (!destination.CanWrite)
            throw new ArgumentException("destination can't be written; expected a stream that can.", nameof(destination));
        if (destination.CanSeek && destination.Position % PackedRecord.Alignment != 0)
            throw new ArgumentException($"destination is at byte {destination.Position}; expected a multiple of "
                + $"{PackedRecord.Alignment}.", nameof(destination));
        if (!BitConverter.IsLittleEndian)
            throw new NotSupportedException("This machine is big-endian; expected a little-endian one, as the file is.");
        using FileHold hold = new(file);
        PackedRecord.Write(destination, header, layouts, parts);
    }

    /// <summary>Panels that this process can't read, without the elements that it could pack.</summary>
    public static NotSupportedException NotForThis(PackedRecord record, SimdTier tier, int index) => new(
        $"The {record.Kind} at {index} of the file is packed for tier {record.Tier}"
        + (record.Tier == tier ? ", in panels of another CPU, library or shape" : "")
        + $", and the file doesn't have what was packed; expected panels for {tier} as this process has them: pack it again.");
}
