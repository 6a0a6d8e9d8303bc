namespace SimdConv.Samples.ImageSearch;

/// <summary>What the caller can mend: the message says it in one line.</summary>
public sealed class SearchException(string message, Exception? inner = null) : Exception(message, inner);
