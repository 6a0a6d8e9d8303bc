namespace SimdConv;

/// <summary>Whether a matrix is read as it is stored or transposed.</summary>
public enum Transpose
{
    /// <summary>As it is stored.</summary>
    No,

    /// <summary>Rows and columns exchanged.</summary>
    Yes,
}
