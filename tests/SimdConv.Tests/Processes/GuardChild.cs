using System.Numerics;
using SimdConv.Tests.Generators;
using SimdConv.Tests.Paths;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Processes;

/// <summary>
/// Every operation on buffers that end, or begin, at memory that can't be accessed, and whose inputs can't be written. The case
/// is written out before it runs, since a hit ends the process.
/// </summary>
internal static class GuardChild
{
    private const int Cases = 40;

    public static void Run(IEnumerable<SimdTier> tiers)
    {
        foreach (SimdTier tier in tiers)
        {
            foreach (GuardSide side in Enum.GetValues<GuardSide>())
            {
                Run<float>(tier, side);
                Run<double>(tier, side);
            }
        }
    }

    /// <summary>
    /// Every path of convolutions and products, on threads of their own; in the short run of the two best tiers.
    /// </summary>
    public static void Paths()
    {
        foreach (SimdTier tier in SimdSupport.Available.TakeLast(Effort.IsLong ? 4 : 2))
        {
            Paths<float>(tier);
            if (tier == SimdSupport.Best || Effort.IsLong)
                Paths<double>(tier);
        }
    }

    private static void Paths<T>(SimdTier tier) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        List<ConvPath> paths =
        [
            .. ConvPaths<T>.FindChunks(tier)
            .Where(path => ConvCandidates.Work(path.Case.Shape, path.Case.Batch) < ConvCandidates.MostWork),
            .. ConvPaths<T>.FindWinograd(tier, ConvDirection.Forward), .. ConvPaths<T>.FindImages(tier, ConvDirection.Forward),
        ];
        foreach (ConvDirection direction in Enum.GetValues<ConvDirection>())
            paths.AddRange(ConvPaths<T>.Find(tier, direction));
        foreach ((int i, ConvPath path) in PathList.Sample<ConvPath, T>(tier, paths, every: 3).Index())
        {
            Console.WriteLine($"{tier} {typeof(T).Name} {path}");
            Console.Out.Flush();
            Convolve<T>(path.Case, TracedCall.On(tier, 1 + (i % 3)), i % 4 == 0 ? GuardSide.Left : GuardSide.Right);
        }

