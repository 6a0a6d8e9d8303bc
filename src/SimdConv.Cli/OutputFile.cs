namespace SimdConv.Cli;

/// <summary>Writes a file whole or not at all.</summary>
internal static class OutputFile
{
    /// <summary>Refuses a path that can't be written, before any work is spent on what it shall hold.</summary>
    public static void RequireWritable(string? path, string option)
    {
        if (path is null)
            return;
        if (path.Length == 0 || Directory.Exists(path))
            throw new InputException($"{option} is '{path}'; expected the name of a file to write.");
        string folder = FolderOf(path);
        if (!Directory.Exists(folder))
            throw new InputException($"{option} is '{path}'; expected a file in an existing folder, but {folder} is none.");
    }

    /// <summary>Runs <paramref name="write"/> on a temporary file beside <paramref name="path"/>, which then takes its place.</summary>
    public static void Write(string path, Action<Stream> write)
    {
        string temporary = Path.Combine(FolderOf(path), $".{Path.GetFileName(path)}.{Environment.ProcessId}.tmp");
        try
        {
            using (FileStream stream = new(temporary, FileMode.Create, FileAccess.ReadWrite))
                write(stream);
            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            TryDelete(temporary);
            throw new InputException($"{path} can't be written: {error.Message}", error);
        }
        catch
        {
            TryDelete(temporary);
            throw;
        }
    }

    private static string FolderOf(string path) => Path.GetDirectoryName(Path.GetFullPath(path)) ?? Path.GetFullPath(path);

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The first error is the one to report.
        }
    }
}
