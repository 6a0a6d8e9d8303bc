namespace SimdConv.Samples.OnnxNetwork;

/// <summary>A file that is no network, or a network that can't be expressed: the message names the node and what was
/// expected.</summary>
public sealed class NetworkException : Exception
{
    internal NetworkException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
