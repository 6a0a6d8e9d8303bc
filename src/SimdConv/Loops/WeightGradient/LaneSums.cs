using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>
/// The weight gradient with neighbouring positions in lanes, for few output channels: column q of a row belongs to virtual lane
/// q mod 16 in every tier, whether a register holds all lanes or one. Sums are [output][tap][lane].
/// </summary>
internal static unsafe class LaneSums<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Lanes = WeightGradientSchedule.MostLanes;

    /// <summary>Lane 0 starts from the sums [tap][output], the others from zero.</summary>
    public static void Begin(T* sums, int taps, int outputs, int ld, T* lanes)
    {
        new Span<T>(lanes, outputs * taps * Lanes).Clear();
        for (int k = 0; k < outputs; k++)
        {
            for (int tap = 0; tap < taps; tap++)
                lanes[(((nint)k * taps) + tap) * Lanes] = sums[((nint)tap * ld) + k];
        }
    }

    /// <summary>
    /// Copies rows of dY with zeros behind them up to whole registers, which tiles then read aligned and without a mask, and adds
    /// them to the lanes of the bias on the way, block by block: that is free, whether somebody wants the sums or not.
    /// </summary>
    public static PlaneRows<T> Rows(T* dy, ImageLayout layout, int outputs, int rows, int width, T* copy, T* biasLanes,
        ref BiasTree<T> bias)
    {
        nint pitch = Pitch(width);
        PlaneRows<T> source = new() { Data = dy, NextOutput = layout.C, NextRow = layout.H, Rows = rows, Width = width };
        PlaneRows<T> target = new() { Data = copy, NextOutput = rows * pitch, NextRow = pitch, Rows = rows, Width = width };
        if (layout.W != 1)
        {
            for (int k = 0; k < outputs; k++)
            {
                for (int i = 0; i < rows; i++)
                    RowCopy<TVec, T>.Gather(dy + (k * layout.C) + (i * layout.H), layout.W,
                        copy + (k * target.NextOutput) + (i * pitch), width);
            }

            source = target;
        }

        int steps = BiasTree<T>.Steps(width, Lanes);
        for (long step = 0, count; step < (long)rows * steps; step += count)
        {
            if (bias.Left == 0)
                bias.Push(biasLanes, outputs, Lanes, Lanes);

            // Whole rows as far as the block has room for them, else a part of one.
            int row = (int)(step / steps), column = (int)(step % steps);
            bool isWhole = column == 0 && bias.Left >= steps;
            count = isWhole ? Math.Min(rows - row, bias.Left / steps) * steps : Math.Min(steps - column, bias.Left);
            bias.Take(count);
            Copy(Part(in source), Part(in target), outputs, biasLanes);

            PlaneRows<T> Part(in PlaneRows<T> all) => all with
            {
                Data = all.Data + (row * all.NextRow) + ((nint)column * Lanes),
                Rows = isWhole ? (int)(count / steps) : 1,
                Width = (int)Math.Min(width - ((long)column * Lanes), isWhole ? width : count * Lanes),
            };
        }

        return target;
    }

    private static void Copy(in PlaneRows<T> source, in PlaneRows<T> target, int outputs, T* biasLanes)
    {
        // Two chains at once, since one would wait for itself; the last of them may be the same.
        for (int k = 0; k < outputs; k += 2)
        {
            for (int lane = 0; lane < Math.Min(Lanes, source.Width); lane += TVec.Count)
                CopyPair(in source, in target, k, Math.Min(k + 1, outputs - 1), lane, biasLanes + lane);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CopyPair(in PlaneRows<T> source, in PlaneRows<T> target, nint k0, nint k1, int lane, T* sums)
    {
        T* from0 = source.Data + (k0 * source.NextOutput), from1 = source.Data + (k1 * source.NextOutput);
        T* to0 = target.Data + (k0 * target.NextOutput), to1 = target.Data + (k1 * target.NextOutput);
        nint nextFrom = source.NextRow, nextTo = target.NextRow, width = source.Width;
        TVec sum0 = TVec.Load(sums + (k0 * Lanes)), sum1 = TVec.Load(sums + (k1 * Lanes));
        for (int rows = source.Rows; rows > 0; rows--)
        {
            for (nint j = lane; j < width; j += Lanes)
            {
                TVec y0, y1;
                if (width - j >= TVec.Count)
                {
                    y0 = TVec.Load(from0 + j);
                    y1 = TVec.Load(from1 + j);
                }
                else
                {
                    y0 = TVec.LoadPartial(from0 + j, (int)(width - j));
                    y1 = TVec.LoadPartial(from1 + j, (int)(width - j));
                }

                TVec.Store(to0 + j, y0);
                TVec.Store(to1 + j, y1);
                sum0 = TVec.Add(sum0, y0);
                sum1 = TVec.Add(sum1, y1);
            }

            from0 += nextFrom;
            from1 += nextFrom;
            to0 += nextTo;
            to1 += nextTo;
        }

        TVec.Store(sums + (k0 * Lanes), sum0);
        TVec.Store(sums + (k1 * Lanes), sum1);
    }

    /// <summary>From one row of the copy to the next.</summary>
    public static int Pitch(int width) => Shapes.RoundUp(width, Lanes);

    public static void Add(PlaneRows<T> dy, int outputs, T* strip, int* offsets, int taps, nint pitch, T* lanes)
    {
        Panels outputPanels = new(outputs, LaneKernel<TVec, T>.Outputs), tapPanels = new(taps, LaneKernel<TVec, T>.Taps);
        LaneOperands<T> operands = new()
        {
            Pitch = pitch,
            NextOutput = dy.NextOutput,
            NextRow = dy.NextRow,
            Rows = dy.Rows,
            Step = Lanes,
            NextC = (nint)taps * Lanes,
            NextTap = Lanes,
        };
        for (int lane = 0; lane < Math.Min(Lanes, dy.Width); lane += TVec.Count)
        {
            operands.X = strip + lane;
            operands.Width = dy.Width - lane;
            for (int i = 0; i < outputPanels.Count; i++)
            {
                int k = outputPanels.Start(i);
                operands.Dy = dy.Data + (k * dy.NextOutput) + lane;
                for (int j = 0; j < tapPanels.Count; j++)
                {
                    int tap = tapPanels.Start(j);
                    operands.Offsets = offsets + tap;
                    operands.C = lanes + ((((nint)k * taps) + tap) * Lanes) + lane;
                    LaneKernel<TVec, T>.Run(outputPanels.Rows(i), tapPanels.Rows(j), operands);
                }
            }
        }
    }

    /// <summary>Adds lanes l and l + 8, then l and l + 4, and so on, to the sums [tap][output].</summary>
    [SkipLocalsInit]
    public static void End(T* lanes, int taps, int outputs, int ld, T* sums)
    {
        T* transposed = stackalloc T[Lanes * Lanes];
        for (int k = 0; k < outputs; k++)
        {
            for (int tap = 0; tap < taps; tap += Lanes)
            {
                // Sixteen sums at a time, a row of them for each lane.
                int count = Math.Min(Lanes, taps - tap);
                TransposePacking<TVec, T>.Transpose(lanes, Lanes, count, Lanes, transposed, Lanes, Lanes);
                for (int half = Lanes / 2; half > 0; half /= 2)
                {
                    for (int i = 0; i < half * Lanes; i += TVec.Count)
                        TVec.Store(transposed + i, TVec.Add(TVec.Load(transposed + i),
                            TVec.Load(transposed + i + (half * Lanes))));
                }

                for (int i = 0; i < count; i++)
                    sums[((nint)(tap + i) * ld) + k] = transposed[i];
                lanes += (nint)count * Lanes;
            }
        }
    }
}