        foreach (GemmPath path in GemmPaths<T>.Find(tier))
        {
            Console.WriteLine($"{tier} {typeof(T).Name} {path}");
            Console.Out.Flush();
            Multiply<T>(path.Case, TracedCall.On(tier, 3), GuardSide.Right);
        }
    }

    /// <summary>Reads one element too far: must not return.</summary>
    public static void Overrun()
    {
        using GuardedBuffer<float> buffer = new([1, 2, 3], GuardSide.Right);
        Console.WriteLine($"before: {buffer.Span[2]}");
        Console.Out.Flush();
        Console.WriteLine($"survived: {buffer.ReadBehindTheEnd()}");
    }

    private static void Run<T>(SimdTier tier, GuardSide side) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach (int threads in (int[])[1, 2])
        {
            Execution execution = tier.Run(threads);
            Check(GemmCases.Any(), tier, side, g => Multiply<T>(g, execution, side));
            Check(ConvCases.Any(), tier, side, c => Convolve<T>(c, execution, side));
            Check(ConvCases.Winograd(ConvAlgorithm.WinogradF2), tier, side, c => Convolve<T>(c, execution, side));
            Check(ConvCases.Winograd(ConvAlgorithm.WinogradF4), tier, side, c => Convolve<T>(c, execution, side));
            Check(ConvCases.Any(), tier, side, c => ConvolveTransposed<T>(c, execution, side));
            Check(PoolCases.Any(), tier, side, c => Pool<T>(c, execution, side));
            Check(PoolCases.Any(), tier, side, c => CopyImages<T>(c, execution, side));
            Check(ConvCases.Any(), tier, side, c => Unfold<T>(c, execution, side));
        }

        foreach (int threads in (int[])[1, 2])
            WinnerGuards<T>.Run(tier.Run(threads), side);
        for (int length = 0; length < 70; length++)
            Elementwise<T>(length, tier.Run(), side);
    }

    private static void Check<TCase>(FsCheck.Arbitrary<TCase> cases, SimdTier tier, GuardSide side, Action<TCase> check) =>
        Properties.Check(tier, cases, Cases, c =>
        {
            Console.WriteLine($"{tier} {side} {c}");
            Console.Out.Flush();
            check(c);
        });

    private static void Multiply<T>(GemmCase g, Execution execution, GuardSide side)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        (int rowsA, int columnsA) = g.TransA == Transpose.No ? (g.M, g.K) : (g.K, g.M);
        (int rowsB, int columnsB) = g.TransB == Transpose.No ? (g.K, g.N) : (g.N, g.K);
        int lda = columnsA + g.GapA + 1, ldb = columnsB + g.GapB + 1, ldc = g.N + g.GapC + 1;
        T[] c = Make<T>(g.M, g.N, ldc, g.Seed), expected = (T[])c.Clone();
        T[] a = Make<T>(rowsA, columnsA, lda, g.Seed + 1), b = Make<T>(rowsB, columnsB, ldb, g.Seed + 2);
        T alpha = T.CreateTruncating(g.Alpha), beta = T.CreateTruncating(g.Beta);
        SimdConv.Gemm.Multiply(g.TransA, g.TransB, g.M, g.N, g.K, alpha, a, lda, b, ldb, beta, expected, ldc, execution);
        using Guards<T> guards = new(side);
        Span<T> output = guards.Output(c);
        SimdConv.Gemm.Multiply(
            g.TransA, g.TransB, g.M, g.N, g.K, alpha, guards.Input(a), lda, guards.Input(b), ldb, beta, output, ldc, execution);
        Compare.Equal<T>(expected, output, "C");

        PackedMatrix<T> packed = SimdConv.Gemm.Pack(GemmSide.B, g.TransB, g.K, g.N, guards.Input(b), ldb, execution.Tier);
        output = guards.Output(c);
        SimdConv.Gemm.Multiply(g.TransA, g.M, alpha, guards.Input(a), lda, packed, beta, output, ldc, execution);
        Compare.Equal<T>(expected, output, "C with B packed");
        output = guards.Output(c);
        SimdConv.Gemm.MultiplyBatched(1, g.TransA, g.TransB, g.M, g.N, g.K, alpha, guards.Input(a), lda, a.Length,
            guards.Input(b), ldb, b.Length, beta,
            output, ldc, c.Length, execution);
        Compare.Equal<T>(expected, output, "C of a batch");
    }

    private static T[] Make<T>(int rows, int columns, int ld, int seed) where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Data.Make<T>(rows == 0 || columns == 0 ? 0 : ((rows - 1) * ld) + columns, DataKind.Real, seed);

    private static void Convolve<T>(ConvCase c, Execution execution, GuardSide side)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Conv2DShape s = c.Shape;
        T[] x = StridedImage<T>.Filled(c.Input, c.Batch, s.C, s.H, s.W, c.Data, c.Seed).Data;
        StridedImage<T> dy = StridedImage<T>.Filled(c.Output, c.Batch, s.K, s.P, s.Q, c.Data, c.Seed + 1);
        T[] w = Data.Make<T>(s.WeightCount, c.Data, c.Seed + 2), bias = c.Bias ? Data.Make<T>(s.K, c.Data, c.Seed + 3) : [];
        T[] y = (T[])dy.Data.Clone(), dx = (T[])x.Clone(), dw = (T[])w.Clone(), db = (T[])bias.Clone();
        T[] residual = c.Seed % 2 == 0 ? (T[])y.Clone() : [];
        T beta = T.CreateTruncating(c.Beta);
        Conv2DPlan<T> plan = new(s, new StridedImage<T>(c.Input, c.Batch, s.C, s.H, s.W).Layout, dy.Layout, c.Algorithm);
        Assert.Equal((x.Length, y.Length), (plan.InputLength(c.Batch), plan.OutputLength(c.Batch)));

        using Guards<T> guards = new(side);
        Span<T> guardedY = guards.Output(y), guardedDx = guards.Output(dx), guardedDw = guards.Output(dw),
            guardedDb = guards.Output(db);
        ReadOnlySpan<T> guardedX = guards.Input(x), guardedDy = guards.Input(dy.Data), guardedW = guards.Input(w),
            guardedBias = guards.Input(bias);
        Epilogue<T> guarded = new() { Bias = guardedBias, Residual = guards.Input(residual) };
        if (c.Packed)
        {
            PackedFilter<T> filter = plan.Pack(guardedW, FilterUse.Both, execution.Tier);
            plan.Forward(c.Batch, guardedX, filter, guardedY, guarded, execution);
            plan.InputGradient(c.Batch, guardedDy, filter, guardedDx, beta, execution);
        }
        else
        {
            plan.Forward(c.Batch, guardedX, guardedW, guardedY, guarded, execution);
            plan.InputGradient(c.Batch, guardedDy, guardedW, guardedDx, beta, execution);
        }

        plan.WeightGradient(c.Batch, guardedX, guardedDy, guardedDw, guardedDb, beta, execution);
        plan.Forward(c.Batch, x, w, y, new() { Bias = bias, Residual = residual }, execution);
        plan.InputGradient(c.Batch, dy.Data, w, dx, beta, execution);
        plan.WeightGradient(c.Batch, x, dy.Data, dw, db, beta, execution);
        Compare.Equal<T>(y, guardedY, "y");
        Compare.Equal<T>(dx, guardedDx, "dx");
        if (bias.Length > 0)
            plan.BiasGradient(c.Batch, guardedDy, guards.Output(bias), beta, execution);
        Compare.Equal<T>(dw, guardedDw, "dw");
        Compare.Equal<T>(db, guardedDb, "db");
    }

    /// <summary>The transpose of the case: both its images swap sides.</summary>
    private static void ConvolveTransposed<T>(ConvCase c, Execution execution, GuardSide side)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ConvTranspose2DShape s = new(c.Shape.K, c.Shape.P, c.Shape.Q, c.Shape.C, c.Shape.R, c.Shape.S)
        {
            StrideH = c.Shape.StrideH,
            StrideW = c.Shape.StrideW,
            Groups = c.Shape.Groups,
        };
        StridedImage<T> x = StridedImage<T>.Filled(c.Output, c.Batch, s.C, s.H, s.W, c.Data, c.Seed),
            dy = StridedImage<T>.Filled(c.Input, c.Batch, s.K, s.P, s.Q, c.Data, c.Seed + 1);
        T[] w = Data.Make<T>(s.WeightCount, c.Data, c.Seed + 2), bias = Data.Make<T>(s.K, c.Data, c.Seed + 3);
        T[] y = (T[])dy.Data.Clone(), dx = (T[])x.Data.Clone(), dw = (T[])w.Clone(), db = (T[])bias.Clone();
        ConvTranspose2DPlan<T> plan = new(s, x.Layout, dy.Layout);
        using Guards<T> guards = new(side);
        Span<T> guardedY = guards.Output(y), guardedDx = guards.Output(dx), guardedDw = guards.Output(dw),
            guardedDb = guards.Output(db);
        ReadOnlySpan<T> guardedX = guards.Input(x.Data), guardedDy = guards.Input(dy.Data), guardedW = guards.Input(w);
        plan.Forward(c.Batch, guardedX, guardedW, guardedY, new() { Bias = guards.Input(bias), Residual = guardedDy }, execution);
        plan.InputGradient(c.Batch, guardedDy, guardedW, guardedDx, T.One, execution);
        plan.WeightGradient(c.Batch, guardedX, guardedDy, guardedDw, T.One, execution);
        plan.BiasGradient(c.Batch, guardedDy, guardedDb, T.One, execution);
        plan.Forward(c.Batch, x.Data, w, y, new() { Bias = bias, Residual = dy.Data }, execution);
        plan.InputGradient(c.Batch, dy.Data, w, dx, T.One, execution);
        plan.WeightGradient(c.Batch, x.Data, dy.Data, dw, T.One, execution);
        plan.BiasGradient(c.Batch, dy.Data, db, T.One, execution);
        Compare.Equal<T>(y, guardedY, "y");
        Compare.Equal<T>(dx, guardedDx, "dx");
        Compare.Equal<T>(dw, guardedDw, "dw");
        Compare.Equal<T>(db, guardedDb, "db");
    }

    private static void Pool<T>(PoolCase c, Execution execution, GuardSide side)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Pool2DShape s = c.Shape;
        StridedImage<T> x = StridedImage<T>.Filled(c.Input, c.Batch, s.C, s.H, s.W, c.Data, c.Seed);
        StridedImage<T> dy = StridedImage<T>.Filled(c.Output, c.Batch, s.C, s.P, s.Q, c.Data, c.Seed + 1);
        T[] y = (T[])dy.Data.Clone(), dx = (T[])x.Data.Clone();
        Pool2DPlan<T> plan = new(s, c.Kind, x.Layout, dy.Layout) { InPieces = c.Seed % 3 == 0 };
        using Guards<T> guards = new(side);
        using Guards<byte> bytes = new(side);
        Span<T> guardedY = guards.Output(y), guardedDx = guards.Output(dx);
        ReadOnlySpan<T> guardedX = guards.Input(x.Data), guardedDy = guards.Input(dy.Data);
        byte[] winners = new byte[c.Kind == PoolKind.Max ? plan.WinnerBytes(c.Batch) : 0];
        if (c.Kind == PoolKind.Max)
        {
            Span<byte> guardedWinners = bytes.Output(winners);
            plan.Forward(c.Batch, guardedX, guardedY, guardedWinners, execution);
            plan.Backward(c.Batch, guardedDy, bytes.Input(guardedWinners.ToArray()), guardedDx, execution);
            plan.Forward(c.Batch, x.Data, y, winners, execution);
            plan.Backward(c.Batch, dy.Data, winners, dx, execution);
            Compare.Untouched<byte>(winners, guardedWinners, "winners, otherwise than on the heap,");
        }
        else
        {
            plan.Forward(c.Batch, guardedX, guardedY, execution);
            plan.Backward(c.Batch, guardedDy, guardedDx, execution);
            plan.Forward(c.Batch, x.Data, y, execution);
            plan.Backward(c.Batch, dy.Data, dx, execution);
        }

        Compare.Equal<T>(y, guardedY, "y");
        Compare.Equal<T>(dx, guardedDx, "dx");
    }

    /// <summary>The images of a pooling from one layout to the other, where both hold as many elements.</summary>
    private static void CopyImages<T>(PoolCase c, Execution execution, GuardSide side)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Pool2DShape s = c.Shape;
        StridedImage<T> x = StridedImage<T>.Filled(c.Input, c.Batch, s.C, s.H, s.W, c.Data, c.Seed),
            y = new(c.Output, c.Batch, s.C, s.H, s.W);
        using Guards<T> guards = new(side);
        Span<T> guardedY = guards.Output(y.Data);
        Images.Copy(c.Batch, s.C, s.H, s.W, guards.Input(x.Data), x.Layout, guardedY, y.Layout, execution);
        guardedY.CopyTo(y.Data);
        y.RequireGapsUntouched("the copy");
        Compare.Equal<T>(x.Pack(), y.Pack(), "the copy");
    }

    private static void Unfold<T>(ConvCase c, Execution execution, GuardSide side)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        IndexTable table = new(c.Shape);
        ColumnLayout layout = c.Bias ? ColumnLayout.PerImage(table) : ColumnLayout.Concatenated(table, c.Batch);
        T[] x = Data.Make<T>((long)c.Batch * c.Shape.C * c.Shape.H * c.Shape.W, c.Data, c.Seed), folded = new T[x.Length];
        T[] columns = new T[c.Batch * table.Rows * table.Columns];
        using Guards<T> guards = new(side);
        Span<T> guardedColumns = guards.Output(columns), guardedFolded = guards.Output(folded);
        SimdConv.Im2Col.Unfold(table, c.Batch, guards.Input(x), guardedColumns, layout, execution);
        SimdConv.Im2Col.Unfold<T>(table, c.Batch, x, columns, layout, execution);
        Compare.Equal<T>(columns, guardedColumns, "columns");
        Col2Im.Fold(table, c.Batch, guards.Input(columns), layout, guardedFolded, execution);
        Col2Im.Fold<T>(table, c.Batch, columns, layout, folded, execution);
        Compare.Equal<T>(folded, guardedFolded, "x");
    }

    private static void Elementwise<T>(int length, Execution execution, GuardSide side)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] x = Data.Make<T>(length, DataKind.Real, length), dy = Data.Make<T>(length, DataKind.Real, -length),
            expected = new T[length];
        using Guards<T> guards = new(side);
        ReadOnlySpan<T> guardedX = guards.Input(x), guardedDy = guards.Input(dy);
        Span<T> y = guards.Output(expected);
        SimdConv.Elementwise.Tanh(guardedX, y, T.One, execution);
        SimdConv.Elementwise.Tanh<T>(x, expected, T.One, execution);
        Compare.Equal<T>(expected, y, $"tanh of {length}");
        SimdConv.Elementwise.TanhGradient(guardedX, guardedDy, y, T.One, execution);
        SimdConv.Elementwise.TanhGradient<T>(x, dy, expected, T.One, execution);
        Compare.Equal<T>(expected, y, $"tanh's gradient of {length}");
        SimdConv.Elementwise.Relu(guardedX, y, execution);
        SimdConv.Elementwise.ReluGradient(guardedX, guardedDy, y, execution);
        SimdConv.Elementwise.Relu6(guardedX, y, execution);
        SimdConv.Elementwise.Relu6Gradient(guardedX, guardedDy, y, execution);
        SimdConv.Elementwise.LeakyRelu(guardedX, y, T.One, execution);
        SimdConv.Elementwise.LeakyReluGradient(guardedX, guardedDy, y, T.One, execution);
        SimdConv.Elementwise.HardSwish(guardedX, y, execution);
        SimdConv.Elementwise.HardSwishGradient(guardedX, guardedDy, y, execution);
        foreach (Activation activation in Enum.GetValues<Activation>())
        {
            SimdConv.Elementwise.Activate(activation, guardedX, y, null, null, execution);
            SimdConv.Elementwise.ActivateGradient(activation, guardedX, guardedDy, y, null, null, execution);
        }
    }

    /// <summary>The guarded buffers of one call.</summary>
    internal sealed class Guards<T>(GuardSide side) : IDisposable where T : unmanaged
    {
        private readonly List<GuardedBuffer<T>> buffers = [];

        public Span<T> Output(ReadOnlySpan<T> content) => Add(content).Span;

        public ReadOnlySpan<T> Input(ReadOnlySpan<T> content) => Add(content).MakeReadOnly().Span;

        public void Dispose() => buffers.ForEach(buffer => buffer.Dispose());

        private GuardedBuffer<T> Add(ReadOnlySpan<T> content)
        {
            buffers.Add(new(content, side));
            return buffers[^1];
        }
    }
}
