using System.Reflection;
using System.Runtime.InteropServices;

namespace SimdConv.Cli.Distributed;

/// <summary>
/// The few functions of MPI's C interface (MPI 3.1) that <see cref="MpiExchange"/> needs. Open MPI and MPICH are told apart when
/// the library is loaded: handles are addresses of exported objects in the one, and fixed integers in the other.
/// </summary>
/// <remarks>
/// The package MPI.NET 1.4.0 looks for msmpi.dll alone and finds no library on Linux, and serialises objects; a call with bytes
/// is all that is needed here.
/// </remarks>
internal static class Mpi
{
    /// <summary>Names a library to load, in place of those that are looked for.</summary>
    public const string LibraryVariable = "SIMDCONV_MPI";

    public const int Success = 0;

    private const string Library = "mpi";

    /// <summary>MPICH's and its relatives' handles, by the ABI that they agreed on in 2013.</summary>
    private const nint MpichWorld = 0x44000000, MpichByte = 0x4c00010d, MpichFloat = 0x4c00040a, MpichSum = 0x58000003;

    private static readonly string[] OpenMpiNames = ["libmpi.so.40", "libmpi.40.dylib"],
        MpichNames = ["libmpich.so.12", "libmpi.so.12", "libmpi.12.dylib"];

    /// <summary>What launchers tell the processes that they start; the first two are Open MPI's and MPICH's.</summary>
    private static readonly string[] SizeVariables = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE"];

    private static nint library;

    static Mpi() => NativeLibrary.SetDllImportResolver(typeof(Mpi).Assembly, Resolve);

    /// <summary>Whether a launcher of MPI has started this process.</summary>
    public static bool IsLaunched => SizeVariables.Any(name => Environment.GetEnvironmentVariable(name) is { Length: > 0 });

    /// <summary>Processes of this launch on this machine, as far as the launcher tells.</summary>
    public static int LocalRanks =>
        int.TryParse(Environment.GetEnvironmentVariable("OMPI_COMM_WORLD_LOCAL_SIZE")
            ?? Environment.GetEnvironmentVariable("MPI_LOCALNRANKS"), out int ranks) ? Math.Max(1, ranks) : 1;

    public static nint World { get; private set; }

    public static nint Byte { get; private set; }

    public static nint Float { get; private set; }

    public static nint Sum { get; private set; }

    /// <summary>Loads the library.</summary>
    /// <exception cref="InputException">There is none.</exception>
    public static void Load()
    {
        string? named = Environment.GetEnvironmentVariable(LibraryVariable);
        bool isMpich = Environment.GetEnvironmentVariable(SizeVariables[0]) is not { Length: > 0 };
        string[] names = named is { Length: > 0 } ? [named] : isMpich ? [.. MpichNames, .. OpenMpiNames]
            : [.. OpenMpiNames, .. MpichNames];
        if (!names.Any(name => NativeLibrary.TryLoad(name, out library)))
        {
            throw new InputException($"--distributed needs the library of MPI, but none of {string.Join(", ", names)} can be "
                + $"loaded; expected Open MPI or MPICH to be installed, or {LibraryVariable} to name its library.");
        }

        bool isOpenMpi = NativeLibrary.TryGetExport(library, "ompi_mpi_comm_world", out nint world);
        World = isOpenMpi ? world : MpichWorld;
        Byte = isOpenMpi ? NativeLibrary.GetExport(library, "ompi_mpi_byte") : MpichByte;
        Float = isOpenMpi ? NativeLibrary.GetExport(library, "ompi_mpi_float") : MpichFloat;
        Sum = isOpenMpi ? NativeLibrary.GetExport(library, "ompi_mpi_op_sum") : MpichSum;
    }

    [DllImport(Library)]
    public static extern int MPI_Init(nint argc, nint argv);

    [DllImport(Library)]
    public static extern int MPI_Finalize();

    [DllImport(Library)]
    public static extern int MPI_Abort(nint communicator, int exitCode);

    [DllImport(Library)]
    public static extern int MPI_Comm_rank(nint communicator, out int rank);

    [DllImport(Library)]
    public static extern int MPI_Comm_size(nint communicator, out int size);

    [DllImport(Library)]
    public static extern int MPI_Get_library_version(ref byte text, out int length);

    [DllImport(Library)]
    public static extern int MPI_Allgatherv(ref byte sent, int count, nint type, ref byte received, int[] counts, int[] offsets,
        nint receivedType, nint communicator);

    [DllImport(Library)]
    public static extern int MPI_Alltoallv(ref byte sent, int[] counts, int[] offsets, nint type, ref byte received,
        int[] receivedCounts, int[] receivedOffsets, nint receivedType, nint communicator);

    [DllImport(Library)]
    public static extern int MPI_Allreduce(ref float sent, ref float received, int count, nint type, nint operation,
        nint communicator);

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) => name == Library ? library : 0;
}
