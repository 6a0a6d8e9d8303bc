using SimdConv.Kernels;
using System.Numerics;

namespace SimdConv.Packing;

/// <summary>Copies rows with a stride on one side; touches no element but those it names and those between them.</summary>
internal static unsafe class RowCopy<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>target[i] = source[i * step] for i &lt; count.</summary>
    public static void Gather(T* source, nint step, T* target, int count)
    {
        int w = TVec.Count, j = 0;
        if (step == 1)
        {
            for (; j + w <= count; j += w)
                TVec.Store(target + j, TVec.Load(source + j));
            if (j < count)
                TVec.StorePartial(target + j, TVec.LoadPartial(source + j, count - j), count - j);
        }
        else if (step == 2 && w > 1)
        {
            for (; j + w < count; j += w)
                TVec.Store(target + j, TVec.Deinterleave(TVec.Load(source + (2 * j)), TVec.Load(source + (2 * j) + w)).Even);

            // Behind the last element nothing may be read.
            int rest = count - j, reach = (2 * rest) - 1;
            if (rest > 0)
            {
                TVec low = LoadUpTo(source + (2 * j), reach), high = LoadUpTo(source + (2 * j) + w, reach - w);
                StoreUpTo(target + j, TVec.Deinterleave(low, high).Even, rest);
            }
        }
        else
        {
            for (; j < count; j++)
                target[j] = source[j * step];
        }
    }

    /// <summary>target[2i] = even[i], target[2i + 1] = odd[i] for i &lt; count.</summary>
    public static void Interleave(T* even, T* odd, T* target, int count)
    {
        int w = TVec.Count;
        for (int j = 0; j < count && w > 1; j += w)
        {
            int rest = count - j;
            (TVec low, TVec high) = TVec.Interleave(LoadUpTo(even + j, rest), LoadUpTo(odd + j, rest));
            StoreUpTo(target + (2 * j), low, 2 * rest);
            StoreUpTo(target + (2 * j) + w, high, (2 * rest) - w);
        }

        for (int j = 0; j < count && w == 1; j++)
        {
            target[2 * j] = even[j];
            target[(2 * j) + 1] = odd[j];
        }
    }

    /// <summary>target[i] += source[i] for i &lt; count, <paramref name="step"/> apart in the target.</summary>
    public static void Add(T* source, T* target, nint step, int count)
    {
        int w = TVec.Count, j = 0;
        if (step == 1)
        {
            for (; j + w <= count; j += w)
                TVec.Store(target + j, TVec.Add(TVec.Load(target + j), TVec.Load(source + j)));
        }

        for (; j < count; j++)
            target[j * step] += source[j];
    }

    /// <summary>The first <paramref name="count"/> elements, as many as a register holds at most, none if it is 0 or less.</summary>
    public static TVec LoadUpTo(T* source, int count) =>
        count >= TVec.Count ? TVec.Load(source) : count <= 0 ? default : TVec.LoadPartial(source, count);

    /// <summary>Writes the first <paramref name="count"/> elements, as many as a register holds at most, none if it is 0 or less.</summary>
    public static void StoreUpTo(T* target, TVec value, int count)
    {
        if (count >= TVec.Count)
            TVec.Store(target, value);
        else if (count > 0)
            TVec.StorePartial(target, value, count);
    }
}
