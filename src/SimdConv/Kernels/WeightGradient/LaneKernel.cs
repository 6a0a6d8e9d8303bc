namespace SimdConv.Kernels;

/// <summary>The tiles of <see cref="LaneTile{TVec, T, TOutputs, TTaps}"/>.</summary>
internal static unsafe class LaneKernel<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static int Outputs => TVec.HasManyRegisters ? 6 : 3;

    public static int Taps => TVec.HasManyRegisters ? 4 : 3;

    public static void Run(int outputs, int taps, in LaneOperands<T> operands)
    {
        switch (outputs)
        {
            case 1: Run<N1>(taps, operands); break;
            case 2: Run<N2>(taps, operands); break;
            case 3: Run<N3>(taps, operands); break;
            case 4: Run<N4>(taps, operands); break;
            case 5: Run<N5>(taps, operands); break;
            case 6: Run<N6>(taps, operands); break;
        }
    }

    private static void Run<TOutputs>(int taps, in LaneOperands<T> operands)
        where TOutputs : struct, IConstant
    {
        switch (taps)
        {
            case 1: LaneTile<TVec, T, TOutputs, N1>.Run(operands); break;
            case 2: LaneTile<TVec, T, TOutputs, N2>.Run(operands); break;
            case 3: LaneTile<TVec, T, TOutputs, N3>.Run(operands); break;
            case 4: LaneTile<TVec, T, TOutputs, N4>.Run(operands); break;
        }
    }
}
