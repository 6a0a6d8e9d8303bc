using System.Numerics;
using SimdConv.Perf.Compare;
using SimdConv.Perf.Peers;

namespace SimdConv.Perf.Suites;

/// <summary>
/// The images that SimdConv reads and writes, where their layout may differ from NCHW, which every peer has. Copies are plain
/// loops, made before and after what is timed.
/// </summary>
internal sealed class OwnImages(ImageOrder order, int batch)
{
    public ImageLayout LayoutOf(int channels, int height, int width) => order == ImageOrder.Chwn
        ? ImageLayout.Chwn(channels, height, width, batch)
        : ImageLayout.Nchw(channels, height, width);

    /// <summary>Images of NCHW in the own layout: the same array where that is NCHW too.</summary>
    public NativeArray<T> From<T>(NativeArray<T> images)
        where T : unmanaged, INumberBase<T>
    {
        if (order == ImageOrder.Nchw)
            return images;
        NativeArray<T> copy = new(images.Length);
        ReadOnlySpan<T> from = images;
        Span<T> to = copy;
        int elements = images.Length / batch;
        for (int n = 0; n < batch; n++)
        {
            for (int i = 0; i < elements; i++)
                to[(i * batch) + n] = from[(n * elements) + i];
        }

        return copy;
    }

    /// <summary>Results in the own layout as the cross-check reads them: in NCHW.</summary>
    public NativeArray Results<T>(NativeArray<T> images)
        where T : unmanaged, INumberBase<T> =>
        order == ImageOrder.Nchw ? images : new InnermostImages<T>(images, batch);

    /// <summary>Images that lie innermost, [channel][row][column][image], read in the order of NCHW.</summary>
    private sealed class InnermostImages<T> : NativeArray
        where T : unmanaged, INumberBase<T>
    {
        private readonly NativeArray<T> images;
        private readonly int batch;

        public InnermostImages(NativeArray<T> images, int batch)
        {
            (this.images, this.batch) = (images, batch);
            Length = images.Length;
        }

        public override void Widen(int start, Span<double> values)
        {
            ReadOnlySpan<T> from = images;
            int elements = Length / batch;
            for (int i = 0; i < values.Length; i++)
            {
                (int n, int element) = Math.DivRem(start + i, elements);
                values[i] = double.CreateChecked(from[(element * batch) + n]);
            }
        }
    }
}
