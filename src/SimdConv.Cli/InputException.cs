namespace SimdConv.Cli;

/// <summary>The user's input is at fault: the message is the one line that the tool prints before it exits with code 2.</summary>
internal sealed class InputException(string message, Exception? cause = null) : Exception(message, cause);
