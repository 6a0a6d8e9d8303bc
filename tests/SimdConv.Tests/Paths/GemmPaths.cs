using System.Numerics;
using System.Runtime.CompilerServices;
using SimdConv.Kernels;
using SimdConv.Tests.Generators;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Paths;

/// <summary>How the operands of a product are handed over.</summary>
internal enum GemmCall
{
    Plain,
    PackedA,
    PackedB,
    Batch,
}

/// <summary>A path through a matrix product, and a case that takes it.</summary>
/// <param name="Name">The path.</param>
/// <param name="Call">How operands are handed over.</param>
/// <param name="Threads">The threads on which the path is taken.</param>
/// <param name="Case">The sizes.</param>
/// <param name="Reached">What the trace of the call says.</param>
internal sealed record GemmPath(string Name, GemmCall Call, int Threads, GemmCase Case, string Reached)
{
    public override string ToString() =>
        $"{Name} | {Call} on {Threads} thread(s) | {Case.M} x {Case.N} x {Case.K}, {Case.TransA}, {Case.TransB}, "
        + $"alpha {Case.Alpha} | {Reached}";
}

/// <summary>
/// The list of paths of products, and the search for sizes that take them: blocks of the running CPU, as its tiles say.
/// </summary>
internal static class GemmPaths<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly int[] FewColumns = [3, 5, 9, 17, 33];

    public static List<GemmPath> Find(SimdTier tier)
    {
        List<GemmPath> paths = [];
        KernelInfo tile = KernelInfo.All.First(info => info.Tier == tier && info.ElementType == typeof(T));
        (int mr, int nr, int mc, int kc, int nc) = (tile.MR, tile.NR, tile.MC, tile.KC, tile.NC);

        // NC of blocks that are half as deep.
        int wide = BlockSizes.Nc((kc + 2) / 2, nr, Unsafe.SizeOf<T>());
        Add("one row, B as it lies", ["in place", "B as it lies"], Sizes(1, 4000, 130));
        Add("few rows, B as it lies", ["in place", "B as it lies"], Sizes(4, 1100, 120));
        Add("many rows, B within half of L2", ["in place", "B as it lies"], Sizes(70, 100, 80));
        Add("few rows, B transposed in panels", ["in place", "B transposed in panels"], Sizes(3, 700, 300, Transpose.Yes),
            Sizes(5, 700, 300, Transpose.Yes));
        Add("many rows, B transposed whole", ["in place", "B transposed whole"], Sizes(70, 60, 120, Transpose.Yes));
        Add("a column", ["column"], Sizes(3000, 1, 170) with { GapC = 0 });
        Add("panels", ["block of MC rows"], Sizes(70, 90, 80) with { Alpha = 0.3 });
        AddCall(GemmCall.Plain, 1, "panels, several blocks of KC", Blocks(1, 2, 1),
            Sizes(33, (3 * nr) + 1, (2 * kc) + 1) with { Alpha = 0.3 });
        AddCall(GemmCall.Plain, 1, "panels, several blocks of NC", Blocks(1, 1, 2),
            Sizes(2 * mr, (2 * nc) + 1, kc) with { Alpha = 0.3 });
        AddCall(GemmCall.Plain, 1, "panels, several blocks of MC", Blocks(2, 1, 1), Sizes(mc + 1, 5, kc) with { Alpha = 0.3 });
        AddCall(GemmCall.Plain, 1, "panels, several blocks of KC and NC", Blocks(1, 2, 2),
            Sizes(mr + 1, wide + 1, kc + 1) with { Alpha = 0.3 });
        AddCall(GemmCall.Plain, 1, "panels, several blocks of MC and KC", Blocks(2, 2, 1),
            Sizes((2 * mc) + (2 * mr), 3, kc + 1) with { Alpha = 0.3 });
        if (tier != SimdTier.Scalar)
            Add("few columns, transposed", ["transposed"], [.. FewColumns.Select(columns => Sizes(900, columns, 170))]);
        if (tier.Lanes<T>() is 4 or 8 or 16)
        {
            Add("one row of dot products", ["in place", "dots"], Sizes(1, 2000, 230, Transpose.Yes));
            Add("two rows of dot products", ["in place", "dots"], Sizes(2, 1100, 230, Transpose.Yes));
        }

        AddCall(GemmCall.PackedA, 1, "A packed, several blocks of KC", Blocks(1, 2, 1), Sizes(33, (3 * nr) + 1, (2 * kc) + 1));
        AddCall(GemmCall.PackedA, 1, "A packed, several blocks of MC and KC", Blocks(2, 2, 1),
            Sizes((2 * mc) + (2 * mr), 3, kc + 1));
        AddCall(GemmCall.PackedB, 1, "B packed, several blocks of KC and NC", Blocks(1, 2, 2), Sizes(mr + 1, wide + 1, kc + 1));
        foreach (int threads in (int[])[16, 70])
        {
            GemmCase tall = Shared((threads * mr) + 1, nr + 1), broad = Shared(mr + 1, (threads * nr) + 1);
            (int, string)[] rows = [(threads, "parts of rows")], columns = [(threads, "parts of columns")];
            AddCall(GemmCall.Plain, threads, $"parts of rows on {threads} threads", rows, tall);
            AddCall(GemmCall.Plain, threads, $"parts of columns on {threads} threads", columns, broad);
            AddCall(GemmCall.PackedA, threads, $"A packed, parts of rows on {threads} threads", rows, tall);
            AddCall(GemmCall.PackedB, threads, $"B packed, parts of columns on {threads} threads", columns, broad);
            AddCall(GemmCall.Batch, threads, $"a batch on {threads} threads", [(threads, "parts of a batch")], Sizes(23, 37, 41));
        }

        return paths;

        void Add(string name, IEnumerable<string> reached, params GemmCase[] cases) =>
            AddCall(GemmCall.Plain, 1, name, [.. reached.Select(what => (1, what))], cases);

        void AddCall(GemmCall call, int threads, string name, (int Count, string What)[] reached, params GemmCase[] cases)
        {
            List<string> taken = [];
            foreach (GemmCase g in cases)
            {
                GemmRun<T> run = new(g, call, tier);
                TracedCall trace = TracedCall.Of(tier, threads, execution => run.Multiply(execution, default));
                if (!Array.TrueForAll(reached, each => trace.Count(each.What) >= each.Count))
                {
                    taken.Add($"{g.M} x {g.N} x {g.K}: {trace}");
                    continue;
                }

                paths.Add(new(name, call, threads, g, trace.ToString()));
                return;
            }

            throw new Xunit.Sdk.XunitException($"{tier} {typeof(T).Name}: no sizes for \"{name}\"; {string.Join("; ", taken)}");
        }
    }

    private static (int Count, string What)[] Blocks(int rows, int terms, int columns) =>
        [(rows, "block of MC rows"), (terms, "block of KC terms"), (columns, "block of NC columns")];

    /// <summary>As many terms as a second thread pays for.</summary>
    private static GemmCase Shared(int m, int n) => Sizes(m, n, 20 + (int)(ConvCandidates.LeastWork / ((long)m * n)));

    private static GemmCase Sizes(int m, int n, int k, Transpose transB = Transpose.No) =>
        new(m % 3 == 0 ? Transpose.Yes : Transpose.No, transB, m, n, k, 1, 0.7, 0, 0, 3, DataKind.Real, m + n + k);
}

