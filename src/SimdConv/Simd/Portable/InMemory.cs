namespace SimdConv.Simd;

/// <summary>
/// Operations of lanes by way of memory, one element after the other: for registers whose instructions portable code can't name.
/// </summary>
internal static unsafe class InMemory<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static TVec LoadPartial(T* source, int count)
    {
        TVec value = default;
        Unsafe.CopyBlockUnaligned(&value, source, (uint)(count * sizeof(T)));
        return value;
    }

    public static void StorePartial(T* target, TVec value, int count) =>
        Unsafe.CopyBlockUnaligned(target, &value, (uint)(count * sizeof(T)));

    /// <summary>The elements that a mask of which some bits are set selects.</summary>
    public static TVec LoadMasked(T* source, TVec mask)
    {
        // Where one element may be read, so may its page, which no system makes smaller than 4 KB.
        const int Page = 4096;
        if (((nuint)source & (Page - 1)) <= (nuint)(Page - sizeof(TVec)))
            return TVec.And(TVec.Load(source), mask);
        TVec value = default;
        for (int i = 0; i < TVec.Count; i++)
        {
            // Set bits are NaN.
            if (T.IsNaN(((T*)&mask)[i]))
                ((T*)&value)[i] = source[i];
        }

        return value;
    }

    public static TVec FromBytes(byte* source)
    {
        TVec value = default;
        for (int i = 0; i < TVec.Count; i++)
            ((T*)&value)[i] = T.CreateTruncating(source[i]);
        return value;
    }

    public static void ToBytes(byte* target, TVec value)
    {
        for (int i = 0; i < TVec.Count; i++)
            target[i] = byte.CreateTruncating(((T*)&value)[i]);
    }

    public static (TVec Even, TVec Odd) Deinterleave(TVec low, TVec high)
    {
        TVec* source = stackalloc TVec[2] { low, high }, target = stackalloc TVec[2];
        for (int i = 0; i < TVec.Count; i++)
        {
            ((T*)target)[i] = ((T*)source)[2 * i];
            ((T*)target)[TVec.Count + i] = ((T*)source)[(2 * i) + 1];
        }

        return (target[0], target[1]);
    }

    public static (TVec Low, TVec High) Interleave(TVec even, TVec odd)
    {
        TVec* source = stackalloc TVec[2] { even, odd }, target = stackalloc TVec[2];
        for (int i = 0; i < TVec.Count; i++)
        {
            ((T*)target)[2 * i] = ((T*)source)[i];
            ((T*)target)[(2 * i) + 1] = ((T*)source)[TVec.Count + i];
        }

        return (target[0], target[1]);
    }

    public static (TVec Low, TVec High) Exchange(TVec a, TVec b, int bit)
    {
        for (int i = 0; i < TVec.Count; i++)
        {
            if ((i & bit) != 0)
                (((T*)&a)[i], ((T*)&b)[i - bit]) = (((T*)&b)[i - bit], ((T*)&a)[i]);
        }

        return (a, b);
    }
}
