using SimdConv.Core;
using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>
/// 3x3 convolution of stride 1 by Winograd's F(MxM, 3x3): (M + 2)^2 matrix products of the transformed filter with transformed
/// tiles, in place of the 9 M^2 products of each channel that M^2 outputs otherwise take.
/// <code>
/// item: block of tiles of the whole batch, group, range of filter panels     shared out between threads
///   V[C x tiles] of each matrix                 transformed tiles of the image, in L2
///     block of filter panels
///       matrix, ir: filter panel, jr: NR tiles  M[rows x tiles] = U * V by the tiles of GEMM
///       rows of the block                       transformed back, then to the target with bias and activation
/// </code>
/// The operations on an element depend on its place in the image alone.
/// </summary>
internal sealed unsafe partial class WinogradLoops<TVec, T, TTile>(Conv2DShape shape, WinogradSchedule schedule, bool isForward)
    : ConvPass<T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TTile : struct, IWinograd
{
    private static int Outputs => TTile.Outputs;

    private static int ZeroCount => 2 * TVec.Count;

    public override long FilterSize => schedule.FilterSize * shape.Groups;

    public override void Run(in ConvProblem<T> problem, Execution execution)
    {
        Split split = new(schedule, problem.Batch, problem.Groups, execution.Threads);
        Job job = new() { Pass = this, Problem = ref problem, Split = split };
        WorkQueue.Run(ref job, split.Items, split.Parts, execution);
    }

    public override long WorkspaceBytes(int batch, int threads)
    {
        if (batch == 0)
            return 0;
        Split split = new(schedule, batch, shape.Groups, threads);
        return split.Parts == 0 ? 0 : new Scratch(schedule, split.Blocks.Rows(0) * TVec.Count).Plan.Bytes * split.Parts;
    }

    /// <summary>How a call is cut in items, and how many threads share them.</summary>
    private readonly struct Split
    {
        public readonly Panels Blocks;
        public readonly int Shares, Parts;
        public readonly long Items;

        public Split(WinogradSchedule schedule, int batch, int groups, int threads)
        {
            long tiles = (long)batch * schedule.TilesHigh * schedule.TilesWide;
            // A batch that memory holds has fewer; WorkspaceBytes is asked about others too.
            int vectors = (int)Math.Min(int.MaxValue, (tiles + TVec.Count - 1) / TVec.Count),
                blocks = new Panels(vectors, schedule.BlockVectors).Count;
            threads = (double)tiles * groups * schedule.Matrices * schedule.Outputs * schedule.Channels <= WorkQueue.SerialLimit
                ? 1 : (int)Math.Min(threads, (long)vectors * groups * schedule.Shareable);

            // Few blocks: as many as threads, or, if registers don't suffice for that, each shared by filters, which transforms
            // it again.
            if ((long)blocks * groups < 4L * threads)
                blocks = (int)Math.Min(vectors, ((long)blocks + threads - 1) / threads * threads);
            Blocks = new(vectors, blocks == 0 ? 1 : (int)(((long)vectors + blocks - 1) / blocks));
            long units = (long)Blocks.Count * groups;
            Shares = units % threads == 0 || units >= 4L * threads ? 1 : Math.Min(threads, schedule.Shareable);
            Items = units * Shares;
            Parts = (int)Math.Min(threads, Items);
        }
    }

    private ref struct Job : ISharedWork
    {
        public WinogradLoops<TVec, T, TTile> Pass;
        public ref readonly ConvProblem<T> Problem;
        public Split Split;

        public readonly void Run(ref WorkQueue queue) => Pass.RunPart(in Problem, in Split, ref queue);
    }

    /// <summary>What one thread works with, for blocks of so many tiles: see <see cref="Item"/>.</summary>
    private readonly struct Scratch
    {
        public readonly ScratchPlan Plan = default;
        public readonly int BlockPanels;

        /// <summary>Elements from one matrix to the next in V and in M, and all elements of M.</summary>
        public readonly nint NextV, NextM, SizeM;
        public readonly Piece<T> V, M, Grouped, Lines, Tile, Pixels, Transposed, Zeros;

        public Scratch(WinogradSchedule schedule, int lanes)
        {
            int rows = schedule.LanesAreOutputs ? TVec.Count : schedule.Panels.Rows(0);
            BlockPanels = schedule.LanesAreOutputs ? 1 : Math.Min(schedule.BlockPanels(lanes), schedule.Panels.Count);
            NextV = schedule.Next(schedule.Channels, lanes);
            NextM = schedule.Next(BlockPanels * rows, lanes);
            SizeM = NextM * schedule.Matrices;
            long pixels = (long)rows * Outputs * Outputs * lanes;
            V = Plan.Add<T>(NextV * schedule.Matrices);
            M = Plan.Add<T>(SizeM);
            Grouped = Plan.Add<T>(schedule.LanesAreOutputs ? (long)schedule.Matrices * schedule.Channels * lanes : 0);
            Lines = Plan.Add<T>((long)WinogradPacking<TVec, T, TTile>.Pitch(lanes) * (Outputs + 2));
            Tile = Plan.Add<T>(Outputs * (Outputs + 2) * TVec.Count);
            Pixels = Plan.Add<T>(pixels);
            Transposed = Plan.Add<T>(schedule.LanesAreOutputs ? pixels : 0);
            Zeros = Plan.Add<T>(ZeroCount);
        }
    }

    private void RunPart(in ConvProblem<T> problem, in Split split, ref WorkQueue queue)
    {
        // That of the largest block: of a smaller one, more panels might seem to fit than there is memory for.
        Scratch scratch = new(schedule, split.Blocks.Rows(0) * TVec.Count);
        using Workspace workspace = new(scratch.Plan);
        Item item = new()
        {
            Problem = ref problem,
            BlockPanels = scratch.BlockPanels,
            NextV = scratch.NextV,
            NextM = scratch.NextM,
            SizeM = scratch.SizeM,
            V = workspace.At(scratch.V),
            M = workspace.At(scratch.M),
            Grouped = workspace.At(scratch.Grouped),
            Lines = workspace.At(scratch.Lines),
            Scratch = workspace.At(scratch.Tile),
            Pixels = workspace.At(scratch.Pixels),
            Transposed = workspace.At(scratch.Transposed),
            Zeros = workspace.At(scratch.Zeros),
        };
        new Span<T>(item.Zeros, ZeroCount).Clear();
        while (queue.Next(out long index))
            RunItem(ref item, in split, index);
    }

    /// <summary>A block of tiles of one group in work.</summary>
    private ref struct Item
    {
        public ref readonly ConvProblem<T> Problem;
        public int Group, BlockPanels;
        public nint NextV, NextM, SizeM;

        /// <summary>Tiles [First, End) of the batch, in so many lanes.</summary>
        public long First, End;
        public int Lanes;

        /// <summary>
        /// The workspace; <see cref="Pixels"/> holds, for each row of a panel, the rows of pixels of all tiles,
        /// <see cref="Transposed"/> as much.
        /// </summary>
        public T* V, M, Grouped, Lines, Scratch, Pixels, Transposed, Zeros;
    }

    private void RunItem(scoped ref Item item, in Split split, long index)
    {
        int share = (int)(index % split.Shares), block = (int)(index / split.Shares / item.Problem.Groups);
        if (CallTrace.IsOn)
            Trace(share, block);
        item.Group = (int)(index / split.Shares % item.Problem.Groups);
        item.Lanes = split.Blocks.Rows(block) * TVec.Count;
        item.First = (long)split.Blocks.Start(block) * TVec.Count;
        item.End = Math.Min(item.First + item.Lanes, (long)item.Problem.Batch * schedule.TilesHigh * schedule.TilesWide);
        Transform(in item);
        if (schedule.LanesAreOutputs)
        {
            RunLanes(in item, share, split.Shares);
            return;
        }

        int lastPanel = schedule.Shareable * (share + 1) / split.Shares;
        for (int panel = schedule.Shareable * share / split.Shares; panel < lastPanel; panel += item.BlockPanels)
        {
            int panels = Math.Min(item.BlockPanels, lastPanel - panel);
            if (CallTrace.IsOn)
                CallTrace.Reach("panels", panel);
            for (int e = 0; e < schedule.Matrices; e++)
                Multiply(in item, e, panel, panels);
            for (int i = panel; i < panel + panels; i++)
                Store(in item, i, item.M + ((nint)(schedule.Panels.Start(i) - schedule.Panels.Start(panel)) * item.Lanes));
        }
    }

    private static void Trace(int share, int block)
    {
        CallTrace.Reach("share", share);
        CallTrace.Reach("block", block);
    }

    private TileRun Run(in Item item, int at) =>
        TileRun.From(item.First + at, schedule.TilesHigh, schedule.TilesWide, at, (int)(item.End - item.First - at));

    /// <summary>V: all channels of the tiles of the block.</summary>
    private void Transform(in Item item)
    {
        ImageLayout layout = item.Problem.SourceLayout;
        for (int at = 0, fill; item.First + at < item.End; at += fill)
        {
            TileRun run = Run(in item, at);
            fill = item.First + at + run.Count < item.End ? run.Count : item.Lanes - at;
            T* source = item.Problem.Source + (run.Image * layout.N) + ((nint)item.Group * schedule.Channels * layout.C);
            WinogradPacking<TVec, T, TTile>.Input(run, fill, schedule.Grid, source, layout, schedule.Channels, item.Lines, item.V,
                item.Lanes, item.NextV);
        }
    }

    /// <summary>M = U * V of one matrix: some filter panels with all tiles of the block.</summary>
    private void Multiply(in Item item, int e, int panel, int panels)
    {
        int w = TVec.Count, lanes = item.Lanes, kc = schedule.Channels;
        T* filter = item.Problem.Filter + (item.Group * schedule.FilterSize) + ((nint)e * schedule.Outputs * kc),
            v = item.V + (e * item.NextV);
        T* m = item.M + (e * item.NextM);
        StridedB way = new(lanes);
        for (int i = panel; i < panel + panels; i++)
        {
            int start = schedule.Panels.Start(i), rows = schedule.Panels.Rows(i), j = 0;
            T* a = filter + ((nint)start * kc), c = m + ((nint)(start - schedule.Panels.Start(panel)) * lanes);
            for (; j + (2 * w) <= lanes; j += 2 * w)
                GemmKernel<TVec, T, N2>.Run(rows, kc, a, v + j, item.Zeros, 0, c + j, lanes, &way);
            if (j < lanes)
                GemmKernel<TVec, T, N1>.Run(rows, kc, a, v + j, item.Zeros, 0, c + j, lanes, &way);
        }
    }

    /// <summary>The rows of one panel back to pixels, and these to the target.</summary>
    private void Store(in Item item, int panel, T* m)
    {
        int start = schedule.Panels.Start(panel), rows = schedule.Panels.Rows(panel), size = Outputs * Outputs * item.Lanes;
        for (int i = 0; i < rows; i++)
        {
            TVec bias = TVec.Broadcast(item.Problem.Bias == null ? T.Zero
                : item.Problem.Bias[(item.Group * schedule.Outputs) + start + i]);
            T* row = m + ((nint)i * item.Lanes);
            WinogradPacking<TVec, T, TTile>.Output(row, item.NextM, item.Lanes, bias, interleave: true, item.Scratch,
                item.Pixels + ((nint)i * size));
        }

        Move(in item, start, rows);
    }

    /// <summary>Pixels to the target, beta times what it holds added.</summary>
    private void Move(in Item item, int start, int rows)
    {
        T beta = item.Problem.Beta;
        TapGrid grid = schedule.Grid;
        ImageLayout layout = item.Problem.TargetLayout;
        int row = Outputs * item.Lanes, ld = Outputs * row;
        for (int at = 0, count; item.First + at < item.End; at += count)
        {
            TileRun run = Run(in item, at);
            count = run.Count;
            nint image = (run.Image * layout.N) + ((nint)item.Group * schedule.Outputs * layout.C);
            TargetWindow<TVec, T> window = new(grid, layout, item.Problem.Target, image, item.Problem.Finish, 0, grid.Height);
            int h = run.Row * Outputs, w = run.Column * Outputs, width = Math.Min(count * Outputs, grid.Width - w);
            T* pixels = item.Pixels + (at * Outputs);
            for (int last = Math.Min(h + Outputs, grid.Height); h < last; h++, pixels += row)
            {
                int position = (h * grid.Width) + w;
                if (beta != T.Zero)
                    window.Add(start, rows, position, width, grid.Width, pixels, ld, beta);
                window.Store(start, rows, position, width, grid.Width, pixels, ld, isLast: true);
            }
        }
    }

    /// <summary>
    /// U = G g G^T of each filter and channel, in double and rounded once: for each group and matrix, panels as GEMM's. Or, where
    /// output channels are the lanes, the filter's taps.
    /// </summary>
    public override void Pack(T* weights, T* panels, Execution execution)
    {
        TapGrid grid = schedule.Grid;
        nint rowStride = isForward ? 9 * schedule.Channels : 9, channelStride = isForward ? 9 : 9 * schedule.Outputs;
        double* taps = stackalloc double[9];
        for (int group = 0; group < shape.Groups; group++, weights += (nint)9 * schedule.Outputs * schedule.Channels,
            panels += schedule.FilterSize)
        {
            if (schedule.LanesAreOutputs)
                new Span<T>(panels, (int)schedule.FilterSize).Clear();
            for (int k = 0, panel = 0; k < schedule.Outputs; k++)
            {
                panel += k == schedule.Panels.Start(panel) + schedule.Panels.Rows(panel) ? 1 : 0;
                for (int c = 0; c < schedule.Channels; c++)
                {
                    T* g = weights + (k * rowStride) + (c * channelStride);
                    for (int i = 0; i < 9; i++)
                        taps[i] = double.CreateTruncating(g[(grid.Rows[i / 3].Kernel * 3) + grid.Columns[i % 3].Kernel]);
                    if (schedule.LanesAreOutputs)
                        PackTaps(taps, k, c, panels);
                    else
                        PackPanels(taps, panel, k, c, panels);
                }
            }
        }
    }

    private void PackPanels(double* taps, int panel, int k, int c, T* panels)
    {
        int n = Outputs + 2, start = schedule.Panels.Start(panel);
        T* u = panels + ((nint)start * schedule.Channels) + ((nint)c * schedule.Panels.Rows(panel)) + (k - start);
        double* row = stackalloc double[3];
        for (int r = 0; r < n; r++)
        {
            for (int s = 0; s < 3; s++)
                row[s] = TTile.Filter(r, taps[s], taps[3 + s], taps[6 + s]);
            for (int s = 0; s < n; s++, u += (nint)schedule.Outputs * schedule.Channels)
                *u = T.CreateTruncating(TTile.Filter(s, row[0], row[1], row[2]));
        }
    }

    public override string ToString() => schedule.ToString();
}
