namespace SimdConv.Kernels;

/// <summary>Elementwise functions over contiguous data.</summary>
internal static unsafe class ElementwiseLoops<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static void Run(ElementwiseOperation operation, in ElementwiseOperands<T> operands)
    {
        switch (operation)
        {
            case ElementwiseOperation.Relu: Apply<ReluFunction<TVec, T>>(in operands); break;
            case ElementwiseOperation.ReluGradient: Apply<ReluGradientFunction<TVec, T>>(in operands); break;
            case ElementwiseOperation.Relu6: Apply<Relu6Function<TVec, T>>(in operands); break;
            case ElementwiseOperation.Relu6Gradient: Apply<Relu6GradientFunction<TVec, T>>(in operands); break;
            case ElementwiseOperation.LeakyRelu: Apply<LeakyReluFunction<TVec, T>>(in operands); break;
            case ElementwiseOperation.LeakyReluGradient: Apply<LeakyReluGradientFunction<TVec, T>>(in operands); break;
            case ElementwiseOperation.HardSwish: Apply<HardSwishFunction<TVec, T>>(in operands); break;
            case ElementwiseOperation.HardSwishGradient: Apply<HardSwishGradientFunction<TVec, T>>(in operands); break;
            case ElementwiseOperation.Tanh: Apply<TanhFunction<TVec, T>>(in operands); break;
            case ElementwiseOperation.TanhGradient: Apply<TanhGradientFunction<TVec, T>>(in operands); break;
            case ElementwiseOperation.TanhSlope: Apply<TanhSlopeFunction<TVec, T>>(in operands); break;
            case ElementwiseOperation.Sigmoid: Apply<SigmoidFunction<TVec, T>>(in operands); break;
            case ElementwiseOperation.SigmoidGradient: Apply<SigmoidGradientFunction<TVec, T>>(in operands); break;
            case ElementwiseOperation.Silu: Apply<SiluFunction<TVec, T>>(in operands); break;
            case ElementwiseOperation.SiluGradient: Apply<SiluGradientFunction<TVec, T>>(in operands); break;
            case ElementwiseOperation.Gelu: Apply<GeluFunction<TVec, T>>(in operands); break;
            case ElementwiseOperation.GeluGradient: Apply<GeluGradientFunction<TVec, T>>(in operands); break;
            case ElementwiseOperation.HardSigmoid: Apply<HardSigmoidFunction<TVec, T>>(in operands); break;
            case ElementwiseOperation.HardSigmoidGradient: Apply<HardSigmoidGradientFunction<TVec, T>>(in operands); break;
            case ElementwiseOperation.Elu: Apply<EluFunction<TVec, T>>(in operands); break;
            case ElementwiseOperation.EluGradient: Apply<EluGradientFunction<TVec, T>>(in operands); break;
            case ElementwiseOperation.Clip: Apply<ClipFunction<TVec, T>>(in operands); break;
            case ElementwiseOperation.ClipGradient: Apply<ClipGradientFunction<TVec, T>>(in operands); break;
        }
    }

    /// <summary>Applies an activation to sums in place.</summary>
    public static void Run(in Finish<T> finish, T* sums, nint count)
    {
        if (finish.IsNotFinite != null && !*finish.IsNotFinite && !FiniteScan<TVec, T>.Run(sums, count))
            *finish.IsNotFinite = true;
        Run(finish.Operation, new ElementwiseOperands<T>
        {
            X = sums,
            Y = sums,
            Target = sums,
            Count = count,
            Factor = finish.Factor,
            Offset = finish.Offset,
        });
    }

    /// <summary>target[i] = f(x[i], y[i]).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Apply<TFunction>(in ElementwiseOperands<T> operands)
        where TFunction : struct, IElementwise<TVec, T>
    {
        int w = TVec.Count;
        T* x = operands.X, y = operands.Y, target = operands.Target;
        nint i = 0, count = operands.Count;
        TVec factor = TVec.Broadcast(operands.Factor), offset = TVec.Broadcast(operands.Offset);
        for (; i + w <= count; i += w)
            TVec.Store(target + i, TFunction.Invoke(TVec.Load(x + i), TVec.Load(y + i), factor, offset));
        int rest = (int)(count - i);
        if (rest > 0)
            TVec.StorePartial(target + i,
                TFunction.Invoke(TVec.LoadPartial(x + i, rest), TVec.LoadPartial(y + i, rest), factor, offset), rest);
    }
}
