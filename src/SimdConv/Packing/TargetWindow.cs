using SimdConv.Kernels;

namespace SimdConv.Packing;

/// <summary>
/// The part of a target image that a strip of a grid covers, to move rows of tiles to and from it. A tile's columns count
/// positions row by row, <c>pitch</c> from one row of the grid to the next, of which the first Width are real.
/// </summary>
internal readonly unsafe struct TargetWindow<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly T* origin;
    private readonly nint channelStride, rowStride, pixelStride;
    private readonly int width;
    private readonly bool contiguous;
    private readonly Finish<T> finish;

    /// <param name="grid">The grid.</param>
    /// <param name="layout">The target's strides.</param>
    /// <param name="target">The target's first element.</param>
    /// <param name="image">How far from it the image, or its first channel in question, begins.</param>
    /// <param name="finish">What is done ahead of the last store.</param>
    /// <param name="row">First row of the strip in the grid.</param>
    /// <param name="rows">Rows of the strip.</param>
    public TargetWindow(TapGrid grid, ImageLayout layout, T* target, nint image, in Finish<T> finish, int row, int rows)
    {
        width = grid.Width;
        channelStride = layout.C;
        rowStride = grid.StepH * layout.H;
        pixelStride = grid.StepW * layout.W;
        nint at = image + ((grid.OriginH + ((nint)row * grid.StepH)) * layout.H) + (grid.OriginW * layout.W);
        origin = target + at;
        this.finish = finish;
        if (finish.Residual != null)
            this.finish.Residual = finish.Residual + at;
        contiguous = rowStride == width * pixelStride || rows == 1;
    }

    private TargetWindow(T* target, nint at, nint channelStride, nint pixelStride, in Finish<T> finish, int width)
    {
        origin = target + at;
        this.channelStride = channelStride;
        this.pixelStride = pixelStride;
        this.width = width;
        this.finish = finish;
        if (finish.Residual != null)
            this.finish.Residual = finish.Residual + at;
        contiguous = true;
    }

    /// <summary>One pixel of neighbouring images, which take the place of positions.</summary>
    /// <param name="layout">The target's strides.</param>
    /// <param name="target">The target's first element.</param>
    /// <param name="at">How far from it the pixel of the first image and channel is.</param>
    /// <param name="finish">What is done ahead of the last store.</param>
    /// <param name="images">Images.</param>
    public static TargetWindow<TVec, T> OfImages(ImageLayout layout, T* target, nint at, in Finish<T> finish, int images) =>
        new(target, at, layout.C, layout.N, in finish, images);

    /// <summary>The first element of a channel.</summary>
    public T* Channel(int m) => origin + (m * channelStride);

    /// <summary>tile = beta * target; columns between rows are left as they are.</summary>
    public void Load(int m, int rows, int position, int count, int pitch, T* tile, nint ld, T beta) =>
        Read(origin, beta, accumulate: false, m, rows, position, count, pitch, tile, ld);

    /// <summary>tile = beta * target + tile.</summary>
    public void Add(int m, int rows, int position, int count, int pitch, T* tile, nint ld, T beta) =>
        Read(origin, beta, accumulate: true, m, rows, position, count, pitch, tile, ld);

    /// <summary>tile = scale * image, plus tile where <paramref name="accumulate"/> is set.</summary>
    private void Read(T* image, T scale, bool accumulate, int m, int rows, int position, int count, int pitch, T* tile, nint ld)
    {
        for (Run run = First(position, count, pitch); run.Length > 0; Next(ref run, count, pitch))
        {
            T* from = image + (m * channelStride) + run.Offset, to = tile + run.At;
            TileCopy<TVec, T>.Load(from, channelStride, pixelStride, scale, accumulate, to, ld, rows, run.Length);
        }
    }

    /// <summary>target = tile, where <paramref name="isLast"/> is set after the residual and the activation.</summary>
    public void Store(int m, int rows, int position, int count, int pitch, T* tile, nint ld, bool isLast)
    {
        if (isLast && finish.AddsFirst)
            Read(finish.Residual, T.One, accumulate: true, m, rows, position, count, pitch, tile, ld);
        for (int i = 0; i < rows && isLast && finish.Operation != ElementwiseOperation.None; i++)
            ElementwiseLoops<TVec, T>.Run(in finish, tile + (i * ld), count);
        if (isLast && finish.AddsLast)
            Read(finish.Residual, T.One, accumulate: true, m, rows, position, count, pitch, tile, ld);
        for (Run run = First(position, count, pitch); run.Length > 0; Next(ref run, count, pitch))
        {
            T* to = origin + (m * channelStride) + run.Offset;
            TileCopy<TVec, T>.Store(tile + run.At, ld, rows, run.Length, to, channelStride, pixelStride);
        }
    }

    /// <summary>The residual and the activation of channels whose sums the target has, pixels being neighbours.</summary>
    public void Finish(int m, int channels, int row, int rows)
    {
        if (finish.IsNone)
            return;
        int runs = contiguous ? 1 : rows, length = contiguous ? rows * width : width;
        for (int i = 0; i < channels * runs; i++)
        {
            nint at = ((m + (i / runs)) * channelStride) + ((row + (i % runs)) * rowStride);
            RowCopy<TVec, T>.Finish(in finish, at, origin + at, length);
        }
    }

    /// <summary>tile = beta * target, with output channels in the lanes of the tile.</summary>
    /// <param name="m">The first output.</param>
    /// <param name="outputs">Outputs.</param>
    /// <param name="places">null, or where the outputs are, if these are not one channel each.</param>
    /// <param name="position">The first position.</param>
    /// <param name="count">Positions.</param>
    /// <param name="pitch">From one row of positions to the next.</param>
    /// <param name="tile">Rows of outputs, one for each position.</param>
    /// <param name="ld">From one row of the tile to the next.</param>
    /// <param name="beta">Multiplies the target.</param>
    public void LoadTransposed(
        int m, int outputs, OutputPlaces* places, int position, int count, int pitch, T* tile, nint ld, T beta) =>
        ReadTransposed(origin, beta, m, outputs, places, position, count, pitch, tile, ld);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ReadTransposed(
        T* image, T scale, int m, int outputs, OutputPlaces* places, int position, int count, int pitch, T* tile, nint ld)
    {
        for (Run run = First(position, count, pitch); run.Length > 0 && places != null; Next(ref run, count, pitch))
        {
            for (int i = 0; i < run.Length; i++)
            {
                T* row = tile + ((run.At + i) * ld);
                places->Gather<TVec, T>(image + run.Offset + (i * pixelStride), row);
                if (scale != T.One)
                    RowCopy<TVec, T>.Scale(row, outputs, scale);
            }
        }

        if (places != null)
            return;
        for (Run run = First(position, count, pitch); run.Length > 0; Next(ref run, count, pitch))
        {
            T* from = image + (m * channelStride) + run.Offset, to = tile + (run.At * ld);
            for (int j = 0; j < outputs && pixelStride == 1; j += TVec.Count)
            {
                int lanes = Math.Min(TVec.Count, outputs - j);
                T* end = to + j + ((run.Length - 1) * ld) + lanes;
                TransposeBlocks<TVec, T>.Run(
                    from + (j * channelStride), channelStride, lanes, run.Length, to + j, ld, end, exact: true);
            }

            for (int i = 0; i < run.Length && pixelStride == 1 && scale != T.One; i++)
                RowCopy<TVec, T>.Scale(to + (i * ld), outputs, scale);
            for (int i = 0; i < run.Length && pixelStride != 1; i++)
            {
                for (int j = 0; j < outputs; j++)
                    to[(i * ld) + j] = scale * from[(j * channelStride) + (i * pixelStride)];
            }
        }
    }

    /// <summary>
    /// target = tile with output channels in its lanes, where <paramref name="isLast"/> is set after the residual and the
    /// activation.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void StoreTransposed(
        int m, int outputs, OutputPlaces* places, int position, int count, int pitch, T* tile, nint ld, T* spare, bool isLast)
    {
        if (isLast && finish.Residual != null)
            ReadTransposed(finish.Residual, T.One, m, outputs, places, position, count, pitch, spare, ld);
        if (isLast && finish.AddsFirst)
            Add(spare, tile, count * ld);
        if (isLast && finish.Operation != ElementwiseOperation.None)
            ElementwiseLoops<TVec, T>.Run(in finish, tile, count * ld);
        if (isLast && finish.AddsLast)
            Add(spare, tile, count * ld);
        for (Run run = First(position, count, pitch); run.Length > 0; Next(ref run, count, pitch))
        {
            T* from = tile + (run.At * ld), to = origin + (m * channelStride) + run.Offset;
            if (places != null)
            {
                for (int i = 0; i < run.Length; i++)
                    places->Scatter<TVec, T>(from + (i * ld), origin + run.Offset + (i * pixelStride));
                continue;
            }

            // A transpose tells columns from each other by where they begin: a channel of its own for each.
            bool isPlanar = pixelStride == 1 && channelStride >= run.Length;
            for (int i = 0; i < run.Length && isPlanar; i += TVec.Count)
            {
                int lanes = Math.Min(TVec.Count, run.Length - i);
                T* end = to + i + ((outputs - 1) * channelStride) + lanes;
                TransposeBlocks<TVec, T>.Run(from + (i * ld), ld, lanes, outputs, to + i, channelStride, end, exact: true);
            }

            for (int i = 0; i < run.Length && !isPlanar; i++)
                RowCopy<TVec, T>.Scatter(from + (i * ld), to + (i * pixelStride), channelStride, outputs);
        }
    }

    /// <summary>Adds a tile of whole registers to another one.</summary>
    private static void Add(T* source, T* tile, nint count)
    {
        for (nint i = 0; i < count; i += TVec.Count)
            TVec.Store(tile + i, TVec.Add(TVec.Load(tile + i), TVec.Load(source + i)));
    }

    /// <summary>Neighbouring columns of a tile that are one row of the target, or part of one.</summary>
    private struct Run
    {
        /// <summary>The first column in the tile, and how many there are; 0 or less behind the last.</summary>
        public int At, Length;

        /// <summary>Where the first goes, from the channel's origin.</summary>
        public nint Offset;

        /// <summary>
        /// The column, At or a negative one, at which the row of the grid begins, and where that is in the target.
        /// </summary>
        public int RowAt;
        public nint RowOffset;
    }

    private Run First(int position, int count, int pitch)
    {
        if (contiguous && pitch == width)
            return new() { Length = count, Offset = position * pixelStride, RowAt = count };
        int row = position / pitch, column = position - (row * pitch);
        Run run = new() { RowAt = -column, RowOffset = row * rowStride };
        if (column < width)
        {
            run.Length = Math.Min(width - column, count);
            run.Offset = run.RowOffset + (column * pixelStride);
        }
        else
        {
            Next(ref run, count, pitch);
        }

        return run;
    }

    private void Next(ref Run run, int count, int pitch)
    {
        run.RowAt += pitch;
        run.RowOffset += rowStride;
        run.At = run.RowAt;
        run.Offset = run.RowOffset;
        run.Length = Math.Min(width, count - run.At);
    }
}
