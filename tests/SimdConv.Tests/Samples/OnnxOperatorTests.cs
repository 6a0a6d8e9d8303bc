using SimdConv.Samples.OnnxNetwork;

namespace SimdConv.Tests.Samples;

/// <summary>Operators with each of their attributes and operands, in networks of two or three nodes.</summary>
public class OnnxOperatorTests
{
    private const int Channels = 3, Height = 8, Width = 7;

    /// <summary>Padding that is odd: the further pixel lies above and left, or below and right.</summary>
    [Theory]
    [InlineData("SAME_UPPER", 2)]
    [InlineData("SAME_LOWER", 2)]
    [InlineData("SAME_UPPER", 3)]
    [InlineData("SAME_LOWER", 3)]
    public void PaddingIsMadeForTheWholeImage(string automatic, long stride)
    {
        (string, object) padding = ("auto_pad", automatic), strides = ("strides", new long[] { stride, 1 });
        foreach (int size in (int[])[2, 3, 4])
        {
            (string, object) kernel = ("kernel_shape", new long[] { size, size });
            Check(Model().Conv("y", "x", 5, Channels, size, padding, strides));
            Check(Model().Add("MaxPool", "y", ["x"], padding, strides, kernel));
        }
    }

    /// <summary>A constant on either side of a value: one for all channels, or one for each.</summary>
    [Theory]
    [InlineData("Add", 0)]
    [InlineData("Add", 1)]
    [InlineData("Sub", 0)]
    [InlineData("Sub", 1)]
    [InlineData("Mul", 0)]
    [InlineData("Mul", 1)]
    [InlineData("Div", 1)]
    public void ConstantsAreTakenOnTheirSide(string operation, int side)
    {
        foreach (int[] sizes in (int[][])[[1], [Channels, 1, 1], [1, Channels, 1, 1]])
        {
            TinyModel model = Model();

            // Positive, so that it divides; what is subtracted from the image shifts it down alone.
            string constant = model.Constant("c", 0, sizes);
            string[] inputs = side == 0 ? [constant, "x"] : ["x", constant];
            Check(model.Add(operation, "y", inputs));
        }
    }

    /// <summary>What scales and shifts a convolution's image may become part of it, but for a shift beside padding.</summary>
    [Theory]
    [InlineData("Add")]
    [InlineData("Sub")]
    [InlineData("Mul")]
    [InlineData("Div")]
    public void ScalesAheadOfAConvolutionAreTheSame(string operation)
    {
        foreach (long pad in (long[])[0, 1])
        {
            foreach (long groups in (long[])[1, Channels])
            {
                TinyModel model = Model();
                model.Add(operation, "scaled", ["x", model.Constant("c", 0, Channels, 1, 1)]);
                Check(model.Conv("y", "scaled", 6, (int)(Channels / groups), 3,
                    ("pads", new long[] { pad, 0, 0, pad }), ("group", groups)));
            }
        }
    }

    [Theory]
    [InlineData(0L, 1f, 1f, 5)]
    [InlineData(1L, 1f, 1f, 5)]
    [InlineData(0L, 0.5f, 1f, 5)]
    [InlineData(1L, 1f, -2f, 5)]
    [InlineData(0L, 0.25f, 3f, 1)]
    [InlineData(1L, -1f, 0.5f, 0)]
    public void ProductsHaveTheirFactors(long transB, float alpha, float beta, int constants)
    {
        const int Outputs = 5, Features = Channels * Height * Width;
        TinyModel model = Model();
        model.Add("Flatten", "flat", ["x"]);
        string matrix = model.Constant("w", 1, transB == 1 ? [Outputs, Features] : [Features, Outputs]);
        string[] inputs = constants == 0 ? ["flat", matrix] : ["flat", matrix, model.Constant("c", 1, constants)];
        Check(model.Add("Gemm", "y", inputs, ("transB", transB), ("alpha", alpha), ("beta", beta)));
        if (transB == 0)
        {
            TinyModel plain = Model();
            plain.Add("Flatten", "flat", ["x"]);
            Check(plain.Add("MatMul", "y", ["flat", plain.Constant("w", 1, Features, Outputs)]));
        }
    }

    private static TinyModel Model() => new(-1, Channels, Height, Width);

    private static void Check(TinyModel model)
    {
        const int Batch = 2, Elements = Channels * Height * Width;
        Random random = new(3);
        float[] x = [.. Enumerable.Range(0, Batch * Elements).Select(_ => (float)(random.NextDouble() - 0.3))];
        NodeByNode nodes = new(model.Finish("y"));
        foreach (bool hasChannelsInnermost in (bool[])[false, true])
        {
            Network network = Network.Load(model.Bytes, new() { HasChannelsInnermost = hasChannelsInnermost });
            float[] y = new float[Batch * network.Results];
            network.NewRun(Batch).Run(Batch, x, y);
            for (int n = 0; n < Batch; n++)
            {
                double[] expected = nodes.Run(x.AsSpan(n * Elements, Elements), Channels, Height, Width);
                Assert.Equal(network.Results, expected.Length);
                for (int i = 0; i < expected.Length; i++)
                    Assert.Equal(expected[i], y[(n * expected.Length) + i], 1e-5 * expected.Max(Math.Abs));
            }
        }
    }
}
