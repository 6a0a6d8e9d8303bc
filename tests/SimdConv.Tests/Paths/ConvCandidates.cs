namespace SimdConv.Tests.Paths;

/// <summary>
/// The shapes among which one is searched for each path of a convolution: a short list of channels, kernels and widths, each
/// grown in height and in channels, so that wherever blocks end on this CPU some shape has more than one of them.
/// </summary>
internal static class ConvCandidates
{
    /// <summary>A second thread has work from 400,000 multiply-adds on; and what a scalar chain should cost at most.</summary>
    public const long LeastWork = 420_000, MostWork = 6_000_000;

    private static readonly (int Groups, int C, int K)[] Counts =
    [
        (1, 1, 6), (1, 3, 8), (1, 3, 16), (1, 3, 40), (1, 16, 5), (1, 24, 24), (1, 64, 3), (1, 64, 40), (1, 40, 64), (1, 8, 160),
        (1, 160, 8),
        (1, 300, 5), (1, 5, 300),
        (1, 1200, 2), (1, 2, 1200), (2, 12, 6), (3, 5, 20), (2, 40, 40), (2, 700, 3), (2, 3, 700), (8, 3, 2), (24, 1, 1),
        (12, 1, 2), (70, 1, 1),
        (1, 500, 33), (1, 600, 32), (1, 1300, 16), (1, 33, 500), (1, 32, 600), (1, 16, 1300),
    ];

    private static readonly (int R, int S, int Stride, int Dilation, int Pad)[] Windows =
    [
        (1, 1, 1, 1, 0), (3, 3, 1, 1, 1), (3, 3, 2, 1, 1), (5, 5, 1, 1, 2), (5, 5, 1, 1, 0), (3, 3, 1, 2, 2), (7, 7, 2, 1, 3),
        (2, 7, 1, 1, 1),
        (9, 9, 1, 1, 4), (1, 1, 2, 1, 0),
    ];

    private static readonly int[] Widths = [5, 7, 14, 28, 60, 200];

    private static readonly int[] Heights = [1, 4, 7, 14, 30, 60, 150, 400];

    /// <summary>Shapes of so many multiply-adds an image.</summary>
    public static IEnumerable<Conv2DShape> All(long least, long most)
    {
        foreach ((int groups, int c, int k) in Counts)
        {
            foreach ((int r, int s, int stride, int dilation, int pad) in Windows)
            {
                foreach (int width in Widths)
                {
                    foreach (int height in Heights)
                    {
                        int taller = Math.Max(height, (dilation * (r - 1)) + 1 - (2 * pad));
                        int wider = Math.Max(width, (dilation * (s - 1)) + 1 - (2 * pad));
                        Conv2DShape shape = new Conv2DShape(groups * c, taller, wider, groups * k, r, s)
                        {
                            StrideH = stride,
                            StrideW = stride,
                            DilationH = dilation,
                            DilationW = dilation,
                            Groups = groups,
                        }.WithPadding(pad, pad);
                        long work = Work(shape, 1);
                        if (work >= least && work <= most)
                            yield return shape;
                    }
                }
            }
        }
    }

    /// <summary>
    /// Shapes for the chunks of a weight gradient, a power of two from 1 to 16: each takes 2^20 multiply-adds, and dW of all of
    /// them together at most 2^17 elements. Of depthwise ones those with few planes have many chunks.
    /// </summary>
    public static IEnumerable<Conv2DShape> Chunked()
    {
        (int Groups, int C, int K)[] dense =
        [
            (1, 4, 20), (1, 5, 6), (1, 24, 40), (1, 2, 3), (2, 3, 20), (3, 4, 5), (2, 16, 30),
            (1, 64, 250), (2, 2, 2), (2, 90, 90), (1, 200, 9),
        ];
        foreach ((int groups, int c, int k) in dense)
        {
            foreach (int height in (int[])[2, 4, 8, 16, 33, 66, 130, 300])
            {
                foreach (int width in (int[])[14, 33, 64, 150])
                    yield return new Conv2DShape(groups * c, height, width, groups * k, 3, 3) { Groups = groups }.WithPadding(
                        1, 1);
            }
        }

        foreach (int planes in (int[])[2, 3, 5, 12, 24, 40, 70])
        {
            foreach ((int height, int width) in
                ((int, int)[])[(14, 12), (64, 16), (400, 16), (1500, 16), (14, 60), (64, 40), (90, 150), (200, 150)])
                yield return new Conv2DShape(planes, height, width, planes, 3, 3) { Groups = planes }.WithPadding(1, 1);
        }
    }

    public static long Work(Conv2DShape s, int batch) => (long)batch * s.P * s.Q * s.WeightCount;
}
