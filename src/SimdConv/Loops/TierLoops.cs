using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>The loop nests closed over one tier: the one virtual call between the public API and the kernels.</summary>
internal abstract unsafe class TierLoops<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // Without a barrier: .NET writes a reference behind all fields of its object, and reads these after it, on every CPU. Two
    // threads may make one each, which are equal. A PerTier in its place made a call for 16 elements 4 % slower.
    private static readonly TierLoops<T>?[] Made = new TierLoops<T>?[TierTable.Rows.Length];

    public static TierLoops<T> For(SimdTier tier) => Made[(int)tier] ?? Make(tier);

    public abstract void Gemm(GemmProblem<T>* problem, in Execution execution);

    public abstract void GemmBatched(GemmBatch<T>* batch, in Execution execution);

    /// <summary>The way through a product and its tile, for people.</summary>
    public abstract string Describe(GemmProblem<T>* problem);

    /// <summary>The GEMM tiles of this tier, the wide one first.</summary>
    public abstract KernelInfo[] Kernels { get; }

    /// <summary>Elements of all panels of op(A), m x k, or of op(B), k x n, of which <paramref name="size"/> is m or n.</summary>
    public abstract long PackedSize(GemmSide side, int size, int k);

    /// <summary>Packs all panels of op(A) or op(B).</summary>
    public abstract void Pack(GemmSide side, StridedMatrix<T> matrix, int size, int k, T* packed);

    /// <summary>Adds what these panels depend on beside the elements.</summary>
    public abstract void AddLayout(GemmSide side, int size, int k, List<int> layout);

    public abstract void Elementwise(ElementwiseOperation operation, in ElementwiseOperands<T> operands);

    /// <summary>Copies images between layouts.</summary>
    public abstract void Copy(in CopyProblem<T> problem, in Execution execution);

    /// <summary>Adds the vectors of subtrees as far as their tree goes.</summary>
    public abstract void Add(in ShardTree<T> tree, in Execution execution);

    /// <summary>Whether none of some elements is infinite or NaN.</summary>
    public abstract bool AreFinite(T* data, long count);

    /// <summary>How this tier runs the forward pass or the input gradient, on images that are laid out so.</summary>
    public abstract ConvPass<T> Pass(Conv2DShape shape, ConvAlgorithm algorithm, ConvDirection direction, ImageLayout source,
        ImageLayout target);

    /// <summary>
    /// A pass whose outputs are one chain of multiply-adds each, with the strategy that is chosen for each grid among its
    /// candidates.
    /// </summary>
    public abstract DensePass<T> Dense(
        Conv2DShape shape, ConvDirection direction, TapGrid[] grids, ImageLayout source, ImageLayout target,
            Func<List<ConvStrategy>, ConvStrategy> choose);

    /// <summary>How this tier runs the weight gradient, on images that are laid out so.</summary>
    public abstract WeightGradientPass<T> WeightGradient(
        Conv2DShape shape, ConvAlgorithm algorithm, ImageLayout x, ImageLayout dy);

    /// <summary>
    /// The transform of filters by Winograd's F(outputs, taps): from rows of taps to rows of points, with the elements from one
    /// row to the next and the number of filters.
    /// </summary>
    public abstract delegate*<T*, T*, nint, nint, void> FilterTransform(int outputs, int taps);

    /// <summary>How this tier runs pooling.</summary>
    public abstract PoolPass<T> Pool(PoolSchedule schedule);

    /// <summary>How this tier runs im2col and col2im.</summary>
    public abstract ColumnPass<T> Columns(IndexTable table);

    /// <summary>Those of a tier, made when it is first used; where two threads make them at once, either will do.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static TierLoops<T> Make(SimdTier tier) =>
        Made[(int)tier] = TierTable.Find(tier)!.Use<T, Maker, TierLoops<T>>(new(tier));

    /// <summary>
    /// The one place where the lanes of a tier become loop nests. Its flat tile is 6 x 4 registers of 32, or 4 x 3 of 16.
    /// </summary>
    private readonly struct Maker(SimdTier tier) : ILanesUser<T, TierLoops<T>>
    {
        public TierLoops<T> Use<TVec, THalf>()
            where TVec : unmanaged, ILanes<TVec, T>
            where THalf : unmanaged, ILanes<THalf, T>
        {
            if (TVec.HasManyRegisters)
                return new TierLoops<TVec, THalf, T, N4, N3>(tier);
            return new TierLoops<TVec, THalf, T, N3, N2>(tier);
        }
    }
}

