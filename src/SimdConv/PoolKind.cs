namespace SimdConv;

/// <summary>What a pooling window keeps.</summary>
public enum PoolKind
{
    /// <summary>The largest element, the first of equals; NaN if there is one, the last of several.</summary>
    Max,

    /// <summary>The mean.</summary>
    Average,
}
