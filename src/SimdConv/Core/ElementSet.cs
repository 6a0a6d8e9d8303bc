namespace SimdConv.Core;

/// <summary>The elements of a strided operand of up to four dimensions, to tell whether two operands share any.</summary>
internal readonly unsafe struct ElementSet<T>
    where T : unmanaged
{
    private readonly T* data;
    private readonly (nint Stride, nint Count) d0, d1, d2, d3;
    private readonly long length;

    public ElementSet(T* data, (nint Stride, nint Count) d0, (nint Stride, nint Count) d1 = default, (nint Stride, nint Count) d2 = default, (nint Stride, nint Count) d3 = default)
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
    /// Whether both sets have an element in common. Ranges that merely interleave (two column blocks of one matrix) don't.
    /// </summary>
    public bool Intersects(in ElementSet<T> other)
    {
        if (length == 0 || other.length == 0 || data + length <= other.data || other.data + other.length <= data)
            return false;
        if (((byte*)data - (byte*)other.data) % sizeof(T) != 0)
            return true;

        // Two column blocks of one matrix: the same rows, and columns that don't meet.
        nint ld = d0.Stride;
        if (ld > 0 && ld == other.d0.Stride && IsMatrix && other.IsMatrix)
        {
            nint column = (nint)(other.data - data) % ld;
            column += column < 0 ? ld : 0;
            if (column >= d1.Count && column + other.d1.Count <= ld)
                return false;
        }

        // Rare: a map of the range that both cover, a bit an element.
        T* from = data > other.data ? data : other.data;
        T* to = data + length < other.data + other.length ? data + length : other.data + other.length;
        long words = ((to - from) / 64) + 1;
        using Workspace workspace = new(Workspace.SizeOf<ulong>(words));
        ulong* map = workspace.Take<ulong>(words);
        for (long i = 0; i < words; i++)
            map[i] = 0;
        Visit(from, to, map, mark: true);
        return other.Visit(from, to, map, mark: false);
    }

    private bool IsMatrix => d1.Stride == 1 && d2.Count == 1 && d3.Count == 1;

    /// <summary>Marks own elements within the range, or tells whether one of them is marked.</summary>
    private bool Visit(T* from, T* to, ulong* map, bool mark)
    {
        for (nint i0 = 0; i0 < d0.Count; i0++)
        {
            for (nint i1 = 0; i1 < d1.Count; i1++)
            {
                for (nint i2 = 0; i2 < d2.Count; i2++)
                {
                    T* row = data + (i0 * d0.Stride) + (i1 * d1.Stride) + (i2 * d2.Stride);
                    for (nint i3 = 0; i3 < d3.Count; i3++)
                    {
                        T* element = row + (i3 * d3.Stride);
                        if (element < from || element >= to)
                            continue;
                        ulong bit = 1UL << (int)((element - from) & 63);
                        if (mark)
                            map[(element - from) >> 6] |= bit;
                        else if ((map[(element - from) >> 6] & bit) != 0)
                            return true;
                    }
                }
            }
        }

        return false;
    }
}
