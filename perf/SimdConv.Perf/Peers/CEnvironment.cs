using System.Runtime.InteropServices;

namespace SimdConv.Perf.Peers;

/// <summary>Variables of the environment as C sees it, which .NET's <see cref="Environment"/> doesn't reach on Linux.</summary>
internal static class CEnvironment
{
    /// <summary>Sets a variable for libraries that are loaded later, unless the user has set it.</summary>
    public static void SetDefault(string name, string value)
    {
        if (OperatingSystem.IsLinux())
            _ = setenv(name, value, overwrite: 0);
    }

    [DllImport("libc")]
    private static extern int setenv(
        [MarshalAs(UnmanagedType.LPUTF8Str)] string name, [MarshalAs(UnmanagedType.LPUTF8Str)] string value, int overwrite);
}
