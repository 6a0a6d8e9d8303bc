using SimdConv.Kernels;

namespace SimdConv.Loops;

/// <summary>
/// The weight gradient with output channels in lanes: what the positions of a strip add to the sums, [tap][output channel].
/// </summary>
internal static unsafe class WeightGradientSums<TVec, THalf, T, TVectors>
    where TVec : unmanaged, ILanes<TVec, T>
    where THalf : unmanaged, ILanes<THalf, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TVectors : struct, IConstant
{
    /// <summary>
    /// All taps times all outputs, by registers of outputs and rows of a tile; no single register is left over.
    /// </summary>
    /// <param name="width">Positions of a row.</param>
    /// <param name="pitch">From one row of positions to the next in the strip.</param>
    /// <param name="strip">The strip of x.</param>
    /// <param name="offsets">Of each tap into it.</param>
    /// <param name="taps">How many.</param>
    /// <param name="dy">dY of these positions.</param>
    /// <param name="zeros">Zeros to begin with, or null to go on from the sums.</param>
    /// <param name="sums">The sums, overwritten in whole registers.</param>
    /// <param name="ld">From one tap to the next.</param>
    public static void Add(
        int width, nint pitch, T* strip, int* offsets, int taps, PositionRows<T> dy, T* zeros, T* sums, int ld)
    {
        int registers = Shapes.DivideUp(dy.Outputs, TVec.Count);
        while (registers > 0)
        {
            int vectors = registers == TVectors.Value + 1 ? 2 : Math.Min(registers, TVectors.Value);

            // A register by itself takes a broadcast for each multiply-add; as two halves, which Zen 4 loads twice as fast, it
            // takes one for two.
            if (vectors == 1 && Half<TVec, THalf>.Exists)
                Tiles<THalf, N2>(width, pitch, strip, offsets, taps, in dy, zeros, sums, ld);
            else if (vectors == 1)
                Tiles<TVec, N1>(width, pitch, strip, offsets, taps, in dy, zeros, sums, ld);
            else if (vectors == 2)
                Tiles<TVec, N2>(width, pitch, strip, offsets, taps, in dy, zeros, sums, ld);
            else
                Tiles<TVec, TVectors>(width, pitch, strip, offsets, taps, in dy, zeros, sums, ld);
            registers -= vectors;
            dy.Data += vectors * TVec.Count;
            sums += vectors * TVec.Count;
        }
    }

    /// <summary>Each output's sum over the positions, block by block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddBias(T* dy, nint positions, int ldDY, int outputs, T* sums, ref BiasTree<T> tree)
    {
        for (nint first = 0, count; first < positions; first += count)
        {
            if (tree.Left == 0)
                tree.Push(sums, outputs, 1, 1);
            count = (nint)Math.Min(positions - first, tree.Left);
            tree.Take(count);
            for (int k = 0; k < outputs; k += TVec.Count)
            {
                TVec sum = TVec.Load(sums + k);
                for (nint i = first; i < first + count; i++)
                    sum = TVec.Add(sum, TVec.Load(dy + (i * ldDY) + k));
                TVec.Store(sums + k, sum);
            }
        }
    }

    private static void Tiles<TLanes, TWidth>(
        int width, nint pitch, T* strip, int* offsets, int taps, in PositionRows<T> dy, T* zeros, T* sums, int ld)
        where TLanes : unmanaged, ILanes<TLanes, T>
        where TWidth : struct, IConstant
    {
        bool isOneRow = width == pitch;
        WeightGradientOperands<T> operands = new()
        {
            Strip = strip,
            Height = isOneRow ? 1 : dy.Rows,
            Width = isOneRow ? width * dy.Rows : width,
            Pitch = pitch,
            Dy = dy.Data,
            LdDy = dy.Ld,
            Start = zeros,
            LdStart = zeros == null ? ld : 0,
            Ldc = ld,
        };
        Panels panels = new(taps, WeightGradientKernel<TLanes, T, TWidth>.MR);
        for (int i = 0; i < panels.Count; i++)
        {
            int tap = panels.Start(i);
            operands.Offsets = offsets + tap;
            operands.C = sums + ((nint)tap * ld);
            if (zeros == null)
                operands.Start = operands.C;
            WeightGradientKernel<TLanes, T, TWidth>.Run(panels.Rows(i), operands);
        }
    }
}
