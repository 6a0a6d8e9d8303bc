using System.Numerics;
using System.Runtime.CompilerServices;
using SimdConv.Core;

namespace SimdConv.Kernels;

/// <summary>What follows the last term of an output element: the residual is added, then the activation applied.</summary>
internal unsafe struct Finish<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The activation, and what <see cref="IElementwise{TVec, T}"/> calls its factor.</summary>
    public ElementwiseOperation Operation;
    public T Factor;

    /// <summary>The residual of the output's first element, in the output's layout; null for none.</summary>
    public T* Residual;

    /// <summary>
    /// Where not null, set if any element that an activation is applied to is infinite or NaN, lanes that are dropped later
    /// included.
    /// </summary>
    public bool* IsNotFinite;

    /// <summary>The finish that the caller asks for; null for scale or slope stands for the default.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such activation.</exception>
    public static Finish<T> Of(Activation activation, T? scale, T? slope) => activation switch
    {
        Activation.None => default,
        Activation.Relu => new() { Operation = ElementwiseOperation.Relu },
        Activation.Relu6 => new() { Operation = ElementwiseOperation.Relu6 },
        Activation.LeakyRelu => new() { Operation = ElementwiseOperation.LeakyRelu, Factor = slope ?? T.CreateTruncating(0.01) },
        Activation.HardSwish => new() { Operation = ElementwiseOperation.HardSwish },
        Activation.Tanh => new() { Operation = ElementwiseOperation.Tanh, Factor = scale ?? T.One },
        _ => throw ArgumentErrors.OutOfRange("epilogue.Activation", activation,
            "None, Relu, Relu6, LeakyRelu, Tanh or HardSwish"),
    };
}

/// <summary>A function of up to two operands, element by element.</summary>
internal interface IElementwise<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    static abstract TVec Invoke(TVec x, TVec y, TVec factor);
}

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

/// <summary>max(x, 0); NaN stays.</summary>
internal readonly struct ReluFunction<TVec, T> : IElementwise<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke(TVec x, TVec y, TVec factor) => TVec.Select(TVec.GreaterThan(default, x), default, x);
}

/// <summary>dy where y &gt; 0, else 0.</summary>
internal readonly struct ReluGradientFunction<TVec, T> : IElementwise<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke(TVec y, TVec dy, TVec factor) => TVec.Select(TVec.GreaterThan(y, default), dy, default);
}

/// <summary>min(max(x, 0), 6); NaN stays.</summary>
internal readonly struct Relu6Function<TVec, T> : IElementwise<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static TVec Six => TVec.Broadcast(T.CreateTruncating(6));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke(TVec x, TVec y, TVec factor) => TVec.Min(Six, ReluFunction<TVec, T>.Invoke(x, y, factor));
}

/// <summary>dy where 0 &lt; y &lt; 6, else 0.</summary>
internal readonly struct Relu6GradientFunction<TVec, T> : IElementwise<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke(TVec y, TVec dy, TVec factor) =>
        TVec.Select(
            TVec.GreaterThan(Relu6Function<TVec, T>.Six, y), ReluGradientFunction<TVec, T>.Invoke(y, dy, factor), default);
}

/// <summary>x where x &gt; 0, else factor * x.</summary>
internal readonly struct LeakyReluFunction<TVec, T> : IElementwise<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke(TVec x, TVec y, TVec factor) => LeakyReluGradientFunction<TVec, T>.Invoke(x, x, factor);
}

/// <summary>dy where y &gt; 0, else factor * dy.</summary>
internal readonly struct LeakyReluGradientFunction<TVec, T> : IElementwise<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke(TVec y, TVec dy, TVec factor) =>
        TVec.Select(TVec.GreaterThan(y, default), dy, TVec.Multiply(factor, dy));
}

/// <summary>
/// x * (x + 3) / 6 from -3 to 3, below 0, above x; NaN stays. x + 3 is exact near -3, so that results are accurate there too.
/// </summary>
internal readonly struct HardSwishFunction<TVec, T> : IElementwise<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static TVec Three => TVec.Broadcast(T.CreateTruncating(3));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke(TVec x, TVec y, TVec factor)
    {
        TVec curve = TVec.Multiply(TVec.Multiply(x, TVec.Add(x, Three)), TVec.Broadcast(T.One / T.CreateTruncating(6)));
        return Ends(x, default, curve, x);
    }

    /// <summary>One value below -3, one above 3, and one between them, where NaN is too.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Ends(TVec x, TVec below, TVec between, TVec above) => TVec.Select(
        TVec.GreaterThan(x, Three), above, TVec.Select(TVec.GreaterThan(TVec.Subtract(default, Three), x), below, between));
}

/// <summary>dy * (x / 3 + 1 / 2) from -3 to 3, below 0, above dy.</summary>
internal readonly struct HardSwishGradientFunction<TVec, T> : IElementwise<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke(TVec x, TVec dy, TVec factor)
    {
        TVec slope = TVec.MulAdd(x, TVec.Broadcast(T.One / T.CreateTruncating(3)), TVec.Broadcast(T.One / T.CreateTruncating(2)));
        return HardSwishFunction<TVec, T>.Ends(x, default, TVec.Multiply(dy, slope), dy);
    }
}

/// <summary>The functions that the public API names.</summary>
internal enum ElementwiseOperation
{
    None,
    Relu,
    ReluGradient,
    Relu6,
    Relu6Gradient,
    LeakyRelu,
    LeakyReluGradient,
    HardSwish,
    HardSwishGradient,
    Tanh,
    TanhGradient,
}
