namespace SimdConv.Loops;

/// <summary>
/// The sums of a bias gradient over a chunk: chains of at most 4096 terms, one block of them after the other, and the blocks
/// added as a balanced tree. A single chain in float drifts: 2^20 times 0.1 comes out 1 % too large.
/// </summary>
/// <remarks>
/// A row has ceil(Q / lanes) steps, each with a term of every lane; steps are counted from the chunk's first row. Blocks are so
/// far added as a binary counter counts: level i holds the sum of 2^i of them where bit i of their number is set.
/// </remarks>
internal unsafe struct BiasTree<T>(T* levels, int ld)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Steps of a block.</summary>
    private const int BlockSteps = 4096;

    /// <summary>Steps that the block in work has room for; at 0 its sums have to be pushed ahead of the next step.</summary>
    public long Left { get; private set; } = BlockSteps;

    private long pushed;

    /// <summary>Sums of no interest: blocks without an end.</summary>
    public static BiasTree<T> None => new(null, 0) { Left = long.MaxValue };

    /// <summary>Steps of a row.</summary>
    public static int Steps(int width, int lanes) => Shapes.DivideUp(width, lanes);

    /// <summary>Levels for all blocks of a batch.</summary>
    public static int Levels(Conv2DShape shape, int batch, int lanes) => Levels((double)batch * shape.P, shape.Q, lanes);

    /// <summary>Levels for all blocks of some rows of positions.</summary>
    public static int Levels(double rows, double width, int lanes)
    {
        double blocks = rows * Math.Ceiling(width / lanes) / BlockSteps;
        return blocks <= 1 ? 0 : (int)Math.Log2(blocks) + 2;
    }

    public void Take(long steps) => Left -= steps;

    /// <summary>Ends a block: its sums, which begin at 0 again, are added to those of earlier blocks.</summary>
    /// <param name="sums">For each output its lanes.</param>
    /// <param name="outputs">How many.</param>
    /// <param name="next">From one output to the next.</param>
    /// <param name="lanes">Lanes, a power of two.</param>
    public void Push(T* sums, int outputs, nint next, int lanes)
    {
        for (int k = 0; k < outputs; k++)
        {
            T sum = AddLanes(sums + (k * next), lanes);
            T* level = levels + k;
            for (long number = pushed; (number & 1) != 0; number >>= 1, level += ld)
                sum = *level + sum;
            *level = sum;
            new Span<T>(sums + (k * next), lanes).Clear();
        }

        pushed++;
        Left = BlockSteps;
    }

    /// <summary>
    /// Adds all earlier blocks to the sums of the last one, in lane 0; if there are none, lanes stay as they are.
    /// </summary>
    public readonly void Finish(T* sums, int outputs, nint next, int lanes)
    {
        for (int k = 0; k < outputs && pushed > 0; k++)
        {
            T sum = AddLanes(sums + (k * next), lanes);
            T* level = levels + k;
            for (long number = pushed; number != 0; number >>= 1, level += ld)
                sum = (number & 1) == 0 ? sum : *level + sum;
            new Span<T>(sums + (k * next), lanes).Clear();
            sums[k * next] = sum;
        }
    }

    /// <summary>Adds lanes l and l + lanes/2, then l and l + lanes/4, and so on.</summary>
    private static T AddLanes(T* sums, int lanes)
    {
        for (int half = lanes / 2; half > 0; half /= 2)
        {
            for (int lane = 0; lane < half; lane++)
                sums[lane] += sums[lane + half];
        }

        return *sums;
    }
}
