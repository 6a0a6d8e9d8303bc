using System.Runtime.InteropServices;

namespace SimdConv.Tests.Support;

/// <summary>
/// The control register of SSE and AVX: rounding mode, treatment of subnormals, masks of exceptions. Managed code has no
/// instruction for it, so four bytes of machine code are called. x86-64 Linux only.
/// </summary>
internal static unsafe class ControlRegister
{
    /// <summary>Subnormal results become zero.</summary>
    public const uint FlushToZero = 1 << 15;

    /// <summary>All but the flags, which any inexact result sets.</summary>
    private const uint Controls = 0xFFC0;

    // stmxcsr [rdi]; ret; and ldmxcsr [rdi]; ret
    private static readonly delegate* unmanaged<uint*, void> Store = Make([0x0F, 0xAE, 0x1F, 0xC3]),
        Load = Make([0x0F, 0xAE, 0x17, 0xC3]);

    public static bool IsReadable =>
        OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.X64;

    public static uint Read()
    {
        uint value;
        Store(&value);
        return value & Controls;
    }

    public static void Write(uint value) => Load(&value);

    private static delegate* unmanaged<uint*, void> Make(ReadOnlySpan<byte> code)
    {
        nuint page = (nuint)Environment.SystemPageSize;
        void* memory = NativeCalls.MapNothing(page);
        NativeCalls.Protect(memory, page, NativeCalls.ReadWrite);
        code.CopyTo(new(memory, code.Length));
        NativeCalls.Protect(memory, page, NativeCalls.ReadExecute);
        return (delegate* unmanaged<uint*, void>)memory;
    }
}
