using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp;

namespace SimdConv.Perf.Peers;

/// <summary>Loads libtorch, on systems with GCC 12's libstdc++ (Debian 12) too.</summary>
/// <remarks>
/// libLibTorchSharp.so asks libstdc++ for the symbol version GLIBCXX_3.4.32, for std::ios_base_library_init alone, which the
/// program never needs. Marking that one requirement weak in the copy in the output folder lets the loader go on.
/// </remarks>
internal static class LibTorchLoader
{
    private const string Library = "libLibTorchSharp.so";
    private const uint VersionNeededSection = 0x6FFFFFFE;
    private const ushort WeakFlag = 0x2;

    private static ReadOnlySpan<byte> UnneededVersion => "GLIBCXX_3.4.32\0"u8;

    /// <summary>Loads the native library with that many threads; its version, or the reason where it can't.</summary>
    public static bool TryLoad(int threads, out string said)
    {
        try
        {
            if (OperatingSystem.IsLinux())
                RelaxOutputCopy();
            said = Configure(threads);
            return true;
        }
        catch (Exception e) when (e is TypeInitializationException or DllNotFoundException or BadImageFormatException
            or NotSupportedException or IOException or UnauthorizedAccessException or EntryPointNotFoundException)
        {
            said = (e.InnerException ?? e).Message.ReplaceLineEndings(" ");
            return false;
        }
    }

    // Not inlined: the JIT must not touch TorchSharp's types before the file is patched.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static string Configure(int threads)
    {
        KeepFreedMemory();
        torch.InitializeDeviceType(DeviceType.CPU);
        torch.set_num_threads(threads);
        torch.set_num_interop_threads(1);
        return torch.__version__;
    }

    /// <summary>
    /// libtorch allocates each result; glibc would give large ones back to the system and fault their pages in again at every
    /// call, now and then and up to seven times slower. A long-lived process that had tuned its allocator wouldn't.
    /// </summary>
    private static void KeepFreedMemory()
    {
        const int trimThreshold = -1, mmapThreshold = -3;
        if (!OperatingSystem.IsLinux())
            return;
        _ = mallopt(mmapThreshold, 32 << 20);
        _ = mallopt(trimThreshold, int.MaxValue);
    }

    [DllImport("libc")]
    private static extern int mallopt(int parameter, int value);

    private static void RelaxOutputCopy()
    {
        string direct = Path.Combine(AppContext.BaseDirectory, Library);
        string nested = Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native", Library);
        string? path = File.Exists(direct) ? direct : File.Exists(nested) ? nested : null;
        if (path is null)
            return;
        byte[] image = File.ReadAllBytes(path);
        if (!MarkWeak(image))
            return;
        // A new file, then a rename: another process may have the old one mapped, and the copy may be a link into a package
        // folder.
        string temporary = path + "." + Environment.ProcessId;
        File.WriteAllBytes(temporary, image);
        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>
    /// Sets the weak flag of the unneeded version in a 64-bit little-endian ELF image; false if nothing changed.
    /// </summary>
    internal static bool MarkWeak(Span<byte> image)
    {
        if (image.Length < 64 || !image.StartsWith("\x7f"u8) || !image[1..].StartsWith("ELF\x02\x01"u8))
            return false;
        int sections = Offset(image, 0x28);
        int sectionSize = Half(image, 0x3A), sectionCount = Half(image, 0x3C);
        bool changed = false;
        for (int i = 0; i < sectionCount; i++)
        {
            int section = sections + (i * sectionSize);
            if (Word(image, section + 4) != VersionNeededSection)
                continue;
            int names = Offset(image, sections + ((int)Word(image, section + 40) * sectionSize) + 24);
            int need = Offset(image, section + 24);
            for (uint file = Word(image, section + 44); file > 0; file--)
            {
                int version = need + (int)Word(image, need + 8);
                for (int count = Half(image, need + 2); count > 0; count--)
                {
                    ushort flags = (ushort)Half(image, version + 4);
                    bool unneeded = image[(names + (int)Word(image, version + 8))..].StartsWith(UnneededVersion);
                    if (unneeded && (flags & WeakFlag) == 0)
                    {
                        BinaryPrimitives.WriteUInt16LittleEndian(image[(version + 4)..], (ushort)(flags | WeakFlag));
                        changed = true;
                    }

                    version += (int)Word(image, version + 12);
                }

                need += (int)Word(image, need + 12);
            }
        }

        return changed;
    }

    private static int Half(ReadOnlySpan<byte> image, int at) => BinaryPrimitives.ReadUInt16LittleEndian(image[at..]);

    private static uint Word(ReadOnlySpan<byte> image, int at) => BinaryPrimitives.ReadUInt32LittleEndian(image[at..]);

    private static int Offset(ReadOnlySpan<byte> image, int at) =>
        checked((int)BinaryPrimitives.ReadUInt64LittleEndian(image[at..]));
}
