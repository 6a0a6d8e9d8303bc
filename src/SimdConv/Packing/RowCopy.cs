using SimdConv.Kernels;

namespace SimdConv.Packing;

/// <summary>
/// Copies rows with a stride on one side; touches no element but those it names and, reading, those between them.
/// </summary>
internal static unsafe class RowCopy<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>target[i] = source[i * step] for i &lt; count.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Gather(T* source, nint step, T* target, int count)
    {
        int w = TVec.Count, j = 0;
        for (; j + w < count; j += w)
            TVec.Store(target + j, Load(source + (j * step), step));
        StoreUpTo(target + j, LoadUpTo(source + (j * step), step, count - j), count - j);
    }

    /// <summary>target[i * step] = source[i] for i &lt; count.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Scatter(T* source, T* target, nint step, int count)
    {
        if (step == 1)
        {
            Gather(source, 1, target, count);
            return;
        }

        for (int j = 0; j < count; j++)
            target[j * step] = source[j];
    }

    /// <summary>target[i] += source[i] for i &lt; count.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(T* source, T* target, int count)
    {
        int j = 0;
        for (; j + TVec.Count <= count; j += TVec.Count)
            TVec.Store(target + j, TVec.Add(TVec.Load(target + j), TVec.Load(source + j)));
        StoreUpTo(target + j, TVec.Add(LoadUpTo(target + j, count - j), LoadUpTo(source + j, count - j)), count - j);
    }

    /// <summary>What follows the last term of neighbouring sums, whose residuals begin so far from the first one.</summary>
    public static void Finish(in Finish<T> finish, nint residual, T* sums, int count)
    {
        if (finish.AddsFirst)
            Add(finish.Residual + residual, sums, count);
        if (finish.Operation != ElementwiseOperation.None)
            ElementwiseLoops<TVec, T>.Run(in finish, sums, count);
        if (finish.AddsLast)
            Add(finish.Residual + residual, sums, count);
    }

    /// <summary>row[i] *= factor for i &lt; count.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Scale(T* row, int count, T factor)
    {
        TVec factors = TVec.Broadcast(factor);
        for (int j = 0; j < count; j += TVec.Count)
            StoreUpTo(row + j, TVec.Multiply(factors, LoadUpTo(row + j, count - j)), count - j);
    }

    /// <summary>Copies elements 0, 2, 4 ... of a row to one row and 1, 3, 5 ... to another; writes whole registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Split(T* source, int count, T* even, T* odd)
    {
        int j = 0, w = TVec.Count;
        for (; 2 * (j + w) <= count; j += w)
        {
            (TVec x, TVec y) = TVec.Deinterleave(TVec.Load(source + (2 * j)), TVec.Load(source + (2 * j) + w));
            TVec.Store(even + j, x);
            TVec.Store(odd + j, y);
        }

        if (2 * j < count)
        {
            T* from = source + (2 * j);
            (TVec x, TVec y) =
                TVec.Deinterleave(LoadUpTo(from, count - (2 * j)), LoadUpTo(from + TVec.Count, count - (2 * j) - TVec.Count));
            TVec.Store(even + j, x);
            TVec.Store(odd + j, y);
        }
    }

    /// <summary>
    /// A register of elements <paramref name="step"/> apart; reads one element behind the last where the step is 2.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Load(T* source, nint step)
    {
        if (step == 1)
            return TVec.Load(source);
        return step == 2 && TVec.Count > 1
            ? TVec.Deinterleave(TVec.Load(source), TVec.Load(source + TVec.Count)).Even
            : Collect(source, step, TVec.Count);
    }

    /// <summary>
    /// The first <paramref name="count"/> elements, <paramref name="step"/> apart, zeros behind; reads none beyond the last.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec LoadUpTo(T* source, nint step, int count)
    {
        if (step == 1)
            return LoadUpTo(source, count);
        if (step != 2 || TVec.Count == 1)
            return Collect(source, step, Math.Min(count, TVec.Count));
        int reach = (2 * count) - 1;
        return TVec.Deinterleave(LoadUpTo(source, reach), LoadUpTo(source + TVec.Count, reach - TVec.Count)).Even;
    }

    private static TVec Collect(T* source, nint step, int count)
    {
        TVec lanes = default;
        for (int i = 0; i < count; i++)
            ((T*)&lanes)[i] = source[i * step];
        return lanes;
    }

    /// <summary>
    /// The first <paramref name="count"/> elements, as many as a register holds at most, none if it is 0 or less.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec LoadUpTo(T* source, int count) =>
        count >= TVec.Count ? TVec.Load(source) : count <= 0 ? default : TVec.LoadPartial(source, count);

    /// <summary>
    /// Writes the first <paramref name="count"/> elements, as many as a register holds at most, none if it is 0 or less.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreUpTo(T* target, TVec value, int count)
    {
        if (count >= TVec.Count)
            TVec.Store(target, value);
        else if (count > 0)
            TVec.StorePartial(target, value, count);
    }
}
