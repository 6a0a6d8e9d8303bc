using System.Numerics;
using SimdConv.Perf.Compare;
using SimdConv.Perf.Suites;
using static TorchSharp.torch;

namespace SimdConv.Perf.Peers;

/// <summary>libtorch's product into a tensor that is there already; transposed operands are views, as <c>.t()</c> makes them.</summary>
internal sealed class LibTorchGemm<T> : Contestant
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Tensor a, b, c;

    public LibTorchGemm(GemmOperands<T> operands)
        : base("libtorch")
    {
        GemmShape s = operands.Shape;
        a = s.TransA ? LibTorch.NewTensor<T>(operands.A, s.K, s.M).t() : LibTorch.NewTensor<T>(operands.A, s.M, s.K);
        b = s.TransB ? LibTorch.NewTensor<T>(operands.B, s.N, s.K).t() : LibTorch.NewTensor<T>(operands.B, s.K, s.N);
        using NativeArray<T> zero = operands.NewC();
        c = LibTorch.NewTensor<T>(zero, s.M, s.N);
    }

    public override IReadOnlyList<double[]> Results() => [LibTorch.ToDoubles<T>(c)];

    public override void Dispose()
    {
        a.Dispose();
        b.Dispose();
        c.Dispose();
    }

    protected override void Call() => c.addmm_(a, b, beta: 0, alpha: 1);
}
