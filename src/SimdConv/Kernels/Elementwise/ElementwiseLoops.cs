namespace SimdConv.Kernels;

/// <summary>Elementwise functions over contiguous data.</summary>
internal static unsafe class ElementwiseLoops<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static void Run(ElementwiseOperation operation, T* x, T* y, T* target, nint count, T factor)
    {
        switch (operation)
        {
            case ElementwiseOperation.Relu: Apply<ReluFunction<TVec, T>>(x, y, target, count, factor); break;
            case ElementwiseOperation.ReluGradient: Apply<ReluGradientFunction<TVec, T>>(x, y, target, count, factor); break;
            case ElementwiseOperation.Relu6: Apply<Relu6Function<TVec, T>>(x, y, target, count, factor); break;
            case ElementwiseOperation.Relu6Gradient: Apply<Relu6GradientFunction<TVec, T>>(x, y, target, count, factor); break;
            case ElementwiseOperation.LeakyRelu: Apply<LeakyReluFunction<TVec, T>>(x, y, target, count, factor); break;
            case ElementwiseOperation.LeakyReluGradient:
                Apply<LeakyReluGradientFunction<TVec, T>>(x, y, target, count, factor);
                break;
            case ElementwiseOperation.HardSwish: Apply<HardSwishFunction<TVec, T>>(x, y, target, count, factor); break;
            case ElementwiseOperation.HardSwishGradient:
                Apply<HardSwishGradientFunction<TVec, T>>(x, y, target, count, factor);
                break;
            case ElementwiseOperation.Tanh: Apply<TanhFunction<TVec, T>>(x, y, target, count, factor); break;
            case ElementwiseOperation.TanhGradient: Apply<TanhGradientFunction<TVec, T>>(x, y, target, count, factor); break;
        }
    }

    /// <summary>Applies an activation to sums in place.</summary>
    public static void Run(in Finish<T> finish, T* sums, nint count)
    {
        if (finish.IsNotFinite != null && !*finish.IsNotFinite && !FiniteScan<TVec, T>.Run(sums, count))
            *finish.IsNotFinite = true;
        Run(finish.Operation, sums, sums, sums, count, finish.Factor);
    }

    /// <summary>target[i] = f(x[i], y[i]).</summary>
    private static void Apply<TFunction>(T* x, T* y, T* target, nint count, T factor)
        where TFunction : struct, IElementwise<TVec, T>
    {
        int w = TVec.Count;
        TVec factors = TVec.Broadcast(factor);
        nint i = 0;
        for (; i + w <= count; i += w)
            TVec.Store(target + i, TFunction.Invoke(TVec.Load(x + i), TVec.Load(y + i), factors));
        int rest = (int)(count - i);
        if (rest > 0)
            TVec.StorePartial(
                target + i, TFunction.Invoke(TVec.LoadPartial(x + i, rest), TVec.LoadPartial(y + i, rest), factors), rest);
    }
}
