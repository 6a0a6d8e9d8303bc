using System.Numerics;
using SimdConv.Cli.Training;
using SimdConv.Reference;

namespace SimdConv.Cli.Verification;

/// <summary>A check that did not hold.</summary>
internal sealed record Failure(string Shape, string Direction, string Type, SimdTier Tier, string Error);

/// <summary>Checks convolutions in every direction, im2col and col2im, in float and double, against the plain loops.</summary>
internal sealed class Verifier(IReadOnlyList<SimdTier> tiers, int threads)
{
    private readonly IReadOnlyList<SimdTier> tiers = tiers;
    private readonly int threads = threads;

    public int Checks { get; private set; }

    /// <summary>The largest error seen, as a fraction of its bound.</summary>
    public double Worst { get; private set; }

    public List<Failure> Failures { get; } = [];

    /// <summary>Returns whether every check of the shape held.</summary>
    public bool Verify(ShapeLine line)
    {
        int before = Failures.Count;
        new Case<float>(this, line).Run();
        new Case<double>(this, line).Run();
        return Failures.Count == before;
    }

    /// <summary>One shape in one element type: data, what the oracle makes of it, and the library in each tier.</summary>
    private sealed class Case<T>(Verifier owner, ShapeLine line)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private static readonly string TypeName = typeof(T) == typeof(float) ? "float" : "double";

        private readonly Conv2DShape shape = line.Shape;
        private readonly int batch = line.N;
        private readonly Random64 random = new(1);

        /// <summary>The library's side of a check: fills the result in the tier that the execution names.</summary>
        private delegate void Operation(Span<T> result, Execution execution);

        public void Run()
        {
            try
            {
                CheckConvolution();
                CheckColumns();
            }
            catch (Exception error) when (error is not OutOfMemoryException)
            {
                // A valid shape that the library makes no plan for.
                owner.Failures.Add(new Failure(line.ToString(), "plan", TypeName, owner.tiers[^1], Describe(error)));
            }
        }

        private void CheckConvolution()
        {
            T[] x = Data(batch * shape.C * shape.H * shape.W), w = Data(shape.WeightCount);
            T[] bias = Data(shape.K), dy = Data(batch * shape.K * shape.P * shape.Q);
            Sums exact = new(line, x, w, bias, dy), gauge = new(line, Sizes(x), Sizes(w), Sizes(bias), Sizes(dy));
            Parallel.Invoke(
                new ParallelOptions { MaxDegreeOfParallelism = owner.threads },
                exact.ComputeY, gauge.ComputeY, exact.ComputeDx, gauge.ComputeDx, exact.ComputeDw, gauge.ComputeDw);
            T[] scratch = new T[w.Length];
            Conv2DPlan<T> plan = new(shape);
            Dictionary<SimdTier, PackedFilter<T>> filters = owner.tiers.ToDictionary(tier => tier, tier => plan.Pack(w, FilterUse.Both, tier));
            PackedFilter<T> Filter(Execution execution) => filters[execution.Tier!.Value];
            long pixels = (long)batch * shape.P * shape.Q;

            Check("forward", exact.Y, gauge.Y, shape.Taps, (y, execution) =>
                plan.Forward(batch, x, Filter(execution), y, new Epilogue<T> { Bias = bias }, execution));
            Check("input-gradient", exact.Dx, gauge.Dx, (long)shape.K / shape.Groups * shape.R * shape.S, (dx, execution) =>
                plan.InputGradient(batch, dy, Filter(execution), dx, execution: execution));
            Check("weight-gradient", exact.Dw, gauge.Dw, pixels, (dw, execution) =>
                plan.WeightGradient(batch, x, dy, dw, execution: execution));
            Check("bias-gradient", exact.Db, gauge.Db, pixels, (db, execution) =>
                plan.WeightGradient(batch, x, dy, scratch, db, execution: execution));
            Check("bias-gradient", exact.Db, gauge.Db, pixels, (db, execution) => plan.BiasGradient(batch, dy, db, execution: execution));
        }

        private void CheckColumns()
        {
            IndexTable table = new(shape);
            T[] x = Data(batch * shape.C * shape.H * shape.W), columns = Data(batch * table.Rows * table.Columns);
            T[] exactColumns = new T[columns.Length], exactX = new T[x.Length], gaugeX = new T[x.Length];
            foreach (ColumnLayout layout in (ColumnLayout[])[ColumnLayout.Concatenated(table, batch), ColumnLayout.PerImage(table)])
            {
                ReferenceIm2Col.Unfold<T>(shape, batch, x, exactColumns, layout);
                Check("im2col", exactColumns, [], 1, (result, execution) => Im2Col.Unfold(table, batch, x, result, layout, execution));
                ReferenceIm2Col.Fold<T>(shape, batch, columns, layout, exactX);
                ReferenceIm2Col.Fold<T>(shape, batch, Sizes(columns), layout, gaugeX);
                Check("col2im", exactX, gaugeX, (long)shape.R * shape.S, (result, execution) =>
                    Col2Im.Fold(table, batch, columns, layout, result, execution));
            }
        }

        private void Check(string direction, T[] expected, T[] gauge, long terms, Operation operation)
        {
            T[] result = new T[expected.Length + (2 * ErrorBound.Guard)];
            foreach (SimdTier tier in owner.tiers)
            {
                owner.Checks++;
                // NaN stays where the library forgets to write.
                Array.Fill(result, T.NaN);
                double worst = 0;
                string? error;
                try
                {
                    operation(result.AsSpan(ErrorBound.Guard, expected.Length), new Execution(owner.threads, null, tier));
                    (worst, error) = ErrorBound.Compare<T>(result, expected, gauge, terms);
                }
                catch (Exception thrown) when (thrown is not OutOfMemoryException)
                {
                    error = Describe(thrown);
                }

                owner.Worst = Math.Max(owner.Worst, worst);
                if (error is not null)
                    owner.Failures.Add(new Failure(line.ToString(), direction, TypeName, tier, error));
            }
        }

        private T[] Data(int count)
        {
            T[] data = new T[count];
            foreach (ref T value in data.AsSpan())
                value = T.CreateTruncating((2 * random.NextDouble()) - 1);
            return data;
        }

        private static T[] Sizes(T[] data) => Array.ConvertAll(data, T.Abs);

        private static string Describe(Exception error) => $"{error.GetType().Name}: {error.Message}";

        /// <summary>What the plain loops make of the data, in every direction.</summary>
        private sealed class Sums(ShapeLine line, T[] x, T[] w, T[] bias, T[] dy)
        {
            public T[] Y { get; } = new T[dy.Length];

            public T[] Dx { get; } = new T[x.Length];

            public T[] Dw { get; } = new T[w.Length];

            public T[] Db { get; } = new T[bias.Length];

            public void ComputeY() => ReferenceConv2D.Forward<T>(line.Shape, line.N, x, w, bias, Y);

            public void ComputeDx() => ReferenceConv2D.InputGradient<T>(line.Shape, line.N, dy, w, Dx);

            public void ComputeDw() => ReferenceConv2D.WeightGradient<T>(line.Shape, line.N, x, dy, Dw, Db);
        }
    }
}
