using System.Numerics;
using System.Runtime.CompilerServices;

namespace SimdConv.Kernels;

/// <summary>The parameters of what follows the last term of an output element.</summary>
internal struct Finish<T>
{
    public Activation Activation;
    public T Scale;

    public readonly ElementwiseOperation Operation => Activation == Activation.Relu ? ElementwiseOperation.Relu : ElementwiseOperation.Tanh;
}

/// <summary>A function of up to two operands, element by element.</summary>
internal interface IElementwise<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    static abstract TVec Invoke(TVec x, TVec y, TVec scale);
}

/// <summary>Elementwise functions over contiguous data.</summary>
internal static unsafe class ElementwiseLoops<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static void Run(ElementwiseOperation operation, T* x, T* y, T* target, nint count, T scale)
    {
        switch (operation)
        {
            case ElementwiseOperation.Relu: Apply<ReluFunction<TVec, T>>(x, y, target, count, scale); break;
            case ElementwiseOperation.ReluGradient: Apply<ReluGradientFunction<TVec, T>>(x, y, target, count, scale); break;
            case ElementwiseOperation.Tanh: Apply<TanhFunction<TVec, T>>(x, y, target, count, scale); break;
            case ElementwiseOperation.TanhGradient: Apply<TanhGradientFunction<TVec, T>>(x, y, target, count, scale); break;
        }
    }

    /// <summary>target[i] = f(x[i], y[i]).</summary>
    private static void Apply<TFunction>(T* x, T* y, T* target, nint count, T scale)
        where TFunction : struct, IElementwise<TVec, T>
    {
        int w = TVec.Count;
        TVec factor = TVec.Broadcast(scale);
        nint i = 0;
        for (; i + w <= count; i += w)
            TVec.Store(target + i, TFunction.Invoke(TVec.Load(x + i), TVec.Load(y + i), factor));
        int rest = (int)(count - i);
        if (rest > 0)
            TVec.StorePartial(target + i, TFunction.Invoke(TVec.LoadPartial(x + i, rest), TVec.LoadPartial(y + i, rest), factor), rest);
    }
}

/// <summary>max(x, 0); NaN stays.</summary>
internal readonly struct ReluFunction<TVec, T> : IElementwise<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke(TVec x, TVec y, TVec scale) => TVec.Select(TVec.GreaterThan(default, x), default, x);
}

/// <summary>dy where y &gt; 0, else 0.</summary>
internal readonly struct ReluGradientFunction<TVec, T> : IElementwise<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke(TVec y, TVec dy, TVec scale) => TVec.Select(TVec.GreaterThan(y, default), dy, default);
}

/// <summary>The functions that the public API names.</summary>
internal enum ElementwiseOperation
{
    Relu,
    ReluGradient,
    Tanh,
    TanhGradient,
}
