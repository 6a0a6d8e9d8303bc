namespace SimdConv.Tests.Im2Col;

/// <summary>
/// The example that the original im2col convolution was explained with: image (1, 3, 4, 4) of 0..47 and kernels (2, 3, 2, 2),
/// stride 1, no padding.
/// </summary>
public sealed class OriginalExampleTests
{
    private static readonly Conv2DShape Shape = new(C: 3, H: 4, W: 4, K: 2, R: 2, S: 2);

    private static readonly float[] Image = [.. Enumerable.Range(0, 48).Select(i => (float)i)];

    private static readonly float[] Kernels = [.. Enumerable.Range(0, 24).Select(i => (float)i)];

    private static readonly float[] Columns =
    [
        0, 1, 2, 4, 5, 6, 8, 9, 10,
        1, 2, 3, 5, 6, 7, 9, 10, 11,
        4, 5, 6, 8, 9, 10, 12, 13, 14,
        5, 6, 7, 9, 10, 11, 13, 14, 15,
        16, 17, 18, 20, 21, 22, 24, 25, 26,
        17, 18, 19, 21, 22, 23, 25, 26, 27,
        20, 21, 22, 24, 25, 26, 28, 29, 30,
        21, 22, 23, 25, 26, 27, 29, 30, 31,
        32, 33, 34, 36, 37, 38, 40, 41, 42,
        33, 34, 35, 37, 38, 39, 41, 42, 43,
        36, 37, 38, 40, 41, 42, 44, 45, 46,
        37, 38, 39, 41, 42, 43, 45, 46, 47,
    ];

    private static readonly float[] Output =
    [
        1760, 1826, 1892, 2024, 2090, 2156, 2288, 2354, 2420,
        4424, 4634, 4844, 5264, 5474, 5684, 6104, 6314, 6524,
    ];

    [Fact]
    public void IndexTablesAreTheOriginals()
    {
        IndexTable table = new(Shape);
        Assert.Equal((12, 9), (table.Rows, table.Columns));
        Assert.Equal([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2], table.D.ToArray());
        int[] upper = [0, 0, 0, 1, 1, 1, 2, 2, 2], lower = [1, 1, 1, 2, 2, 2, 3, 3, 3];
        int[] left = [0, 1, 2, 0, 1, 2, 0, 1, 2], right = [1, 2, 3, 1, 2, 3, 1, 2, 3];
        int[] rows = [.. upper, .. upper, .. lower, .. lower], columns = [.. left, .. right, .. left, .. right];
        Assert.Equal([.. rows, .. rows, .. rows], table.I.ToArray());
        Assert.Equal([.. columns, .. columns, .. columns], table.J.ToArray());
    }

    [Fact]
    public void Im2ColGivesTheOriginalsMatrix()
    {
        IndexTable table = new(Shape);
        float[] columns = new float[12 * 9];
        SimdConv.Im2Col.Unfold<float>(table, 1, Image, columns, ColumnLayout.Concatenated(table, 1));
        Assert.Equal(Columns, columns);
    }

    [Fact]
    public void ConvolutionByIm2ColAndGemmIsTheDirectOne()
    {
        float[] byGemm = new float[2 * 9], direct = new float[2 * 9];
        SimdConv.Gemm.Multiply<float>(2, 9, 12, Kernels, Columns, byGemm);
        new Conv2DPlan<float>(Shape).Forward(1, Image, Kernels, direct);
        Assert.Equal(Output, byGemm);
        Assert.Equal(Output, direct);
    }

    /// <summary>Each pixel comes back as often as a window holds it: 1, 2 and 4 times from the corners to the middle.</summary>
    [Fact]
    public void Col2ImOfTheMatrixCountsTheWindows()
    {
        IndexTable table = new(Shape);
        float[] image = new float[48];
        Col2Im.Fold<float>(table, 1, Columns, ColumnLayout.Concatenated(table, 1), image);
        float[] windows = [1, 2, 2, 1, 2, 4, 4, 2, 2, 4, 4, 2, 1, 2, 2, 1];
        Assert.Equal([.. Image.Select((value, i) => value * windows[i % 16])], image);
    }

    /// <summary>Two images: the original puts the columns of the first before those of the second, in the same rows.</summary>
    [Fact]
    public void ABatchIsConcatenatedColumnwise()
    {
        IndexTable table = new(Shape);
        float[] images = [.. Image, .. Image.Select(value => value + 100)], columns = new float[12 * 18];
        SimdConv.Im2Col.Unfold<float>(table, 2, images, columns, ColumnLayout.Concatenated(table, 2));
        for (int row = 0; row < 12; row++)
        {
            float[] first = Columns[(row * 9)..((row * 9) + 9)];
            Assert.Equal([.. first, .. first.Select(value => value + 100)], columns[(row * 18)..((row * 18) + 18)]);
        }
    }
}
