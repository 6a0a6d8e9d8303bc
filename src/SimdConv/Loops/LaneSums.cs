using System.Numerics;
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
        for (int k = 0; k < outputs; k++)
        {
            for (int lane = 0; lane < Math.Min(Lanes, dy.Width); lane += TVec.Count)
            {
                T* to = lanes + ((nint)k * Lanes) + lane;
                TVec sum = TVec.Load(to);
                for (int i = 0; i < dy.Rows; i++)
                {
                    T* row = dy.Data + (k * dy.NextOutput) + (i * dy.NextRow);
                    for (int j = lane; j < dy.Width; j += Lanes)
                        sum = TVec.Add(sum, RowCopy<TVec, T>.LoadUpTo(row + j, dy.Width - j));
                }

                TVec.Store(to, sum);
            }
        }
    }

    /// <summary>Adds lanes l and l + 8, then l and l + 4, and so on, to the sums [tap][output].</summary>
    public static void End(T* lanes, int taps, int outputs, int ld, T* sums)
    {
        for (int k = 0; k < outputs; k++)
        {
            for (int tap = 0; tap < taps; tap++, lanes += Lanes)
            {
                for (int half = Lanes / 2; half > 0; half /= 2)
                {
                    for (int lane = 0; lane < half; lane++)
                        lanes[lane] += lanes[lane + half];
                }

                sums[((nint)tap * ld) + k] = lanes[0];
            }
        }
    }
}
