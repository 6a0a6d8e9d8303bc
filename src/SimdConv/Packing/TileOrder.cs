using SimdConv.Kernels;

namespace SimdConv.Packing;

/// <summary>
/// How the tiles of a batch are numbered: by image, row and column; or, where images are in lanes, by block of images, row,
/// column and image of the block. And how they are cut in blocks whose tiles are neighbours in that order.
/// </summary>
internal readonly struct TileOrder
{
    /// <summary>Images of a block at most, where they are in lanes.</summary>
    public const int MostImages = 64 + ImageBlocks.MostRest;

    private readonly int tilesHigh, tilesWide, width;
    private readonly bool areImagesInLanes;
    private readonly ImageBlocks images;
    private readonly Panels registers, parts;

    /// <param name="batch">Images.</param>
    /// <param name="tilesHigh">Rows of tiles of an image.</param>
    /// <param name="tilesWide">Tiles of a row.</param>
    /// <param name="blockImages">Images of a block, but for the last one's rest, where images are in lanes; else 0.</param>
    /// <param name="width">Elements of a register.</param>
    /// <param name="most">Registers of a block at most; where a single tile of the images of a block is more, that many.</param>
    /// <param name="groups">Groups that have such blocks.</param>
    /// <param name="threads">Threads that blocks are shared out between: few blocks become a multiple of them.</param>
    public TileOrder(int batch, int tilesHigh, int tilesWide, int blockImages, int width, int most, int groups, int threads)
    {
        (this.tilesHigh, this.tilesWide, this.width, areImagesInLanes) = (tilesHigh, tilesWide, width, blockImages > 0);
        images = new(batch, Math.Max(1, blockImages));
        Count = (long)batch * tilesHigh * tilesWide;
        if (areImagesInLanes)
        {
            int together = Math.Max(1, images.Most);
            parts = new(tilesWide, Math.Max(1, most * width / together));
            Blocks = (long)images.Count * tilesHigh * parts.Count;
            MostLanes = Shapes.RoundUp(together * parts.Rows(0), width);
            return;
        }

        // A batch that memory holds has fewer; WorkspaceBytes is asked about others too.
        int vectors = (int)Math.Min(int.MaxValue, Shapes.DivideUp(Count, width)), blocks = new Panels(vectors, most).Count;
        if ((long)blocks * groups < 4L * threads)
            blocks = (int)Math.Min(vectors, Shapes.RoundUp((long)blocks, threads));
        registers = new(vectors, blocks == 0 ? 1 : Shapes.DivideUp(vectors, blocks));
        Blocks = registers.Count;
        MostLanes = registers.Rows(0) * width;
    }

    /// <summary>Tiles.</summary>
    public long Count { get; }

    /// <summary>Blocks of tiles.</summary>
    public long Blocks { get; }

    /// <summary>Lanes of the largest block: whole registers.</summary>
    public int MostLanes { get; }

    /// <summary>Tiles [First, End) are a block, in so many lanes.</summary>
    public (long First, long End, int Lanes) Block(long block)
    {
        if (!areImagesInLanes)
        {
            long first = (long)registers.Start((int)block) * width;
            int lanes = registers.Rows((int)block) * width;
            return (first, Math.Min(first + lanes, Count), lanes);
        }

        (long row, int part) = ((long, int))(block / parts.Count, block % parts.Count);
        int group = (int)(row / tilesHigh), together = images.Images(group), count = parts.Rows(part) * together;
        long begin = ((long)images.Start(group) * tilesHigh * tilesWide)
            + ((((row % tilesHigh) * tilesWide) + parts.Start(part)) * together);
        return (begin, begin + count, Shapes.RoundUp(count, width));
    }

    /// <summary>The run that begins at a tile, <paramref name="most"/> tiles at most.</summary>
    public TileRun Run(long tile, int at, int most)
    {
        long ofImage = (long)tilesHigh * tilesWide;
        int group = images.Holding((int)(tile / ofImage)), first = images.Start(group), together = images.Images(group);
        (long row, long column) = Math.DivRem(tile - (first * ofImage), (long)tilesWide * together);
        return new(first, together, (int)row, (int)column, (int)Math.Min(((long)tilesWide * together) - column, most), at);
    }

    /// <summary>Rows of tiles, each of all images of a block of them.</summary>
    public long Rows => (long)images.Count * tilesHigh;

    /// <summary>The first tile of a row, or the number of tiles behind the last row.</summary>
    public long RowStart(long row)
    {
        int group = (int)(row / tilesHigh);
        return row == Rows ? Count
            : (((long)images.Start(group) * tilesHigh) + (row % tilesHigh * images.Images(group))) * tilesWide;
    }

    /// <summary>
    /// The end of a block that begins at a tile, and its lanes: where images are in lanes, it ends with the row and has whole
    /// tiles of all images of the row.
    /// </summary>
    public (long End, int Lanes) BlockFrom(long tile, long last)
    {
        if (tile == last)
            return (last, 0);
        int lanes = MostLanes;
        if (areImagesInLanes)
        {
            TileRun run = Run(tile, 0, int.MaxValue);
            lanes = Math.Min(run.Count, MostLanes / run.Images * run.Images);
        }

        long end = Math.Min(tile + lanes, last);
        return (end, Shapes.RoundUp((int)(end - tile), width));
    }
}
