using System.Numerics;
using SimdConv.Tests.Generators;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Conv;

/// <summary>
/// The arrays of one convolution case and the calls on them; results come out contiguous, in the order n, c, h, w.
/// </summary>
internal sealed class ConvRun<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly ConvCase c;
    private readonly StridedImage<T> x, dy, residual;

    public ConvRun(ConvCase c)
    {
        this.c = c;
        Conv2DShape s = c.Shape;
        x = StridedImage<T>.Filled(c.Input, c.Batch, s.C, s.H, s.W, c.Data, c.Seed + 1);
        dy = StridedImage<T>.Filled(c.Output, c.Batch, s.K, s.P, s.Q, c.Data, c.Seed + 2);
        residual = StridedImage<T>.Filled(c.Output, c.Batch, s.K, s.P, s.Q, c.Data, c.Seed + 8);
        W = Data.Make<T>(s.WeightCount, c.Data, c.Seed + 3);
        Bias = c.Bias ? Data.Make<T>(s.K, c.Data, c.Seed + 4) : [];
        Beta = T.CreateTruncating(c.Beta);
        (X, Dy, Residual) = (x.Pack(), dy.Pack(), residual.Pack());
        DxBefore = Data.Make<T>(X.Length, c.Data, c.Seed + 5);
        DwBefore = Data.Make<T>(W.Length, c.Data, c.Seed + 6);
        DbBefore = Data.Make<T>(s.K, c.Data, c.Seed + 7);
        Plan = new(s, x.Layout, dy.Layout, c.Algorithm);
    }

    public ConvCase Case => c;

    public Conv2DPlan<T> Plan { get; }

    public T[] X { get; }

    public T[] Dy { get; }

    /// <summary>What is added to y where a test asks for it.</summary>
    public T[] Residual { get; }

    public T[] W { get; }

    public T[] Bias { get; }

    public T Beta { get; }

    public T[] DxBefore { get; }

    public T[] DwBefore { get; }

    public T[] DbBefore { get; }

    /// <summary>Puts a value in place of an element of x, dy, the weights, the bias or the residual.</summary>
    public void Replace(T[] operand, int index, T value)
    {
        operand[index] = value;
        x.Unpack(X);
        dy.Unpack(Dy);
        residual.Unpack(Residual);
    }

    /// <param name="execution">Threads and tier.</param>
    /// <param name="activation">The activation.</param>
    /// <param name="factor">Its scale, slope or alpha; null for the default.</param>
    /// <param name="withResidual">Whether the residual is added.</param>
    /// <param name="addsLast">Whether it is added after the activation.</param>
    public T[] Forward(Execution execution, Activation activation = Activation.None, T? factor = null, bool withResidual = false,
        bool addsLast = false)
    {
        StridedImage<T> y = new(c.Output, c.Batch, c.Shape.K, c.Shape.P, c.Shape.Q);
        Epilogue<T> epilogue = new()
        {
            Bias = Bias,
            Residual = withResidual ? residual.Data : [],
            AddsResidualLast = addsLast,
            Activation = activation,
            Scale = factor,
            Slope = factor,
            Alpha = factor,
        };
        T[] before = (T[])x.Data.Clone();
        if (c.Packed)
            Plan.Forward(c.Batch, x.Data, Plan.Pack(W, FilterUse.Forward, execution.Tier), y.Data, epilogue, execution);
        else
            Plan.Forward(c.Batch, x.Data, W, y.Data, epilogue, execution);
        Compare.Untouched<T>(before, x.Data, "x");
        y.RequireGapsUntouched("y");
        return y.Pack();
    }

    /// <summary>With beta = 0, dx holds NaN before: reading it would show.</summary>
    public T[] InputGradient(Execution execution)
    {
        StridedImage<T> dx = new(c.Input, c.Batch, c.Shape.C, c.Shape.H, c.Shape.W);
        if (Beta != T.Zero)
            dx.Unpack(DxBefore);
        T[] before = (T[])dy.Data.Clone();
        if (c.Packed)
            Plan.InputGradient(c.Batch, dy.Data, Plan.Pack(W, FilterUse.InputGradient, execution.Tier), dx.Data, Beta, execution);
        else
            Plan.InputGradient(c.Batch, dy.Data, W, dx.Data, Beta, execution);
        Compare.Untouched<T>(before, dy.Data, "dy");
        dx.RequireGapsUntouched("dx");
        return dx.Pack();
    }

    /// <summary>The weights' and the bias's gradient; the latter is left out for a case without a bias.</summary>
    public (T[] Weights, T[] Bias) WeightGradient(Execution execution)
    {
        T[] dw = Beta == T.Zero ? Data.Filled(W.Length, Data.Canary<T>()) : (T[])DwBefore.Clone(), db = NewBiasGradient();
        T[] before = (T[])x.Data.Clone();
        Plan.WeightGradient(c.Batch, x.Data, dy.Data, dw, db, Beta, execution);
        Compare.Untouched<T>(before, x.Data, "x");
        return (dw, db);
    }

    public T[] BiasGradient(Execution execution)
    {
        T[] db = NewBiasGradient();
        Plan.BiasGradient(c.Batch, dy.Data, db, Beta, execution);
        return db;
    }

    /// <summary>The same convolution of image <paramref name="n"/> alone.</summary>
    public ConvRun<T> Alone(int n)
    {
        ConvRun<T> alone = new(c with { Batch = 1, Input = OfOneImage(c.Input), Output = OfOneImage(c.Output) });
        Conv2DShape s = c.Shape;
        int pixels = s.C * s.H * s.W, outputs = s.K * s.P * s.Q;
        alone.x.Unpack(X.AsSpan(n * pixels, pixels));
        alone.dy.Unpack(Dy.AsSpan(n * outputs, outputs));
        DxBefore.AsSpan(n * pixels, pixels).CopyTo(alone.DxBefore);
        return alone;
    }

    /// <summary>Images innermost with place for one image are NCHW by their strides; with place for more they aren't.</summary>
    private static LayoutKind OfOneImage(LayoutKind kind) =>
        kind == LayoutKind.ImagesInnermost ? LayoutKind.SomeOfTheImages : kind;

    private T[] NewBiasGradient() =>
        !c.Bias ? [] : Beta == T.Zero ? Data.Filled(c.Shape.K, Data.Canary<T>()) : (T[])DbBefore.Clone();
}
