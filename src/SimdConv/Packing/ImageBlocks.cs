namespace SimdConv.Packing;

/// <summary>
/// How a batch with images innermost is cut in blocks whose images are transformed together: blocks of equal size, whole
/// registers of any tier, but for the last one, which has the rest; a rest that would fill no register belongs to the block
/// before it. 33 to 47 images are halved. The sizes depend on no tier, for the order of weight gradients depends on them.
/// </summary>
internal readonly struct ImageBlocks
{
    /// <summary>The images that a block has more than it was asked for, at most.</summary>
    public const int MostRest = Register - 1;

    /// <summary>Elements of the largest register.</summary>
    private const int Register = 16;

    private readonly int batch, size;

    /// <param name="batch">Images.</param>
    /// <param name="most">Images of a block, without such a rest.</param>
    public ImageBlocks(int batch, int most)
    {
        this.batch = batch;
        size = most < Register ? most : most / Register * Register;
        if (size >= 2 * Register && batch < 3 * Register)
        {
            Count = (batch + (2 * Register) - 1) / (2 * Register);
            size = Count == 0 ? size : (batch + Count - 1) / Count;
            return;
        }

        int rest = most < Register ? 0 : MostRest;
        Count = batch <= rest ? Math.Min(batch, 1) : (int)(((long)batch - rest + size - 1) / size);
    }

    public int Count { get; }

    /// <summary>Images of the largest block.</summary>
    public int Most => Count < 2 ? batch : Math.Max(size, Images(Count - 1));

    public int Start(int block) => block * size;

    /// <summary>The block that an image is in.</summary>
    public int Holding(int image) => Math.Min(image / size, Count - 1);

    public int Images(int block) => block == Count - 1 ? batch - Start(block) : size;
}
