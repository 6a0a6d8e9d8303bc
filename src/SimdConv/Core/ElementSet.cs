namespace SimdConv.Core;

/// <summary>
/// The elements of a strided operand of up to four dimensions, to tell whether two operands share any. No stride of more than one
/// element is negative.
/// </summary>
internal readonly unsafe struct ElementSet<T>
    where T : unmanaged
{
    private readonly T* data;
    private readonly (nint Stride, nint Count) d0, d1, d2, d3;

    /// <summary>From the first element to behind the last one; 0 without elements.</summary>
    private readonly long length;

    public ElementSet(T* data, (nint Stride, nint Count) d0, (nint Stride, nint Count) d1 = default,
        (nint Stride, nint Count) d2 = default, (nint Stride, nint Count) d3 = default)
    {
        this.data = data;
        this.d0 = d0;
        (this.d1, this.d2, this.d3) = (OneIfUnset(d1), OneIfUnset(d2), OneIfUnset(d3));
        bool empty = d0.Count == 0 || this.d1.Count == 0 || this.d2.Count == 0 || this.d3.Count == 0;
        length = empty ? 0 : 1 + Reach(d0) + Reach(this.d1) + Reach(this.d2) + Reach(this.d3);

        static (nint, nint) OneIfUnset((nint Stride, nint Count) d) => d == default ? (0, 1) : d;
        static long Reach((nint Stride, nint Count) d) => (long)d.Stride * (d.Count - 1);
    }

    /// <summary>
    /// Whether both sets have an element in common, or a part of one. Ranges that merely interleave (two column blocks of one
    /// matrix, channels of one image) don't. Exact, and without workspace.
    /// </summary>
    public bool Intersects(in ElementSet<T> other) =>
        length != 0 && other.length != 0 && data + length > other.data && other.data + other.length > data
        && SharesElement(other);

    private bool SharesElement(in ElementSet<T> other)
    {
        // Indices i of this set and j of the other one meet where the sum of i*stride, less that of j*stride, is how far the
        // other set begins behind this one. With j counted from the last element down, the second sum is added instead.
        StridedSums sums = default;
        Add(ref sums);
        other.Add(ref sums);
        (long ahead, long bytes) = Math.DivRem((byte*)other.data - (byte*)data, sizeof(T));
        long end = ahead + other.length - 1;
        if (bytes == 0)
            return sums.Contains(end);

        // Where the distance is no whole number of elements, an element shares bytes with two neighbours of the other set.
        StridedSums again = sums;
        return sums.Contains(end) || again.Contains(end + Math.Sign(bytes));
    }

    private void Add(ref StridedSums sums)
    {
        sums.Add(d0.Stride, d0.Count - 1);
        sums.Add(d1.Stride, d1.Count - 1);
        sums.Add(d2.Stride, d2.Count - 1);
        sums.Add(d3.Stride, d3.Count - 1);
    }
}
