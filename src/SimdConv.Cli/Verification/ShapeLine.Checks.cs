using System.Numerics;
using SimdConv.Reference;

namespace SimdConv.Cli.Verification;

// A convolution in every direction, im2col and col2im.
internal sealed partial record ShapeLine
{
    public void Check<T>(Checker<T> checker)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        CheckConvolution(checker);
        CheckColumns(checker);
    }

    private void CheckConvolution<T>(Checker<T> checker)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] x = checker.Data(N * Shape.C * Shape.H * Shape.W), w = checker.Data(Shape.WeightCount);
        T[] bias = checker.Data(Shape.K), dy = checker.Data(N * Shape.K * Shape.P * Shape.Q);
        Sums<T> exact = new(this, x, w, bias, dy);
        Sums<T> gauge = new(this, Checker<T>.Sizes(x), Checker<T>.Sizes(w), Checker<T>.Sizes(bias), Checker<T>.Sizes(dy));
        Parallel.Invoke(
            new ParallelOptions { MaxDegreeOfParallelism = checker.Threads },
            exact.ComputeY, gauge.ComputeY, exact.ComputeDx, gauge.ComputeDx, exact.ComputeDw, gauge.ComputeDw);
        foreach (bool inImages in CheckedImages<T>.BothLayouts)
            CheckConvolution(checker, inImages, x, w, bias, dy, exact, gauge);
    }

    private void CheckConvolution<T>(
        Checker<T> checker, bool inImages, T[] x, T[] w, T[] bias, T[] dy, Sums<T> exact, Sums<T> gauge)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        CheckedImages<T> input = new(N, Shape.C, Shape.H, Shape.W, inImages);
        CheckedImages<T> output = new(N, Shape.K, Shape.P, Shape.Q, inImages);
        Conv2DPlan<T> plan = new(Shape, input.Layout, output.Layout);
        T[] scratch = new T[w.Length];
        Func<Execution, PackedFilter<T>> filter = checker.ForEachTier(tier => plan.Pack(w, FilterUse.Both, tier));
        long pixels = (long)N * Shape.P * Shape.Q;

        checker.CheckSums(Name("forward"), exact.Y, gauge.Y, Shape.Taps, (y, execution) =>
            output.Fill(y, execution, (y, execution) => plan.Forward(
                N, input.To(x, execution), filter(execution), y, new Epilogue<T> { Bias = bias }, execution)));
        checker.CheckSums(Name("input-gradient"), exact.Dx, gauge.Dx, (long)Shape.K / Shape.Groups * Shape.R * Shape.S,
            (dx, execution) => input.Fill(dx, execution, (dx, execution) =>
                plan.InputGradient(N, output.To(dy, execution), filter(execution), dx, execution: execution)));
        checker.CheckSums(Name("weight-gradient"), exact.Dw, gauge.Dw, pixels, (dw, execution) =>
            plan.WeightGradient(N, input.To(x, execution), output.To(dy, execution), dw, execution: execution));
        checker.CheckSums(Name("bias-gradient"), exact.Db, gauge.Db, pixels, (db, execution) =>
            plan.WeightGradient(N, input.To(x, execution), output.To(dy, execution), scratch, db, execution: execution));
        checker.CheckSums(Name("bias-gradient"), exact.Db, gauge.Db, pixels, (db, execution) =>
            plan.BiasGradient(N, output.To(dy, execution), db, execution: execution));

        string Name(string direction) => CheckedImages<T>.NameOf(direction, inImages);
    }

    private void CheckColumns<T>(Checker<T> checker)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        IndexTable table = new(Shape);
        T[] x = checker.Data(N * Shape.C * Shape.H * Shape.W), columns = checker.Data(N * table.Rows * table.Columns);
        T[] exactColumns = new T[columns.Length], exactX = new T[x.Length], gaugeX = new T[x.Length];
        foreach (ColumnLayout layout in (ColumnLayout[])[ColumnLayout.Concatenated(table, N), ColumnLayout.PerImage(table)])
        {
            ReferenceIm2Col.Unfold<T>(Shape, N, x, exactColumns, layout);
            checker.CheckExactly("im2col", exactColumns, (result, execution) =>
                Im2Col.Unfold(table, N, x, result, layout, execution));
            ReferenceIm2Col.Fold<T>(Shape, N, columns, layout, exactX);
            ReferenceIm2Col.Fold<T>(Shape, N, Checker<T>.Sizes(columns), layout, gaugeX);
            checker.CheckSums("col2im", exactX, gaugeX, (long)Shape.R * Shape.S, (result, execution) =>
                Col2Im.Fold(table, N, columns, layout, result, execution));
        }
    }

    /// <summary>What the plain loops make of the data, in every direction.</summary>
    private sealed class Sums<T>(ShapeLine line, T[] x, T[] w, T[] bias, T[] dy)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
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