/// <summary>The loop nests of one tier.</summary>
/// <typeparam name="TVec">Its registers.</typeparam>
/// <typeparam name="THalf">Registers of half their width, or the same ones.</typeparam>
/// <typeparam name="T">The element type.</typeparam>
/// <typeparam name="TFlat">Registers of a row of the flat tile; the wide one has two.</typeparam>
/// <typeparam name="TSums">The most registers of a row of the weight gradient's tiles.</typeparam>
internal sealed unsafe class TierLoops<TVec, THalf, T, TFlat, TSums>(SimdTier tier) : TierLoops<T>
    where TVec : unmanaged, ILanes<TVec, T>
    where THalf : unmanaged, ILanes<THalf, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TFlat : struct, IConstant
    where TSums : struct, IConstant
{
    public override void Gemm(GemmProblem<T>* problem, in Execution execution)
    {
        // A packed B doesn't know M: its panels are those of the wide tile.
        if (problem->PackedB == null && IsFlat(problem->M))
            GemmLoops<TVec, THalf, T, GemmKernel<TVec, T, TFlat>>.Run(problem, execution);
        else
            GemmLoops<TVec, THalf, T, GemmKernel<TVec, T, N2>>.Run(problem, execution);
    }

    public override void GemmBatched(GemmBatch<T>* batch, in Execution execution)
    {
        if (batch->First.PackedB == null && IsFlat(batch->First.M))
            BatchLoops<TVec, THalf, T, GemmKernel<TVec, T, TFlat>>.Run(batch, execution);
        else
            BatchLoops<TVec, THalf, T, GemmKernel<TVec, T, N2>>.Run(batch, execution);
    }

    public override string Describe(GemmProblem<T>* problem) => problem->PackedB == null && IsFlat(problem->M)
        ? GemmLoops<TVec, THalf, T, GemmKernel<TVec, T, TFlat>>.Describe(problem)
        : GemmLoops<TVec, THalf, T, GemmKernel<TVec, T, N2>>.Describe(problem);

    public override KernelInfo[] Kernels =>
        [PackedLoops<TVec, THalf, T, GemmKernel<TVec, T, N2>>.Info(tier), PackedLoops<TVec, THalf, T,
            GemmKernel<TVec, T, TFlat>>.Info(tier)];

    public override long PackedSize(GemmSide side, int size, int k) => checked((long)k * (side == GemmSide.A
        ? size
        : PackedLoops<TVec, THalf, T, GemmKernel<TVec, T, N2>>.PackedColumns(size)));

    public override void Pack(GemmSide side, StridedMatrix<T> matrix, int size, int k, T* packed)
    {
        if (side == GemmSide.B)
            PackedLoops<TVec, THalf, T, GemmKernel<TVec, T, N2>>.PackWholeB(matrix, size, k, packed);
        else if (IsFlat(size))
            PackedLoops<TVec, THalf, T, GemmKernel<TVec, T, TFlat>>.PackWholeA(matrix, size, k, packed);
        else
            PackedLoops<TVec, THalf, T, GemmKernel<TVec, T, N2>>.PackWholeA(matrix, size, k, packed);
    }

    public override void AddLayout(GemmSide side, int size, int k, List<int> layout)
    {
        if (side == GemmSide.B)
            PackedLoops<TVec, THalf, T, GemmKernel<TVec, T, N2>>.AddLayoutOfB(k, layout);
        else if (IsFlat(size))
            PackedLoops<TVec, THalf, T, GemmKernel<TVec, T, TFlat>>.AddLayoutOfA(size, k, layout);
        else
            PackedLoops<TVec, THalf, T, GemmKernel<TVec, T, N2>>.AddLayoutOfA(size, k, layout);
    }

    public override void Elementwise(ElementwiseOperation operation, in ElementwiseOperands<T> operands) =>
        ElementwiseLoops<TVec, T>.Run(operation, in operands);

    public override void Copy(in CopyProblem<T> problem, in Execution execution) =>
        CopyLoops<TVec, T>.Run(in problem, in execution);

    public override void Add(in ShardTree<T> tree, in Execution execution) => ShardSums<TVec, T>.Run(in tree, in execution);

    public override bool AreFinite(T* data, long count) => FiniteScan<TVec, T>.Run(data, (nint)count);

    public override ConvPass<T> Pass(Conv2DShape shape, ConvAlgorithm algorithm, ConvDirection direction, ImageLayout source,
        ImageLayout target)
    {
        (int outputs, int channels) = SidesOf(shape, direction);
        if (algorithm != ConvAlgorithm.Direct)
            return algorithm == ConvAlgorithm.WinogradF4 ? Winograd<SixPoints<N4, N3>>()
                : shape.R == 3 ? Winograd<FourPoints>() : Winograd<SixPoints<N2, N5>>();
        if (source.HasImagesInnermost && target.HasImagesInnermost)
            return new ImagesInLanes<TVec, T, TFlat>(shape, direction, target);
        if (DepthwiseSchedule.Suits(shape, direction))
        {
            TapGrid[] phases = TapGrid.Of(shape, direction, UnseenTaps.LeftOut, DepthwiseSchedule.MostPhases);
            if (!phases[0].IsPart)
            {
                if (DepthwiseChannelSchedule.Suits(shape, phases, source, TVec.Count, sizeof(T)))
                    return new DepthwiseChannels<TVec, T>(new(phases[0], TVec.Count * sizeof(T)), shape, direction);
                DepthwiseSchedule schedule = new(direction, phases, shape, sizeof(T));
                return IsNarrow(schedule.Width)
                    ? new DepthwiseLoops<THalf, T>(schedule, shape)
                    : new DepthwiseLoops<TVec, T>(schedule, shape);
            }
        }
        else if (ProductPass<TVec, THalf, T, GemmKernel<TVec, T, N2>>.Suits(shape, source, target))
        {
            return IsFlat(outputs)
                ? new ProductPass<TVec, THalf, T, GemmKernel<TVec, T, TFlat>>(shape, direction, source, target)
                : new ProductPass<TVec, THalf, T, GemmKernel<TVec, T, N2>>(shape, direction, source, target);
        }

        return Dense(shape, direction, TapGrid.Of(shape, direction, UnseenTaps.LeftOut), source, target,
            candidates => candidates.MinBy(strategy => strategy.Cost)!);

        ConvPass<T> Winograd<TTile>()
            where TTile : struct, IWinograd
        {
            bool isForward = direction == ConvDirection.Forward;
            if (isForward || !source.HasImagesInnermost || !target.HasImagesInnermost)
            {
                return new WinogradLoops<TVec, T, TTile>(
                    shape, Schedule<TTile>(shape, direction, direction, source, target), isForward);
            }

            return new WinogradInputGradient<TVec, T, TTile>(
                shape, Schedule<TTile>(shape, direction, ConvDirection.Forward, source, target));
        }
    }

    public override DensePass<T> Dense(
        Conv2DShape shape, ConvDirection direction, TapGrid[] grids, ImageLayout source, ImageLayout target,
            Func<List<ConvStrategy>, ConvStrategy> choose)
    {
        (int outputs, int channels) = SidesOf(shape, direction);
        ConvStrategy[] strategies = new ConvStrategy[grids.Length];
        for (int i = 0; i < grids.Length; i++)
        {
            ConvGrid grid = new(grids[i], new PhaseOutputs(grids[i], outputs, target), channels, source, target, sizeof(T));
            strategies[i] = choose(ConvStrategy.Candidates(grid, Tiles));
        }

        return new DensePass<TVec, THalf, T, TFlat>(shape, direction, strategies);
    }

    /// <summary>Channels of one group that are written, and that are summed over.</summary>
    private static (int Outputs, int Channels) SidesOf(Conv2DShape shape, ConvDirection direction) =>
        direction != ConvDirection.InputGradient
        ? (shape.GroupOutputs, shape.GroupChannels)
        : (shape.GroupChannels, shape.GroupOutputs);

    public override WeightGradientPass<T> WeightGradient(
        Conv2DShape shape, ConvAlgorithm algorithm, ImageLayout x, ImageLayout dy)
    {
        WeightGradientPass<T> direct = DirectWeightGradient(shape, x, dy);
        return algorithm switch
        {
            ConvAlgorithm.Direct => direct,
            ConvAlgorithm.WinogradF4 => Winograd<SixPoints<N4, N3>>(),
            _ => shape.R == 3 ? Winograd<FourPoints>() : Winograd<SixPoints<N2, N5>>(),
        };

        WeightGradientPass<T> Winograd<TTile>()
            where TTile : struct, IWinograd =>
            new WinogradWeightGradient<TVec, T, TTile>(
                shape, Schedule<TTile>(shape, ConvDirection.WeightGradient, ConvDirection.Forward, x, dy), direct);
    }

    /// <summary>How Winograd's algorithm runs a direction, by tiles of the outputs of that direction or of another.</summary>
    private WinogradSchedule Schedule<TTile>(
        Conv2DShape shape, ConvDirection direction, ConvDirection grid, ImageLayout source, ImageLayout target)
        where TTile : struct, IWinograd
    {
        (int outputs, int channels) = SidesOf(shape, direction);
        return new(TapGrid.Of(shape, grid, UnseenTaps.Kept)[0], outputs, channels, (TTile.Outputs, TTile.Taps),
            source.HasImagesInnermost && target.HasImagesInnermost, GemmKernel<TVec, T, N2>.MR, TVec.Count, sizeof(T),
            TierLoops<double>.For(tier).FilterTransform(TTile.Outputs, TTile.Taps));
    }

    public override delegate*<T*, T*, nint, nint, void> FilterTransform(int outputs, int taps) => (outputs, taps) switch
    {
        (4, 3) => &WinogradFilterTile<TVec, T, SixPoints<N4, N3>>.Run,
        (2, 5) => &WinogradFilterTile<TVec, T, SixPoints<N2, N5>>.Run,
        _ => &WinogradFilterTile<TVec, T, FourPoints>.Run,
    };

    private static WeightGradientPass<T> DirectWeightGradient(Conv2DShape shape, ImageLayout x, ImageLayout dy)
    {
        if (x.HasImagesInnermost && dy.HasImagesInnermost)
            return new ImageGradientLoops<TVec, THalf, T, TSums>(shape);
        if (!DepthwiseWeightGradientSchedule.Suits(shape))
            return new WeightGradientLoops<TVec, THalf, T, TSums>(new(shape, x, TVec.Count, sizeof(T)));
        DepthwiseWeightGradientSchedule schedule = new(shape, sizeof(T));
        return IsNarrow(shape.Q) ? new DepthwiseWeightGradientLoops<THalf, T>(schedule)
            : new DepthwiseWeightGradientLoops<TVec, T>(schedule);
    }

    public override PoolPass<T> Pool(PoolSchedule schedule) => new PoolLoops<TVec, T>(schedule);

    public override ColumnPass<T> Columns(IndexTable table) => new ColumnLoops<TVec, T>(table);

    /// <summary>
    /// The tiles of dense passes. Half registers are for where a whole one would be all that there is of output channels: each
    /// takes half the time, loads included.
    /// </summary>
    private static readonly ConvTile[] Tiles =
    [
        Tile<TVec, N2>(), Tile<TVec, TFlat>(), Tile<TVec, N1>(), Sliding(3), Sliding(5),
        .. Half<TVec, THalf>.Exists ? (ConvTile[])[Tile<THalf, N2>() with { IsHalf = true }] : [],
    ];

    private static ConvTile Tile<TLanes, TVectors>()
        where TLanes : unmanaged, ILanes<TLanes, T>
        where TVectors : struct, IConstant =>
        new(GemmKernel<TLanes, T, TVectors>.MR, TVectors.Value, TLanes.Count);

    private static ConvTile Sliding(int taps) => Tile<TVec, N1>() with { MR = SlidingKernel<TVec, T>.MR(taps), Slides = taps };

    /// <summary>
    /// Rows of a plane that half a register holds: half of it needs no less of Zen 4's multiply-adds, and is cheaper to load and
    /// store.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsNarrow(int width) => Half<TVec, THalf>.Exists && width <= THalf.Count;

    /// <summary>Few rows of C fill the registers better when each is longer.</summary>
    private static bool IsFlat(int rows) => rows <= GemmKernel<TVec, T, TFlat>.MR;
}
