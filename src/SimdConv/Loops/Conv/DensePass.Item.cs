using SimdConv.Core;
using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <content>One item: a strip of a grid, with a range of filter panels.</content>
internal sealed unsafe partial class DensePass<TVec, THalf, T, TFlat>
{
    /// <param name="problem">The call.</param>
    /// <param name="place">Which item.</param>
    /// <param name="isSame">Whether this thread's last item was of the same strip.</param>
    /// <param name="workspace">As it was for that item, so that the strip is still there.</param>
    private void RunItem(in ConvProblem<T> problem, in ItemPlace place, bool isSame, Workspace workspace)
    {
        ref readonly GridLoops loops = ref grids[place.Grid];
        ConvStrategy strategy = loops.Strategy;
        TapGrid grid = strategy.Grid;
        long elements = (long)problem.Batch * problem.Groups * strategy.Outputs * grid.Height * grid.Width;
        int image = place.GridUnit / strategy.Strips / problem.Groups * strategy.Together,
            images = Math.Min(strategy.Together, problem.Batch - image);
        ConvItem<TVec, T> item = new()
        {
            Problem = ref problem,
            Group = place.GridUnit / strategy.Strips % problem.Groups,
            FirstPanel = place.FirstPanel,
            LastPanel = place.LastPanel,
            Row = place.GridUnit % strategy.Strips * strategy.Layout.Rows,
            FetchesTarget = elements * sizeof(T) > CacheSizes.L2,
            Sizes = strategy.Sizes,
            Strip = workspace.At(loops.Scratch.Strips),
            Panel = workspace.At(loops.Scratch.Panel),
            Tiles = workspace.At(loops.Scratch.Tiles),
            SpareTiles = workspace.At(loops.Scratch.SpareTiles),
            Start = workspace.At(loops.Scratch.Start),
        };
        item.Rows = Math.Min(strategy.Layout.Rows, grid.Height - item.Row);
        item.Filter = problem.Filter + strategy.FilterStart + (item.Group * strategy.FilterSize);
        SetStart(strategy, item);
        if (CallTrace.IsOn)
            Trace(strategy, item);

        // The last images of a batch, too few to fill the tile together, run one at a time: the same chains.
        item.Together = images == strategy.Together ? images : 1;
        bool isFilled = isSame && strategy.KeepsStrip && item.Together == images;
        nint output = item.Group * strategy.PhaseOutputs.Channels * problem.TargetLayout.C;
        TargetWindow<TVec, T>* targets = stackalloc TargetWindow<TVec, T>[images];
        for (int i = 0; i < images; i++)
            targets[i] = new(grid, problem.TargetLayout, problem.Target, ((image + i) * problem.TargetLayout.N) + output,
                problem.Finish, item.Row, item.Rows);
        for (int i = 0; i < images; i += item.Together)
        {
            item.Targets = targets + i;
            for (int block = 0; block < strategy.Blocks; block++)
            {
                SetBlock(strategy, ref item, block);
                ReadStrip(strategy, ref item, image + i, isFilled);
                foreach (ConvBand band in strategy.Bands)
                {
                    if (CallTrace.IsOn)
                        CallTrace.Reach("band", band.First);
                    (int first, int last) = band.Within(item.Row, item.Rows);
                    if (first < last)
                        loops.BandLoop(strategy, item, band);
                }
            }
        }
    }

    /// <summary>
    /// What chains begin with: once for an output that lies in a lane, a row of the tile for one whose weights are broadcast.
    /// </summary>
    private static void SetStart(ConvStrategy strategy, in ConvItem<TVec, T> item)
    {
        T* bias = item.Problem.Bias == null ? null : item.Problem.Bias + (item.Group * strategy.PhaseOutputs.Channels),
            start = item.Start;
        int first = strategy.Panels.Start(item.FirstPanel), last = strategy.Panels.Start(item.LastPanel), nr = strategy.Tile.NR;
        if (!strategy.PacksRegisters)
        {
            for (int m = first; m < last; m++)
                new Span<T>(start + ((nint)m * nr), nr).Fill(bias == null ? T.Zero : bias[m]);
            return;
        }

        int biases = bias == null ? 0 : Math.Min(last, strategy.Outputs) - first;
        if (strategy.Grid.Phases == 1)
            new Span<T>(bias + first, biases).CopyTo(new Span<T>(start + first, biases));
        for (int m = first; m < first + biases && strategy.Grid.Phases > 1; m++)
            start[m] = bias[strategy.PhaseOutputs.Channel(m)];
        new Span<T>(start + first + biases, last - first - biases).Clear();
    }

    private static void SetBlock(ConvStrategy strategy, ref ConvItem<TVec, T> item, int block)
    {
        if (CallTrace.IsOn)
            CallTrace.Reach("block", block);
        item.Block = block;
        item.Channels = Math.Min(strategy.ChannelBlock, strategy.Channels - (block * strategy.ChannelBlock));
        item.IsLastBlock = block == strategy.Blocks - 1;
        item.Beta = block > 0 ? T.One : item.Problem.Beta;
    }

    /// <summary>Copies the strip of a block of channels from each image, or finds it in the image.</summary>
    private static void ReadStrip(ConvStrategy strategy, ref ConvItem<TVec, T> item, int image, bool isFilled)
    {
        ref readonly ImageLayout layout = ref item.Problem.SourceLayout;
        for (int i = 0; i < item.Together && strategy.Grid.Taps > 0; i++)
        {
            nint channel = ((nint)item.Group * strategy.Channels) + (item.Block * strategy.ChannelBlock);
            T* source = item.Problem.Source + ((image + i) * layout.N) + (channel * layout.C);
            if (strategy.Layout.IsImage)
                item.Strip = source + (item.Row * layout.H);
            else if (!isFilled)
            {
                T* strip = item.Strip + (i * item.Sizes.Strip);
                StripPacking<TVec, T>.Fill(
                    strategy.Layout, source, layout, item.Channels, item.Row, item.Rows, strip, item.Sizes.Slack);
            }
        }
    }

    private static void Trace(ConvStrategy strategy, in ConvItem<TVec, T> item)
    {
        CallTrace.Reach(strategy.Name);
        CallTrace.Reach("strip", item.Row);
        CallTrace.Reach("group", item.Group);
        CallTrace.Reach("panels", item.FirstPanel);
    }
}
