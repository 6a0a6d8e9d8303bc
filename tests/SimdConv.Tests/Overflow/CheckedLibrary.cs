using System.Reflection;
using System.Runtime.Loader;

namespace SimdConv.Tests.Overflow;

/// <summary>
/// This assembly once more in the same process, beside the library as the build compiles it for these tests: with checked
/// arithmetic, so that an integer that overflows throws. Tests and their helpers are the same code; what they call is the other
/// library.
/// </summary>
internal sealed class CheckedLibrary : AssemblyLoadContext
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Checked");

    private CheckedLibrary()
        : base("checked")
    {
    }

    /// <summary>Calls a static method of this assembly that takes nothing, there.</summary>
    public static void Run(Type type, string method)
    {
        Assembly tests = new CheckedLibrary().LoadFromAssemblyPath(type.Assembly.Location);
        MethodInfo entry = tests.GetType(type.FullName!, throwOnError: true)!.GetMethod(method)!;
        entry.CreateDelegate<Action>()();
    }

    protected override Assembly? Load(AssemblyName assemblyName)
    {
        string file = Path.Combine(Folder, assemblyName.Name + ".dll");
        return File.Exists(file) ? LoadFromAssemblyPath(file) : null;
    }
}
