using SimdConv.Core;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Processes;

/// <summary>
/// Has every piece of scratch memory end at a page that can't be accessed, so that a loop which reads or writes beyond its own
/// piece ends the process. For child processes, before their first call.
/// </summary>
internal static unsafe class GuardedScratch
{
    private const int None = 0;

    public static void TurnOn()
    {
        AppContext.SetSwitch(Workspace.GuardSwitch, true);
        Workspace.Guard = static (address, bytes, isOpen) =>
            NativeCalls.Protect(address, (nuint)bytes, isOpen ? NativeCalls.ReadWrite : None);
    }

    /// <summary>Reads behind the first of two pieces: must not return.</summary>
    public static void Overrun()
    {
        ScratchPlan plan = default;
        Piece<float> one = plan.Add<float>(16), other = plan.Add<float>(16);
        using Workspace workspace = new(plan);
        float* first = workspace.At(one), second = workspace.At(other);
        first[15] = 3;
        second[0] = 4;
        Console.WriteLine($"before: {first[15]}");
        Console.Out.Flush();
        Console.WriteLine($"survived: {first[16]}");
    }
}
