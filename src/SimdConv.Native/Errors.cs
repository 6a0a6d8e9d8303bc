using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace SimdConv.Native;

/// <summary>
/// How an exception reaches C: as a status, and as this thread's last message. It has no static constructor and lets nothing out
/// itself, since an exception that leaves an export ends the process.
/// </summary>
internal static unsafe class Errors
{
    [ThreadStatic]
    private static string? message;

    /// <summary>
    /// A string of C that lives as long as the library: a literal, whose bytes lie in the library and end in a zero.
    /// </summary>
    public static byte* Text(ReadOnlySpan<byte> literal) => (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(literal));

    public static int Report(Exception exception)
    {
        // An exception of a type's initializer comes wrapped in this one.
        while (exception is TypeInitializationException { InnerException: { } inner })
            exception = inner;
        Status status = exception switch
        {
            InvalidHandleException => Status.InvalidHandle,
            ArgumentException or OverflowException =>
                exception is ArgumentException { ParamName: "execution" } ? Status.NotSupported : Status.InvalidArgument,
            InvalidOperationException => Status.InvalidArgument,
            NotSupportedException => Status.NotSupported,
            InvalidDataException or IOException or UnauthorizedAccessException => Status.FileError,
            OutOfMemoryException => Status.OutOfMemory,
            _ => Status.InternalError,
        };
        try
        {
            message = InCNames(exception is ArgumentException argument ? WithoutSuffix(argument) : exception.Message);
        }
        catch (Exception)
        {
            message = "There is not even memory for the message of the error.";
        }

        return (int)status;
    }

    [UnmanagedCallersOnly(EntryPoint = "simdconv_last_error")]
    public static nuint LastError(byte* buffer, nuint capacity)
    {
        try
        {
            byte[] utf8 = Encoding.UTF8.GetBytes(message ?? "");
            if (buffer != null && capacity > 0)
            {
                int length = (int)Math.Min((nuint)utf8.Length, capacity - 1);
                utf8.AsSpan(0, length).CopyTo(new(buffer, length));
                buffer[length] = 0;
            }

            return (nuint)utf8.Length;
        }
        catch (Exception)
        {
            if (buffer != null && capacity > 0)
                buffer[0] = 0;
            return 0;
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "simdconv_status_string")]
    public static byte* StatusString(int status) => (Status)status switch
    {
        Status.Ok => Text("ok"u8),
        Status.InvalidArgument => Text("invalid argument"u8),
        Status.InvalidHandle => Text("invalid handle"u8),
        Status.NotSupported => Text("not supported"u8),
        Status.OutOfMemory => Text("out of memory"u8),
        Status.InternalError => Text("internal error"u8),
        Status.FileError => Text("file error"u8),
        _ => Text("unknown status"u8),
    };

    // The base class appends the parameter and the value, which the library's messages have already.
    private static string WithoutSuffix(ArgumentException exception)
    {
        string text = exception.Message;
        int line = text.AsSpan().IndexOfAny('\r', '\n');
        if (line >= 0)
            text = text[..line];
        int suffix = text.LastIndexOf(" (", StringComparison.Ordinal);
        return suffix > 0 && text.EndsWith(')') ? text[..suffix] : text;
    }

    /// <summary>
    /// shape.StrideH and execution.MaxThreads as the descriptors of C have them: desc.stride_h, execution.max_threads.
    /// </summary>
    private static string InCNames(string text)
    {
        StringBuilder c = new();
        for (int at = 0; at < text.Length;)
        {
            string? prefix = Array.Find(["shape.", "execution."], prefix => text.AsSpan(at).StartsWith(prefix));
            if (prefix is null)
            {
                c.Append(text[at++]);
                continue;
            }

            int first = at + prefix.Length;
            c.Append(prefix == "shape." ? "desc." : prefix);
            for (at = first; at < text.Length && char.IsAsciiLetter(text[at]); at++)
                c.Append(at > first && char.IsAsciiLetterUpper(text[at]) ? "_" : "").Append(char.ToLowerInvariant(text[at]));
        }

        return c.ToString();
    }
}
