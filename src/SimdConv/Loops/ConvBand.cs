using SimdConv.Packing;

namespace SimdConv.Loops;

/// <content>The bands of a schedule, and the slices of a band.</content>
internal sealed partial class ConvSchedule
{
    /// <summary>Rows [First, Last) of a band: they see <paramref name="Taps"/> of its taps in a channel, from <paramref name="FirstTerm"/> on.</summary>
    public readonly record struct Slice(int First, int Last, int FirstTerm, int Taps);

    /// <summary>Rows [First, Last) of the grid with the rows of taps that they see, and the weights packed for these.</summary>
    public sealed class Band
    {
        private readonly ConvSchedule schedule;

        public Band(ConvSchedule schedule, TapGrid.RowRun rows)
        {
            this.schedule = schedule;
            (First, Last, FirstTap, LastTap) = rows;
            Taps = (LastTap - FirstTap) * schedule.Grid.Columns.Length;
        }

        /// <summary>With output channels in lanes, the rows of each run that sees the same rows of taps: they share the band's weights.</summary>
        public Slice[] Slices => field ??= MakeSlices();

        private Slice[] MakeSlices()
        {
            if (schedule.Lanes != ConvLanes.Outputs || schedule.Tile.Slides > 0)
                return [new(First, Last, 0, Taps)];
            int width = schedule.Grid.Columns.Length;
            return [.. from slice in schedule.Grid.Slices
                       where slice.First >= First && slice.Last <= Last
                       select new Slice(slice.First, slice.Last, (slice.FirstTap - FirstTap) * width, (slice.LastTap - slice.FirstTap) * width)];
        }

        /// <summary>The first of <see cref="Slices"/> that ends behind a row.</summary>
        public int FirstSlice(int row)
        {
            int low = 0, high = Slices.Length;
            while (low < high)
            {
                int middle = (low + high) / 2;
                if (Slices[middle].Last <= row)
                    low = middle + 1;
                else
                    high = middle;
            }

            return low;
        }

        public int First { get; }

        public int Last { get; }

        public int FirstTap { get; }

        public int LastTap { get; }

        /// <summary>Taps of one channel.</summary>
        public int Taps { get; }

        /// <summary>The offset in the strip of each term (c, r, s) of a block, made when first asked for.</summary>
        public int[] Offsets => field ??= MakeOffsets();

        private int[] MakeOffsets()
        {
            int[] all = schedule.Layout.Offsets;
            int taps = schedule.Grid.Taps, first = FirstTap * schedule.Grid.Columns.Length;
            if (Taps == taps)
                return all;
            int[] offsets = new int[Taps * schedule.ChannelBlock];
            for (int c = 0; c < schedule.ChannelBlock; c++)
                Array.Copy(all, (c * taps) + first, offsets, c * Taps, Taps);
            return offsets;
        }

        /// <summary>With rows in lanes, pairs for the tiles that see some columns of taps: the offset of each term, and its number.</summary>
        public int[] Chosen { get; private set; } = [];

        /// <summary>Where those of each of <see cref="Windows"/> begin, and how many terms there are.</summary>
        public (int Start, int Terms)[] Choices { get; private set; } = [];

        public void Choose(List<(int First, int Last)> windows)
        {
            if (windows.Count < 2)
                return;
            int width = schedule.Grid.Columns.Length;
            List<int> chosen = [];
            List<(int, int)> choices = [(0, Offsets.Length)];
            foreach ((int first, int last) in windows.Skip(1))
            {
                choices.Add((chosen.Count, Offsets.Length / width * (last - first)));
                for (int k = first; k < Offsets.Length; k += width)
                {
                    for (int column = 0; column < last - first; column++)
                        chosen.AddRange([Offsets[k + column], k + column]);
                }
            }

            (Chosen, Choices) = ([.. chosen], [.. choices]);
        }

        /// <summary>Elements of the packed panels of one group.</summary>
        public long FilterSize => (long)schedule.PackedOutputs * schedule.Channels * Taps;

        /// <summary>Where they begin among those of the group.</summary>
        public long FilterStart { get; set; }

        /// <summary>Where the panel of a block begins among those of the group.</summary>
        public long FilterOffset(int block, int panel)
        {
            int first = block * schedule.ChannelBlock, count = Math.Min(schedule.ChannelBlock, schedule.Channels - first);
            return FilterStart + ((long)schedule.PackedOutputs * first * Taps) + ((long)schedule.Panels.Start(panel) * count * Taps);
        }
    }
}
