namespace SimdConv.Simd;

/// <summary>
/// What is done with the lanes of a tier that is known at run time: <see cref="Tier.Use"/> calls it with the types.
/// </summary>
/// <typeparam name="T">The element type, float or double.</typeparam>
/// <typeparam name="TResult">What comes of it.</typeparam>
internal interface ILanesUser<T, TResult>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <typeparam name="TVec">The registers of the tier.</typeparam>
    /// <typeparam name="THalf">Registers of half that width; <typeparamref name="TVec"/> again where the tier has
    /// none.</typeparam>
    TResult Use<TVec, THalf>()
        where TVec : unmanaged, ILanes<TVec, T>
        where THalf : unmanaged, ILanes<THalf, T>;
}
