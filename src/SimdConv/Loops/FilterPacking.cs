using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>
/// Lays weights out as panels of the broadcast operand: for each grid, group and block of channels, panels of filter rows, in each the
/// rows of one term k = (c, r, s) behind each other.
/// </summary>
internal static unsafe class FilterPacking
{
    /// <summary>Elements of the packed weights of all grids.</summary>
    public static long Size(ConvSchedule[] schedules, Conv2DShape shape)
    {
        long size = 0;
        foreach (ConvSchedule schedule in schedules)
            size += schedule.FilterSize * shape.Groups;
        return size;
    }

    /// <summary>Rows are output channels, terms run over input channels.</summary>
    public static void Forward<T>(ConvSchedule[] schedules, Conv2DShape shape, T* weights, T* panels)
        where T : unmanaged
    {
        nint kernel = (nint)shape.R * shape.S;
        Pack(schedules, shape, weights, shape.C / shape.Groups * kernel, kernel, panels);
    }

    /// <summary>Rows are input channels, terms run over output channels.</summary>
    public static void InputGradient<T>(ConvSchedule[] schedules, Conv2DShape shape, T* weights, T* panels)
        where T : unmanaged
    {
        nint kernel = (nint)shape.R * shape.S;
        Pack(schedules, shape, weights, kernel, shape.C / shape.Groups * kernel, panels);
    }

    private static void Pack<T>(ConvSchedule[] schedules, Conv2DShape shape, T* weights, nint rowStride, nint channelStride, T* panels)
        where T : unmanaged
    {
        nint groupStride = (nint)shape.WeightCount / shape.Groups;
        foreach (ConvSchedule schedule in schedules)
        {
            for (int group = 0; group < shape.Groups; group++)
            {
                T* own = weights + (group * groupStride);
                foreach (ConvSchedule.Band band in schedule.Bands)
                {
                    for (int block = 0; block < schedule.Blocks; block++)
                    {
                        int first = block * schedule.ChannelBlock, last = Math.Min(first + schedule.ChannelBlock, schedule.Channels);
                        for (int panel = 0; panel < schedule.Panels.Count; panel++)
                        {
                            T* row = own + (schedule.Panels.Start(panel) * rowStride);
                            for (int c = first; c < last; c++)
                                panels = PackTaps(schedule.Grid, band, shape.S, row + (c * channelStride), rowStride, schedule.Panels.Rows(panel), panels);
                        }
                    }
                }
            }
        }
    }

    /// <summary>The taps of one channel that a band sees, the rows of each behind each other.</summary>
    private static T* PackTaps<T>(TapGrid grid, ConvSchedule.Band band, int kernelWidth, T* kernel, nint rowStride, int rows, T* panel)
        where T : unmanaged
    {
        for (int r = band.FirstTap; r < band.LastTap; r++)
        {
            foreach ((int s, _) in grid.Columns)
            {
                T* source = kernel + (grid.Rows[r].Kernel * kernelWidth) + s;
                for (int i = 0; i < rows; i++)
                    *panel++ = source[i * rowStride];
            }
        }

        return panel;
    }
}