/// <summary>One product with operands of its own, handed over in one of the ways.</summary>
internal sealed class GemmRun<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int BatchCount = 71;

    private readonly GemmCase g;
    private readonly GemmCall call;
    private readonly SimdTier tier;
    private readonly int count, lda, ldb, ldc, strideA, strideB, strideC;
    private readonly T[] a, b, before;
    private readonly T alpha, beta;
    private readonly PackedMatrix<T>? packed;

    public GemmRun(GemmCase g, GemmCall call, SimdTier tier)
    {
        (this.g, this.call, this.tier) = (g, call, tier);
        (alpha, beta) = (T.CreateTruncating(g.Alpha), T.CreateTruncating(g.Beta));
        count = call == GemmCall.Batch ? BatchCount : 1;
        (lda, ldb, ldc) = (g.TransA == Transpose.No ? g.K : g.M, g.TransB == Transpose.No ? g.N : g.K, g.N + g.GapC);
        (strideA, strideB, strideC) = (g.M * g.K, g.K * g.N, g.M * ldc);
        a = Data.Make<T>((long)count * strideA, g.Data, g.Seed + 1);
        b = Data.Make<T>((long)count * strideB, g.Data, g.Seed + 2);
        before = Data.Make<T>((long)count * strideC, g.Data, g.Seed + 3);
        RowBias = Data.Make<T>(g.M, g.Data, g.Seed + 4);
        ColumnBias = Data.Make<T>(g.N, g.Data, g.Seed + 5);
        packed = call == GemmCall.PackedA ? SimdConv.Gemm.Pack<T>(GemmSide.A, g.TransA, g.M, g.K, a, lda, tier)
            : call == GemmCall.PackedB ? SimdConv.Gemm.Pack<T>(GemmSide.B, g.TransB, g.K, g.N, b, ldb, tier) : null;
    }

    public T[] RowBias { get; }

    public T[] ColumnBias { get; }

    /// <summary>C with its gaps, which have to be left as they were.</summary>
    public T[] Multiply(Execution execution, GemmEpilogue<T> epilogue)
    {
        T[] c = (T[])before.Clone();
        switch (call)
        {
            case GemmCall.PackedA:
                SimdConv.Gemm.Multiply(packed!, g.TransB, g.N, b, ldb, beta, c, ldc, execution, epilogue);
                break;
            case GemmCall.PackedB:
                SimdConv.Gemm.Multiply(g.TransA, g.M, alpha, a, lda, packed!, beta, c, ldc, execution, epilogue);
                break;
            case GemmCall.Batch:
                SimdConv.Gemm.MultiplyBatched(count, g.TransA, g.TransB, g.M, g.N, g.K, alpha, a, lda, strideA,
                    b, ldb, strideB, beta, c, ldc, strideC, execution);
                break;
            default:
                SimdConv.Gemm.Multiply(
                    g.TransA, g.TransB, g.M, g.N, g.K, alpha, a, lda, b, ldb, beta, c, ldc, execution, epilogue);
                break;
        }

        return c;
    }

    /// <summary>The scalar chain from fma(beta, C, bias), gaps as they were.</summary>
    public T[] Chain(Func<int, int, T> bias)
    {
        T[] c = (T[])before.Clone();
        T[] row = new T[g.N];
        for (int i = 0; i < count * g.M; i++)
        {
            (int product, int m) = Math.DivRem(i, g.M);
            Span<T> target = c.AsSpan((product * strideC) + (m * ldc), g.N);
            for (int n = 0; n < g.N; n++)
                row[n] = beta == T.Zero ? bias(m, n) : T.FusedMultiplyAdd(beta, target[n], bias(m, n));
            for (int k = 0; k < g.K; k++)
            {
                T left = alpha * a[(product * strideA) + (g.TransA == Transpose.No ? (m * lda) + k : (k * lda) + m)];
                int first = (product * strideB) + (g.TransB == Transpose.No ? k * ldb : k),
                    next = g.TransB == Transpose.No ? 1 : ldb;
                for (int n = 0; n < row.Length; n++, first += next)
                    row[n] = T.FusedMultiplyAdd(left, b[first], row[n]);
            }

            row.CopyTo(target);
        }

        return c;
    }

    /// <summary>Applies an element-wise operation to the elements of C, not to its gaps.</summary>
    public T[] Finished(T[] c, Action<T[], T[]> operation)
    {
        T[] finished = new T[c.Length];
        operation(c, finished);
        for (int i = 0; i < c.Length; i++)
            finished[i] = i % strideC % ldc >= g.N ? c[i] : finished[i];
        return finished;
    }

    public Execution On(int threads) => TracedCall.On(tier, threads);
}
