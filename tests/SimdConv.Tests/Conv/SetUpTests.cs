using System.Diagnostics;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Conv;

/// <summary>
/// Making a plan, packing and the first call take time and memory that grow with the plan's geometry, which is its weights and
/// the pixels of its input and output, whatever the kernel, stride, dilation and padding are.
/// </summary>
public sealed class SetUpTests
{
    /// <summary>
    /// Managed bytes, and bytes of workspace, that each element of the geometry may cost. Lists that grow are counted with all
    /// that they leave behind.
    /// </summary>
    private const int ManagedPerElement = 256, NativePerElement = 128;

    /// <summary>How much more than linearly times may grow.</summary>
    private const int Slack = 24;

    /// <summary>What a plan costs at least, beside the code that is compiled.</summary>
    private const long Base = 4 << 20;

    /// <summary>
    /// Geometries over the size of a kernel, a stride, a dilation or a padding. Their multiply-adds grow with that size too, not
    /// with its square.
    /// </summary>
    private static readonly Dictionary<string, Func<int, Conv2DShape>> Cases = new()
    {
        ["kernel = stride"] = n => Conv2DShape.Conv1D(2, 2 * n, 3, n, n),
        ["kernel = stride, vertical"] = n => new(2, 2 * n, 1, 3, n, 1) { StrideH = n },
        ["kernel = stride, square"] = n =>
            new(1, 2 * Root(n), 2 * Root(n), 3, Root(n), Root(n)) { StrideH = Root(n), StrideW = Root(n) },
        ["kernel of two strides"] = n => Conv2DShape.Conv1D(2, 4 * n, 3, 2 * n, n),
        ["kernel = stride, depthwise"] = n => Conv2DShape.Conv1D(2, 2 * n, 2, n, n, groups: 2),
        ["small kernel, large stride"] = n => Conv2DShape.Conv1D(2, 2 * n, 3, 3, n),
        ["kernel = image"] = n => Conv2DShape.Conv1D(2, n, 3, n),
        ["kernel = image, vertical"] = n => new(2, n, 1, 3, n, 1),
        ["kernel = image, square"] = n => new(2, Root(n), Root(n), 3, Root(n), Root(n)),
        ["dilation and stride"] = n => Conv2DShape.Conv1D(2, 4 * n, 3, n / 7, n / 3, dilation: 7),
        ["dilation and padding"] = n => Conv2DShape.Conv1D(2, 8, 3, 3, padding: n, dilation: n),
        ["dilation and padding, depthwise"] = n => Conv2DShape.Conv1D(2, 8, 2, 3, padding: n, dilation: n, groups: 2),
        ["padding before"] = n => new(2, 1, 8, 3, 1, 3) { PadLeft = n, StrideW = 5 },
        ["wide image"] = n => Conv2DShape.Conv1D(2, n, 3, 3, padding: 1),
        ["tall image"] = n => new Conv2DShape(2, n, 1, 3, 3, 1).WithPadding(1, 0),
    };

    public static TheoryData<string> Names => [.. Cases.Keys];

    [Theory, MemberData(nameof(Names))]
    public void MemoryIsLinear(string name)
    {
        foreach (int n in (int[])[100, 10_000, 40_000])
        {
            Conv2DShape shape = Cases[name](n);
            foreach (ConvDirection direction in Enum.GetValues<ConvDirection>())
            {
                long managed = Allocated(shape, direction), native = new Conv2DPlan<float>(shape).WorkspaceBytes(direction, 1);
                long elements = Elements(shape);
                Assert.True(managed <= Base + (ManagedPerElement * elements),
                    $"{direction} of {shape} allocates {managed} bytes");
                Assert.True(native <= Base + (NativePerElement * elements),
                    $"{direction} of {shape} takes {native} bytes of workspace");
            }
        }
    }

    /// <summary>
    /// Quadratic growth is 128 times that of linear one: five times the bound, which leaves room for caches and other processes.
    /// </summary>
    [Theory, MemberData(nameof(Names))]
    public void TimeIsLinear(string name)
    {
        const int Small = 500, Times = 128;
        foreach (ConvDirection direction in Enum.GetValues<ConvDirection>())
        {
            double small = Math.Max(Milliseconds(Cases[name](Small), direction), 0.5);
            double large = Milliseconds(Cases[name](Small * Times), direction);
            Assert.True(large <= Slack * Times * small,
                $"{direction} takes {small} ms at {Small} and {large} ms at {Times} times that");
        }
    }

    /// <summary>Index tables, im2col and col2im likewise.</summary>
    [Theory, MemberData(nameof(Names))]
    public void ColumnsAreLinear(string name)
    {
        const int Small = 500, Times = 128;
        Run(Small);
        double small = Math.Max(Math.Min(Run(Small), Run(Small)), 0.5), large = Math.Min(Run(Small * Times), Run(Small * Times));
        Assert.True(large <= Slack * Times * small, $"takes {small} ms at {Small} and {large} ms at {Times} times that");

        double Run(int n)
        {
            Conv2DShape shape = Cases[name](n);
            float[] x = new float[shape.C * shape.H * shape.W];
            float[] columns = new float[shape.C * shape.R * shape.S * shape.P * shape.Q];
            long before = GC.GetAllocatedBytesForCurrentThread(), from = Stopwatch.GetTimestamp();
            IndexTable table = new(shape);
            SimdConv.Im2Col.Unfold<float>(table, 1, x, columns, ColumnLayout.PerImage(table));
            Col2Im.Fold<float>(table, 1, columns, ColumnLayout.PerImage(table), x);
            double time = Stopwatch.GetElapsedTime(from).TotalMilliseconds;
            long managed = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.InRange(managed, 0, Base + (ManagedPerElement * (x.Length + (long)columns.Length)));
            return time;
        }
    }

    /// <summary>
    /// Managed bytes of a plan and its first call, and those of packed weights, which are the caller's to keep.
    /// </summary>
    internal static long Allocated(Conv2DShape shape, ConvDirection direction)
    {
        Arrays arrays = new(shape);
        long before = GC.GetAllocatedBytesForCurrentThread();
        arrays.Run(new(shape), direction);
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    /// <summary>Time of a plan and its first call, the best of three.</summary>
    private static double Milliseconds(Conv2DShape shape, ConvDirection direction)
    {
        Arrays arrays = new(shape);
        double best = double.PositiveInfinity;
        for (int i = 0; i < 3; i++)
        {
            long from = Stopwatch.GetTimestamp();
            arrays.Run(new(shape), direction);
            best = Math.Min(best, Stopwatch.GetElapsedTime(from).TotalMilliseconds);
        }

        return best;
    }

    private static long Elements(Conv2DShape shape) =>
        shape.WeightCount + ((long)shape.C * shape.H * shape.W) + ((long)shape.K * shape.P * shape.Q);

    private static int Root(int n) => (int)Math.Sqrt(n);

    private sealed class Arrays(Conv2DShape shape)
    {
        private readonly float[] x = Data.Make<float>((long)shape.C * shape.H * shape.W, DataKind.Integers, 1);
        private readonly float[] y = Data.Make<float>((long)shape.K * shape.P * shape.Q, DataKind.Integers, 2);
        private readonly float[] w = Data.Make<float>(shape.WeightCount, DataKind.Integers, 3);

        public void Run(Conv2DPlan<float> plan, ConvDirection direction)
        {
            if (direction == ConvDirection.Forward)
                plan.Forward(1, x, w, y);
            else if (direction == ConvDirection.InputGradient)
                plan.InputGradient(1, y, w, x);
            else
                plan.WeightGradient(1, x, y, w);
        }
    }
}
