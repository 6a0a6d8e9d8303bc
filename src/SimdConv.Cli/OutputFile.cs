using System.Text;

namespace SimdConv.Cli;

/// <summary>A file as an option names it.</summary>
internal readonly record struct NamedFile(string Option, string? Path);

/// <summary>
/// Writes what a command makes. A regular file is written whole or not at all: a new one takes its place and keeps its mode,
/// also behind symbolic links. Pipes and devices, and files that a process has open (/dev/stdout), are written where they are.
/// </summary>
internal static class OutputFile
{
    /// <summary>
    /// Refuses, before any work is done for them, outputs that can't be written, two outputs that are one file, and an output
    /// that is an input.
    /// </summary>
    public static void RequireWritable(IEnumerable<NamedFile> outputs, params IEnumerable<NamedFile> inputs)
    {
        List<(NamedFile File, FilePlace Place, bool IsInput)> seen = [];
        foreach (NamedFile input in inputs)
        {
            if (!string.IsNullOrEmpty(input.Path))
                seen.Add((input, PlaceOf(input), true));
        }

        foreach (NamedFile output in outputs)
        {
            if (output.Path is not { } path)
                continue;
            if (path.Length == 0)
                throw new InputException($"{output.Option} is ''; expected the name of a file to write.");
            FilePlace place = PlaceOf(output);
            if (place.Kind == PlaceKind.Folder || path[^1] == Path.DirectorySeparatorChar
                || path[^1] == Path.AltDirectorySeparatorChar)
                throw new InputException($"{output.Option} is '{path}'; expected the name of a file to write.");
            if (place.Kind == PlaceKind.Missing && !Directory.Exists(FolderOf(place.Path)))
            {
                throw new InputException(
                    $"{output.Option} is '{path}'; expected a file in an existing folder, but {FolderOf(place.Path)} is none.");
            }

            foreach ((NamedFile other, FilePlace otherPlace, bool isInput) in seen)
            {
                // A terminal may well be read and written.
                if (otherPlace.Identity != place.Identity || (isInput && place.Kind == PlaceKind.Device))
                    continue;
                string does = isInput ? "reads" : "is";
                throw new InputException(
                    $"{output.Option} is '{path}' and {other.Option} {does} '{other.Path}', the same "
                    + "file; expected different ones.");
            }

            seen.Add((output, place, false));
        }
    }

    /// <summary>Writes what <paramref name="write"/> puts into a stream, once all of it is there.</summary>
    public static void Write(string path, Action<Stream> write)
    {
        using MemoryStream content = new();
        write(content);
        try
        {
            FilePlace place = FilePlace.Of(path);
            if (place.Kind is PlaceKind.Pipe or PlaceKind.Device || place.IsOpenFile)
                WriteInPlace(place, content);
            else
                Replace(place, content);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path} can't be written: {error.Message}", error);
        }
    }

    /// <summary>Writes a text in UTF-8.</summary>
    public static void WriteText(string path, string text) => Write(path, file => file.Write(Encoding.UTF8.GetBytes(text)));

    private static void WriteInPlace(FilePlace place, MemoryStream content)
    {
        // A second opening of standard output would begin at the start of its file, and what is printed later would overwrite it.
        using Stream target = place.StandardStream switch
        {
            1 => Console.OpenStandardOutput(),
            2 => Console.OpenStandardError(),
            _ => new FileStream(place.Path, place.Kind == PlaceKind.Regular ? FileMode.Truncate : FileMode.Open, FileAccess.Write,
                FileShare.ReadWrite, 0),
        };
        content.WriteTo(target);
        target.Flush();
    }

    private static void Replace(FilePlace place, MemoryStream content)
    {
        string temporary = Path.Combine(FolderOf(place.Path), $".{Path.GetRandomFileName()}.tmp");
        FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None };
        UnixFileMode? mode = place.Kind == PlaceKind.Regular && !OperatingSystem.IsWindows() ? File.GetUnixFileMode(place.Path)
            : null;
        if (mode is not null && !OperatingSystem.IsWindows())
            options.UnixCreateMode = mode;
        try
        {
            using (FileStream stream = new(temporary, options))
            {
                // The process's umask may have removed some permissions.
                if (mode is { } kept && !OperatingSystem.IsWindows())
                    File.SetUnixFileMode(stream.SafeFileHandle, kept);
                content.WriteTo(stream);
            }

            File.Move(temporary, place.Path, overwrite: true);
        }
        catch
        {
            TryDelete(temporary);
            throw;
        }
    }

    private static FilePlace PlaceOf(NamedFile file)
    {
        try
        {
            return FilePlace.Of(file.Path!);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new InputException($"{file.Option} is '{file.Path}', which leads nowhere: {error.Message}", error);
        }
    }

    private static string FolderOf(string path) => Path.GetDirectoryName(path) ?? path;

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
