namespace SimdConv;

/// <summary>The operands of a product.</summary>
public enum GemmSide
{
    /// <summary>The left one, op(A).</summary>
    A,

    /// <summary>The right one, op(B).</summary>
    B,
}
