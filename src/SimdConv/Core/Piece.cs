namespace SimdConv.Core;

/// <summary>An array that a <see cref="ScratchPlan"/> has declared: <see cref="Workspace.At"/> gives its address.</summary>
/// <param name="offset">Bytes from the beginning of the plan's memory to the array.</param>
/// <param name="bytes">Bytes of the array, whole lines of a cache.</param>
/// <param name="plan">The number of the plan, where pieces are checked.</param>
internal readonly struct Piece<T>(long offset, long bytes, int plan)
    where T : unmanaged
{
    public readonly long Offset = offset, Bytes = bytes;
    public readonly int Plan = plan;
}
