namespace SimdConv.Kernels;

/// <summary>The tiles of <see cref="LaneTile{TVec, T, TOutputs, TTaps}"/>.</summary>
internal static unsafe class LaneKernel<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static int Outputs => TVec.Registers == 32 ? 6 : 3;

    public static int Taps => TVec.Registers == 32 ? 4 : 3;

    public static void Run(int outputs, int taps, T* x, int* offsets, nint pitch, T* dy, nint nextOutput, nint nextRow, int rows,
        int width, int step, T* c, nint nextC, nint nextTap)
    {
        switch (outputs)
        {
            case 1: Run<N1>(taps, x, offsets, pitch, dy, nextOutput, nextRow, rows, width, step, c, nextC, nextTap); break;
            case 2: Run<N2>(taps, x, offsets, pitch, dy, nextOutput, nextRow, rows, width, step, c, nextC, nextTap); break;
            case 3: Run<N3>(taps, x, offsets, pitch, dy, nextOutput, nextRow, rows, width, step, c, nextC, nextTap); break;
            case 4: Run<N4>(taps, x, offsets, pitch, dy, nextOutput, nextRow, rows, width, step, c, nextC, nextTap); break;
            case 5: Run<N5>(taps, x, offsets, pitch, dy, nextOutput, nextRow, rows, width, step, c, nextC, nextTap); break;
            case 6: Run<N6>(taps, x, offsets, pitch, dy, nextOutput, nextRow, rows, width, step, c, nextC, nextTap); break;
        }
    }

    private static void Run<TOutputs>(int taps, T* x, int* offsets, nint pitch, T* dy, nint nextOutput, nint nextRow, int rows,
        int width, int step, T* c, nint nextC, nint nextTap)
        where TOutputs : struct, IConstant
    {
        switch (taps)
        {
            case 1:
                LaneTile<TVec, T, TOutputs, N1>.Run(
                    x, offsets, pitch, dy, nextOutput, nextRow, rows, width, step, c, nextC, nextTap);
                break;
            case 2:
                LaneTile<TVec, T, TOutputs, N2>.Run(
                    x, offsets, pitch, dy, nextOutput, nextRow, rows, width, step, c, nextC, nextTap);
                break;
            case 3:
                LaneTile<TVec, T, TOutputs, N3>.Run(
                    x, offsets, pitch, dy, nextOutput, nextRow, rows, width, step, c, nextC, nextTap);
                break;
            case 4:
                LaneTile<TVec, T, TOutputs, N4>.Run(
                    x, offsets, pitch, dy, nextOutput, nextRow, rows, width, step, c, nextC, nextTap);
                break;
        }
    }
}
