namespace SimdConv.Core;

/// <summary>
/// The sums s1*x1 + ... + sn*xn of integers 0 &lt;= xi &lt;= mi, with strides si &gt; 0: the offsets of a strided operand's
/// elements from its first one. Whether a number is such a sum is decided exactly, without visiting the sums.
/// </summary>
/// <remarks>
/// Dimensions whose sums follow each other without a gap are one dimension: rows of a contiguous image, or its planes. Those that
/// are left are mostly nested, each stride larger than the sum that the smaller ones reach, so that an index has one or two
/// candidates. The two smallest strides are a linear congruence, which Euclid's algorithm solves. Strides without such an order
/// (four that are almost equal, in each of two operands) can take as many steps as the indices of six dimensions have
/// combinations. All sums together must stay below 2^62.
/// </remarks>
internal unsafe struct StridedSums
{
    /// <summary>
    /// The largest sum that <see cref="AreDistinct"/> and <see cref="Contains"/> may meet: twice that is a long too.
    /// </summary>
    public const long Largest = long.MaxValue / 2;

    /// <summary>Dimensions of two operands together.</summary>
    private const int Most = 8;

    // Strides ascend. Reach and divisor are of a dimension and all before it: the largest sum, and what divides all sums.
    private fixed long strides[Most], lasts[Most], reaches[Most], divisors[Most];
    private int count;

    /// <summary>
    /// Whether different indices have different offsets, in an operand of at most four dimensions whose strides aren't negative.
    /// </summary>
    public static bool AreDistinct(params ReadOnlySpan<(nint Stride, nint Count)> dimensions)
    {
        Span<(long Stride, long Last)> ascending = stackalloc (long, long)[Most];
        int count = 0;
        foreach ((nint stride, nint size) in dimensions)
        {
            if (size == 0)
                return true;
            if (size == 1)
                continue;
            int at = count++;
            for (; at > 0 && ascending[at - 1].Stride > stride; at--)
                ascending[at] = ascending[at - 1];
            ascending[at] = (stride, size - 1);
        }

        // Two indices share an offset if their difference d, not 0, has s1*d1 + ... + sn*dn = 0. Its last dimension k that isn't
        // 0 may be taken to be positive: then sk*(dk - 1) + (sum over i
        // < k of si*(di + mi)) = (sum over i < k of si*mi) - sk, in indices from 0 on.
        long reach = 0;
        for (int k = 0; k < count; k++)
        {
            (long stride, long last) = ascending[k];
            if (stride <= reach)
            {
                StridedSums differences = default;
                for (int i = 0; i < k; i++)
                    differences.Add(ascending[i].Stride, 2 * ascending[i].Last);
                differences.Add(stride, last - 1);
                if (differences.Contains(reach - stride))
                    return false;
            }

            reach += stride * last;
        }

        return true;
    }

    /// <summary>
    /// Adds the dimension of indices 0 to <paramref name="last"/>; at most eight of different strides, none of which is negative.
    /// </summary>
    public void Add(long stride, long last)
    {
        if (stride == 0 || last == 0)
            return;
        int at = count;
        while (at > 0 && strides[at - 1] > stride)
            at--;
        if (at > 0 && strides[at - 1] == stride)
        {
            lasts[at - 1] += last;
            return;
        }

        for (int i = count++; i > at; i--)
            (strides[i], lasts[i]) = (strides[i - 1], lasts[i - 1]);
        (strides[at], lasts[at]) = (stride, last);
    }

    /// <summary>Whether a number is one of the sums. Asked once all dimensions are there.</summary>
    public bool Contains(long value)
    {
        if (value < 0)
            return false;
        Join();
        long reach = 0, divisor = 0;
        for (int i = 0; i < count; i++)
        {
            reaches[i] = reach += strides[i] * lasts[i];
            divisors[i] = divisor = Shapes.CommonDivisor(strides[i], divisor);
        }

        return count == 0 ? value == 0 : Search(count - 1, value);
    }

    /// <summary>
    /// Joins neighbouring dimensions whose sums together are all multiples of the smaller stride up to the largest sum.
    /// </summary>
    private void Join()
    {
        int kept = 0;
        for (int i = 0; i < count; i++)
        {
            int into = 0;
            while (into < kept && !(strides[i] % strides[into] == 0 && strides[i] / strides[into] <= lasts[into] + 1))
                into++;
            if (into < kept)
                lasts[into] += strides[i] / strides[into] * lasts[i];
            else
                (strides[kept], lasts[kept++]) = (strides[i], lasts[i]);
        }

        count = kept;
    }

    /// <summary>Whether a number is a sum of dimensions 0 to k.</summary>
    private bool Search(int k, long value)
    {
        if (value < 0 || value > reaches[k] || value % divisors[k] != 0)
            return false;
        if (k == 0)
            return true;

        // Only indices whose remainder the smaller dimensions can still reach are tried.
        long stride = strides[k], last = Math.Min(lasts[k], value / stride);
        long first = value <= reaches[k - 1] ? 0 : Shapes.DivideUp(value - reaches[k - 1], stride);
        if (k == 1)
            return first <= last && MeetsMultiple(value, stride, first, last, strides[0]);
        for (long x = last; x >= first; x--)
        {
            if (Search(k - 1, value - (x * stride)))
                return true;
        }

        return false;
    }

    /// <summary>
    /// Whether value - x*stride is a multiple of <paramref name="unit"/> for an x from first to last; their common divisor
    /// divides the value.
    /// </summary>
    private static bool MeetsMultiple(long value, long stride, long first, long last, long unit)
    {
        const int Few = 4;
        if (last - first < Few)
        {
            for (long x = first; x <= last; x++)
            {
                if ((value - (x * stride)) % unit == 0)
                    return true;
            }

            return false;
        }

        // x = (value / d) / (stride / d) modulo unit / d, d being the common divisor.
        long divisor = Shapes.CommonDivisor(stride, unit), modulus = unit / divisor;
        if (last - first >= modulus - 1)
            return true;
        long root = (long)((Int128)(value / divisor % modulus) * Inverse(stride / divisor % modulus, modulus) % modulus);
        long ahead = root - (first % modulus);
        return first + (ahead < 0 ? ahead + modulus : ahead) <= last;
    }

    /// <summary>The inverse of a number that has no divisor in common with the modulus.</summary>
    private static long Inverse(long number, long modulus)
    {
        (long a, long b, long x, long y) = (number, modulus, 1, 0);
        while (b != 0)
        {
            long quotient = a / b;
            (a, b) = (b, a - (quotient * b));
            (x, y) = (y, x - (quotient * y));
        }

        return x < 0 ? x + modulus : x;
    }
}
