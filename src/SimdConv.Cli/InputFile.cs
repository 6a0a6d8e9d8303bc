namespace SimdConv.Cli;

/// <summary>Reads a whole file or pipe of limited size.</summary>
internal static class InputFile
{
    private const int Chunk = 1 << 16;

    /// <summary>
    /// All bytes of a stream that may not tell its length; null if there are more than <paramref name="most"/>.
    /// </summary>
    public static MemoryStream? ReadAtMost(Stream file, long most)
    {
        MemoryStream content = new();
        byte[] chunk = new byte[Chunk];
        for (int read; (read = file.Read(chunk)) > 0;)
        {
            if (content.Length + read > most)
                return null;
            content.Write(chunk, 0, read);
        }

        content.Position = 0;
        return content;
    }

    /// <summary>All bytes of a file.</summary>
    /// <exception cref="InputException">It can't be read.</exception>
    public static byte[] ReadBytes(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path} can't be read: {error.Message}", error);
        }
    }
}
