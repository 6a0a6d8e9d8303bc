using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace SimdConv.Cli;

/// <summary>Where a path leads once its symbolic links have been followed.</summary>
/// <param name="Path">A full path without links. What lies in a folder of open files, such as /proc/self/fd, is kept.</param>
/// <param name="Kind">What is there.</param>
/// <param name="Identity">The same for every path to the same file, by way of links, relative paths and hard links (hard links
/// not on Windows).</param>
internal sealed record FilePlace(string Path, PlaceKind Kind, string Identity)
{
    private const int MaxLinks = 40;

    private const int FileTypeMask = 0xF000, PipeType = 0x1000, FolderType = 0x4000, RegularType = 0x8000;

    /// <summary>Whether the path names an open file of a process: its name must not be given to another file.</summary>
    public bool IsOpenFile => IsFolderOfOpenFiles(System.IO.Path.GetDirectoryName(Path) ?? "");

    /// <summary>1 or 2 where the path names this process's own standard output or error, such as /dev/stdout; else 0.</summary>
    public int StandardStream => IsOpenFile
        && (Path.StartsWith("/dev/", StringComparison.Ordinal)
        || Path.StartsWith($"/proc/{Environment.ProcessId}/", StringComparison.Ordinal))
        ? System.IO.Path.GetFileName(Path) switch { "1" => 1, "2" => 2, _ => 0 }
        : 0;

    /// <exception cref="IOException">The links go round in circles, or can't be read.</exception>
    public static FilePlace Of(string path)
    {
        string resolved = FollowLinks(System.IO.Path.GetFullPath(path));
        if (Status(resolved) is { } status)
            return new FilePlace(resolved, status.Kind, status.Identity);
        if (resolved.StartsWith(@"\\.\", StringComparison.Ordinal))
            return new FilePlace(resolved, PlaceKind.Device, resolved.ToUpperInvariant());
        PlaceKind kind = Directory.Exists(resolved) ? PlaceKind.Folder : File.Exists(resolved) ? PlaceKind.Regular
            : PlaceKind.Missing;

        // A file to be made is told apart by its folder and name, which some systems take in any case.
        string name = OperatingSystem.IsLinux() ? resolved : resolved.ToUpperInvariant();
        string folder = Status(System.IO.Path.GetDirectoryName(resolved) ?? resolved) is { } parent
            ? parent.Identity + "/" + System.IO.Path.GetFileName(name) : name;
        return new FilePlace(resolved, kind, folder);
    }

    private static string FollowLinks(string path)
    {
        string current = System.IO.Path.GetPathRoot(path)!;
        Stack<string> ahead = new(Parts(path[current.Length..]));
        int links = 0;
        while (ahead.TryPop(out string? part))
        {
            if (part is "" or ".")
                continue;
            if (part == "..")
            {
                current = System.IO.Path.GetDirectoryName(current) ?? current;
                continue;
            }

            string next = System.IO.Path.Combine(current, part);
            string? target = IsFolderOfOpenFiles(current) ? null : new FileInfo(next).LinkTarget;
            if (target is null)
            {
                current = next;
                continue;
            }

            if (++links > MaxLinks)
                throw new IOException($"more than {MaxLinks} symbolic links");
            if (System.IO.Path.GetPathRoot(target) is { Length: > 0 } root)
                (current, target) = (root, target[root.Length..]);
            foreach (string piece in Parts(target))
                ahead.Push(piece);
        }

        return current;

        static IEnumerable<string> Parts(string path) =>
            path.Split([System.IO.Path.DirectorySeparatorChar, System.IO.Path.AltDirectorySeparatorChar]).Reverse();
    }

    private static bool IsFolderOfOpenFiles(string folder) =>
        folder == "/dev/fd" || (folder.StartsWith("/proc/", StringComparison.Ordinal)
            && folder.EndsWith("/fd", StringComparison.Ordinal));

    /// <summary>
    /// Kind and identity as the system tells them; null where nothing is there, or the system has no such call.
    /// </summary>
    private static (PlaceKind Kind, string Identity)? Status(string path)
    {
        const int hereFolder = -100, typeModeAndInode = 0x103;
        if (!OperatingSystem.IsLinux() && !OperatingSystem.IsMacOS())
            return null;
        byte[] buffer = new byte[512], name = Encoding.UTF8.GetBytes(path + "\0");
        try
        {
            if (OperatingSystem.IsLinux())
            {
                return StatX(hereFolder, name, 0, typeModeAndInode, buffer) != 0 ? null
                    : Describe(Bits16(28), $"{Bits32(136)}:{Bits32(140)}:{Bits64(32)}");
            }

            int failed = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? StatInode64(name, buffer)
                : Stat(name, buffer);
            return failed != 0 ? null : Describe(Bits16(4), $"{Bits32(0)}:{Bits64(8)}");
        }
        catch (EntryPointNotFoundException)
        {
            return null;
        }

        int Bits16(int at) => BinaryPrimitives.ReadUInt16LittleEndian(buffer.AsSpan(at, 2));

        uint Bits32(int at) => BinaryPrimitives.ReadUInt32LittleEndian(buffer.AsSpan(at, 4));

        ulong Bits64(int at) => BinaryPrimitives.ReadUInt64LittleEndian(buffer.AsSpan(at, 8));

        static (PlaceKind, string) Describe(int mode, string identity) => ((mode & FileTypeMask) switch
        {
            RegularType => PlaceKind.Regular,
            FolderType => PlaceKind.Folder,
            PipeType => PlaceKind.Pipe,
            _ => PlaceKind.Device,
        }, identity);
    }

    // The layout of struct statx is the kernel's, the same on every architecture; that of macOS's struct stat is the one with
    // 64-bit inodes.
    [DllImport("libc", EntryPoint = "statx")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int StatX(int folder, byte[] path, int flags, uint mask, byte[] status);

    [DllImport("libc", EntryPoint = "stat")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Stat(byte[] path, byte[] status);

    [DllImport("libc", EntryPoint = "stat$INODE64")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int StatInode64(byte[] path, byte[] status);
}
