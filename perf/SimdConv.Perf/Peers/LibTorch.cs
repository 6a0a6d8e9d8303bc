using System.Numerics;
using System.Runtime.InteropServices;
using SimdConv.Perf.Compare;
using SimdConv.Perf.Suites;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace SimdConv.Perf.Peers;

/// <summary>What libtorch takes part in, by the functional calls that a user of PyTorch would make.</summary>
internal static class LibTorch
{
    public static Tensor NewTensor<T>(ReadOnlySpan<T> values, params long[] sizes)
        where T : unmanaged
    {
        Tensor tensor = empty(sizes, typeof(T) == typeof(float) ? ScalarType.Float32 : ScalarType.Float64);
        MemoryMarshal.AsBytes(values).CopyTo(tensor.bytes);
        return tensor;
    }

    /// <summary>Into a tensor that is there already; transposed operands are views, as <c>.t()</c> makes them.</summary>
    public static Contestant Gemm<T>(GemmOperands<T> operands)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        GemmShape s = operands.Shape;
        Tensor a = s.TransA ? NewTensor<T>(operands.A, s.K, s.M).t() : NewTensor<T>(operands.A, s.M, s.K);
        Tensor b = s.TransB ? NewTensor<T>(operands.B, s.N, s.K).t() : NewTensor<T>(operands.B, s.K, s.N);
        Tensor c = zeros(s.M, s.N, dtype: a.dtype);
        return new TorchIntoContestant<T>([a, b], c, () => c.addmm_(a, b, beta: 0, alpha: 1));
    }

    public static Contestant Conv<T>(ConvOperands<T> operands)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        (Tensor x, Tensor w, Tensor bias, Func<Tensor> forward) = ConvCall(operands);
        return new TorchContestant<T>([x, w, bias], () => [forward()]);
    }

    /// <summary>Forward and the gradients of input, weights and bias by autograd.</summary>
    public static Contestant ConvBackward<T>(ConvOperands<T> operands)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        (Tensor x, Tensor w, Tensor bias, Func<Tensor> forward) = ConvCall(operands);
        return operands.NeedsInputGradient
            ? WithGradients<T>(operands.Dy, [w, bias, x], [], forward)
            : WithGradients<T>(operands.Dy, [w, bias], [x], forward);
    }

    public static Contestant? Pool<T>(PoolOperands<T> operands, bool backward)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Pool2DShape s = operands.Shape;
        (int Top, int Left, int Bottom, int Right) sides = (s.PadTop, s.PadLeft, s.PadBottom, s.PadRight);
        // libtorch's padding is at most half a window. Padding that is added ahead of the call is part of the image to libtorch:
        // it counts in averages, and makes room for further windows.
        int mostH = s.R / 2, mostW = s.S / 2;
        if (!IsInCall(sides, mostH, mostW) && (s.CeilMode || !s.CountIncludePad))
            return null;
        Tensor x = NewTensor<T>(operands.X, operands.Batch, s.C, s.H, s.W);
        long[] kernel = [s.R, s.S], stride = [s.StrideH, s.StrideW], dilation = [s.DilationH, s.DilationW];
        (long[] padding, Func<Tensor, Tensor> pad) =
            Padding(sides, operands.Kind == PoolKind.Max ? double.NegativeInfinity : 0, mostH, mostW);
        Func<Tensor> forward = operands.Kind == PoolKind.Max
            ? () => F.max_pool2d(pad(x), kernel, stride, padding, dilation, s.CeilMode)
            : () => F.avg_pool2d(pad(x), kernel, stride, padding, s.CeilMode, s.CountIncludePad, s.DivisorOverride);
        return backward ? WithGradients<T>(operands.Dy, [x], [], forward) : new TorchContestant<T>([x], () => [forward()]);
    }

    public static Contestant Unfold<T>(ConvOperands<T> operands)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Conv2DShape s = operands.Shape;
        Tensor x = NewTensor<T>(operands.X, operands.Batch, s.C, s.H, s.W);
        return new TorchContestant<T>([x],
            () => [F.unfold(x, (s.R, s.S), (s.DilationH, s.DilationW), (s.PadTop, s.PadLeft), (s.StrideH, s.StrideW))]);
    }

    public static Contestant Fold<T>(ConvOperands<T> operands, NativeArray<T> columns)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Conv2DShape s = operands.Shape;
        Tensor x = NewTensor<T>(columns, operands.Batch, s.C * s.R * s.S, s.P * s.Q);
        return new TorchContestant<T>([x],
            () => [F.fold(x, (s.H, s.W), (s.R, s.S), (s.DilationH, s.DilationW), (s.PadTop, s.PadLeft), (s.StrideH, s.StrideW))]);
    }

    public static NativeArray ToArray<T>(Tensor tensor)
        where T : unmanaged, INumber<T>
    {
        using Tensor contiguous = tensor.detach().contiguous();
        return new NativeArray<T>(MemoryMarshal.Cast<byte, T>(contiguous.bytes));
    }

    /// <summary>Whether padding of equal sides gives the same windows: what is behind the last one doesn't matter.</summary>
    public static bool IsSymmetric(Conv2DShape s) =>
        (s with { PadBottom = s.PadTop, PadRight = s.PadLeft }) is var even && (even.P, even.Q) == (s.P, s.Q);

    /// <inheritdoc cref="IsSymmetric(Conv2DShape)"/>
    public static bool IsSymmetric(Pool2DShape s) =>
        (s with { PadBottom = s.PadTop, PadRight = s.PadLeft }) is var even && (even.P, even.Q) == (s.P, s.Q)
        && (!s.CountIncludePad || even == s);

    private static (Tensor X, Tensor W, Tensor Bias, Func<Tensor> Forward) ConvCall<T>(ConvOperands<T> operands)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Conv2DShape s = operands.Shape;
        Tensor x = NewTensor<T>(operands.X, operands.Batch, s.C, s.H, s.W);
        Tensor w = NewTensor<T>(operands.W, s.K, s.C / s.Groups, s.R, s.S);
        Tensor bias = NewTensor<T>(operands.Bias, s.K);
        long[] stride = [s.StrideH, s.StrideW], dilation = [s.DilationH, s.DilationW];
        (long[] padding, Func<Tensor, Tensor> pad) = Padding((s.PadTop, s.PadLeft, s.PadBottom, s.PadRight), 0);
        return (x, w, bias, () => F.conv2d(pad(x), w, bias, stride, padding, dilation, s.Groups));
    }

    /// <summary>Padding for the call itself, or where that can't take it, a step ahead of it.</summary>
    private static (long[] Padding, Func<Tensor, Tensor> Ahead) Padding(
        (int Top, int Left, int Bottom, int Right) pad, double value, int mostH = int.MaxValue, int mostW = int.MaxValue)
    {
        if (IsInCall(pad, mostH, mostW))
            return ([pad.Top, pad.Left], x => x);
        long[] sizes = [pad.Left, pad.Right, pad.Top, pad.Bottom];
        return ([0, 0], x => F.pad(x, sizes, value: value));
    }

    private static bool IsInCall((int Top, int Left, int Bottom, int Right) pad, int mostH, int mostW) =>
        pad.Top == pad.Bottom && pad.Left == pad.Right && pad.Top <= mostH && pad.Left <= mostW;

    private static TorchContestant<T> WithGradients<T>(
        NativeArray<T> dy, Tensor[] leaves, Tensor[] constants, Func<Tensor> forward)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach (Tensor leaf in leaves)
            leaf.requires_grad = true;
        using Tensor first = forward();
        Tensor gradient = NewTensor<T>(dy, first.shape);
        return new TorchContestant<T>([.. leaves, .. constants, gradient], () =>
        {
            Tensor y = forward();
            return [y, .. autograd.grad([y], leaves, [gradient])];
        });
    }
}

