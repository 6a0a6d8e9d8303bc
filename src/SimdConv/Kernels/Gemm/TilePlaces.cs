namespace SimdConv.Kernels;

/// <summary>Where the second to the fourth register of a row lie from the first, in B and in C.</summary>
internal struct TilePlaces
{
    public nint B1, B2, B3, C1, C2, C3;
}
