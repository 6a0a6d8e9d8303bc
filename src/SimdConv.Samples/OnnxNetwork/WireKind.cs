namespace SimdConv.Samples.OnnxNetwork;

/// <summary>How protobuf writes a field, by the numbers of its format.</summary>
internal enum WireKind
{
    /// <summary>A number of 7 bits a byte.</summary>
    Number = 0,

    /// <summary>8 bytes.</summary>
    Eight = 1,

    /// <summary>A length, and as many bytes: a message, a text, or numbers behind each other.</summary>
    Bytes = 2,

    /// <summary>4 bytes.</summary>
    Four = 5,
}