/// <summary>A call that makes new tensors; those of the last call are kept as its results.</summary>
internal sealed class TorchContestant<T>(IReadOnlyList<Tensor> inputs, Func<IReadOnlyList<Tensor>> call)
    : Contestant(PeerSet.LibTorch)
    where T : unmanaged, INumber<T>
{
    private IReadOnlyList<Tensor> results = [];

    public override IReadOnlyList<NativeArray> Results() => [.. results.Select(LibTorch.ToArray<T>)];

    public override void Dispose()
    {
        Release(results);
        Release(inputs);
    }

    protected override void Call()
    {
        // The old results are freed first, so that libtorch's allocator can return the same memory.
        Release(results);
        results = call();
    }

    private static void Release(IReadOnlyList<Tensor> tensors)
    {
        foreach (Tensor tensor in tensors)
            tensor.Dispose();
    }
}

/// <summary>A call that writes into a tensor that is there already.</summary>
internal sealed class TorchIntoContestant<T>(IReadOnlyList<Tensor> inputs, Tensor result, Action call)
    : Contestant(PeerSet.LibTorch)
    where T : unmanaged, INumber<T>
{
    public override IReadOnlyList<NativeArray> Results() => [LibTorch.ToArray<T>(result)];

    public override void Dispose()
    {
        foreach (Tensor tensor in inputs.Append(result))
            tensor.Dispose();
    }

    protected override void Call() => call();
}
