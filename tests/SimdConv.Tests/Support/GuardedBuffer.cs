using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SimdConv.Tests.Support;

/// <summary>Which end of a guarded buffer touches memory that can't be accessed.</summary>
public enum GuardSide
{
    Left,
    Right,
}

/// <summary>
/// Memory between two pages that can be neither read nor written, flush with one of them: one element too far ends the process.
/// Linux only.
/// </summary>
internal sealed unsafe partial class GuardedBuffer<T> : IDisposable where T : unmanaged
{
    private const byte Slack = 0xA7;

    private readonly byte* mapping;
    private readonly nuint page = (nuint)Environment.SystemPageSize, middle;
    private readonly T* first;
    private readonly int length;

    public GuardedBuffer(ReadOnlySpan<T> content, GuardSide side)
    {
        length = content.Length;
        nuint bytes = (nuint)content.Length * (nuint)sizeof(T);
        middle = Math.Max(1, (bytes + page - 1) / page) * page;
        mapping = (byte*)NativeCalls.MapNothing(middle + (2 * page));
        NativeCalls.Protect(mapping + page, middle, NativeCalls.ReadWrite);
        new Span<byte>(mapping + page, (int)middle).Fill(Slack);
        first = (T*)(side == GuardSide.Left ? mapping + page : mapping + page + middle - bytes);
        content.CopyTo(Span);
    }

    public Span<T> Span => new(first, length);

    /// <summary>From here on a write ends the process.</summary>
    public GuardedBuffer<T> MakeReadOnly()
    {
        NativeCalls.Protect(mapping + page, middle, NativeCalls.Read);
        return this;
    }

    /// <summary>The element behind the last one: for testing the guard itself.</summary>
    public T ReadBehindTheEnd() => Unsafe.Read<T>(first + length);

    public void Dispose()
    {
        ReadOnlySpan<byte> all = new(mapping + page, (int)middle);
        int start = (int)((byte*)first - mapping - (nint)page), end = start + (length * sizeof(T));
        bool untouched = !all[..start].ContainsAnyExcept(Slack) && !all[end..].ContainsAnyExcept(Slack);
        NativeCalls.Unmap(mapping, middle + (2 * page));
        if (!untouched)
            throw new Xunit.Sdk.XunitException("memory beside a buffer was written to");
    }
}

internal static unsafe partial class NativeCalls
{
    public const int Read = 1, ReadWrite = 3, ReadExecute = 5;

    private const int Private = 2, Anonymous = 0x20;

    public static void* MapNothing(nuint bytes)
    {
        void* address = Map(null, bytes, 0, Private | Anonymous, -1, 0);
        return address != (void*)-1
            ? address
            : throw new InvalidOperationException($"mmap: error {Marshal.GetLastPInvokeError()}");
    }

    public static void Protect(void* address, nuint bytes, int access)
    {
        // Of no bytes: nothing, which qemu takes for an error.
        if (bytes > 0 && SetProtection(address, bytes, access) != 0)
            throw new InvalidOperationException($"mprotect: error {Marshal.GetLastPInvokeError()}");
    }

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial void* Map(void* address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    private static partial int SetProtection(void* address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    public static partial int Unmap(void* address, nuint length);
}
