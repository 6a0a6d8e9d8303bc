namespace SimdConv.Simd;

/// <summary>
/// A register with elements that multiply whole registers one at a time: in all lanes where the tier broadcasts each of them, one
/// element a lane where its multiply-add takes a lane by number. A type of its own, so that the compiler refuses it as a register
/// of a tile.
/// </summary>
internal readonly struct Elements<TVec>(TVec register)
    where TVec : unmanaged
{
    public readonly TVec Register = register;
}
