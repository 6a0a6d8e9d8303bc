namespace SimdConv.Samples.OnnxNetwork;

/// <summary>Which memory a value lies in.</summary>
internal enum Memory
{
    /// <summary>The caller's images.</summary>
    Input,

    /// <summary>The caller's results.</summary>
    Output,

    /// <summary>The memory of a run.</summary>
    Own,
}
