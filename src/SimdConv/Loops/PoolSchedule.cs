namespace SimdConv.Loops;

/// <summary>What a pooling plan knows about its windows, one axis at a time.</summary>
internal sealed class PoolSchedule
{
    public PoolSchedule(Pool2DShape shape, PoolKind kind)
    {
        Shape = shape;
        Kind = kind;
        Rows = new Axis(shape.P, shape.R, shape.H, shape.StrideH, shape.PadTop, shape.PadBottom, shape.DilationH, shape.CountIncludePad);
        Columns = new Axis(shape.Q, shape.S, shape.W, shape.StrideW, shape.PadLeft, shape.PadRight, shape.DilationW, shape.CountIncludePad);
    }

    public Pool2DShape Shape { get; }

    public PoolKind Kind { get; }

    public Axis Rows { get; }

    public Axis Columns { get; }

    /// <summary>Bytes that a winning tap is stored in.</summary>
    public int WinnerSize => (long)Shape.R * Shape.S <= 256 ? 1 : 4;

    /// <summary>One axis of the windows.</summary>
    public sealed class Axis
    {
        public Axis(int windows, int kernel, int size, int stride, int padBefore, int padAfter, int dilation, bool includePad)
        {
            Taps = new (int, int)[windows];
            Counts = new int[windows];
            (WholeFirst, WholeLast) = (windows, 0);
            for (int i = 0; i < windows; i++)
            {
                long start = ((long)i * stride) - padBefore;
                int first = (int)((Math.Max(0, -start) + dilation - 1) / dilation);
                int last = (int)Math.Min(kernel, (size - start + dilation - 1) / dilation);
                Taps[i] = (first, last);

                // PyTorch's rule: a window is cut at the end of the padding, then, unless padding counts, at the image.
                long end = Math.Min(start + kernel, (long)size + padAfter);
                Counts[i] = (int)(includePad ? end - start : Math.Min(end, size) - Math.Max(start, 0));
                if (first == 0 && last == kernel)
                    (WholeFirst, WholeLast) = (Math.Min(WholeFirst, i), i + 1);
            }
        }

        /// <summary>For each window its taps [First, Last) that lie in the image; there is at least one.</summary>
        public (int First, int Last)[] Taps { get; }

        /// <summary>For each window what it counts for in an average: the divisor is the product over both axes.</summary>
        public int[] Counts { get; }

        /// <summary>The windows [WholeFirst, WholeLast) lie in the image with all their taps; empty where First is not below Last.</summary>
        public int WholeFirst { get; }

        /// <summary>See <see cref="WholeFirst"/>.</summary>
        public int WholeLast { get; }
    }
}
