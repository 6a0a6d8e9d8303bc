using System.Numerics;
using System.Runtime.CompilerServices;
using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>Rows of the planes of dY: element (output, row, i) is at Data + output*NextOutput + row*NextRow + i.</summary>
internal unsafe struct PlaneRows<T>
    where T : unmanaged
{
    public T* Data;
    public nint NextOutput, NextRow;
    public int Rows, Width;
}

/// <summary>
/// The weight gradient with neighbouring positions in lanes, for few output channels: column q of a row belongs to virtual lane
/// q mod 16 in every tier, whether a register holds all lanes or one. Sums are [output][tap][lane].
/// </summary>
internal static unsafe class LaneSums<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Lanes = FilterSchedule.MostLanes;

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

    /// <summary>dY in place where its pixels are neighbours, else a copy.</summary>
    public static PlaneRows<T> Rows(T* dy, ImageLayout layout, int outputs, int rows, int width, T* copy)
    {
        if (layout.W == 1)
            return new() { Data = dy, NextOutput = layout.C, NextRow = layout.H, Rows = rows, Width = width };
        for (int k = 0; k < outputs; k++)
        {
            for (int i = 0; i < rows; i++)
                RowCopy<TVec, T>.Gather(dy + (k * layout.C) + (i * layout.H), layout.W, copy + ((((nint)k * rows) + i) * width), width);
        }

        return new() { Data = copy, NextOutput = (nint)rows * width, NextRow = width, Rows = rows, Width = width };
    }

    public static void Add(PlaneRows<T> dy, int outputs, T* strip, int* offsets, int taps, int pitch, T* lanes)
    {
        Panels outputPanels = new(outputs, LaneKernel<TVec, T>.Outputs), tapPanels = new(taps, LaneKernel<TVec, T>.Taps);
        for (int lane = 0; lane < Math.Min(Lanes, dy.Width); lane += TVec.Count)
        {
            for (int i = 0; i < outputPanels.Count; i++)
            {
                int k = outputPanels.Start(i);
                for (int j = 0; j < tapPanels.Count; j++)
                {
                    int tap = tapPanels.Start(j);
                    LaneKernel<TVec, T>.Run(outputPanels.Rows(i), tapPanels.Rows(j), strip + lane, offsets + tap, pitch,
                        dy.Data + (k * dy.NextOutput) + lane, dy.NextOutput, dy.NextRow, dy.Rows, dy.Width - lane, Lanes,
                        lanes + ((((nint)k * taps) + tap) * Lanes) + lane, (nint)taps * Lanes, Lanes);
                }
            }
        }
    }

    public static void AddBias(PlaneRows<T> dy, int outputs, T* lanes)
    {
        for (int lane = 0; lane < Math.Min(Lanes, dy.Width); lane += TVec.Count)
        {
            // Four chains, since one would wait for itself; the last of them may be the same.
            for (int k = 0; k < outputs; k += 4)
            {
                int k1 = Math.Min(k + 1, outputs - 1), k2 = Math.Min(k + 2, outputs - 1), k3 = Math.Min(k + 3, outputs - 1);
                TVec sum0 = Sum(lanes, k, lane), sum1 = Sum(lanes, k1, lane), sum2 = Sum(lanes, k2, lane), sum3 = Sum(lanes, k3, lane);
                for (int i = 0; i < dy.Rows; i++)
                {
                    T* row = dy.Data + (i * dy.NextRow);
                    for (int j = lane; j < dy.Width; j += Lanes)
                    {
                        int count = dy.Width - j;
                        sum0 = TVec.Add(sum0, RowCopy<TVec, T>.LoadUpTo(row + (k * dy.NextOutput) + j, count));
                        sum1 = TVec.Add(sum1, RowCopy<TVec, T>.LoadUpTo(row + (k1 * dy.NextOutput) + j, count));
                        sum2 = TVec.Add(sum2, RowCopy<TVec, T>.LoadUpTo(row + (k2 * dy.NextOutput) + j, count));
                        sum3 = TVec.Add(sum3, RowCopy<TVec, T>.LoadUpTo(row + (k3 * dy.NextOutput) + j, count));
                    }
                }

                TVec.Store(lanes + ((nint)k * Lanes) + lane, sum0);
                TVec.Store(lanes + ((nint)k1 * Lanes) + lane, sum1);
                TVec.Store(lanes + ((nint)k2 * Lanes) + lane, sum2);
                TVec.Store(lanes + ((nint)k3 * Lanes) + lane, sum3);
            }
        }

        static TVec Sum(T* lanes, int k, int lane) => TVec.Load(lanes + ((nint)k * Lanes) + lane);
    }

    /// <summary>Adds lanes l and l + 8, then l and l + 4, and so on, to the sums [tap][output].</summary>
    [SkipLocalsInit]
    public static void End(T* lanes, int taps, int outputs, int ld, T* sums)
    {
        T* turned = stackalloc T[Lanes * Lanes];
        for (int k = 0; k < outputs; k++)
        {
            for (int tap = 0; tap < taps; tap += Lanes)
            {
                // Sixteen sums at a time, a row of them for each lane.
                int count = Math.Min(Lanes, taps - tap);
                TransposePacking<TVec, T>.Transpose(lanes, Lanes, count, Lanes, turned, Lanes, Lanes);
                for (int half = Lanes / 2; half > 0; half /= 2)
                {
                    for (int i = 0; i < half * Lanes; i += TVec.Count)
                        TVec.Store(turned + i, TVec.Add(TVec.Load(turned + i), TVec.Load(turned + i + (half * Lanes))));
                }

                for (int i = 0; i < count; i++)
                    sums[((nint)(tap + i) * ld) + k] = turned[i];
                lanes += (nint)count * Lanes;
            }
        }
    }
}
