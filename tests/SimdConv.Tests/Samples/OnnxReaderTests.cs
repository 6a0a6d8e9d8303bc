using SimdConv.Samples.OnnxNetwork;

namespace SimdConv.Tests.Samples;

/// <summary>What the reader of ONNX files refuses, and what it says.</summary>
public class OnnxReaderTests
{
    [Fact]
    public void MissingFileIsOneError()
    {
        string path = Path.Combine(Path.GetTempPath(), "no-such-network.onnx");
        Assert.Contains(path, Assert.Throws<NetworkException>(() => Network.Load(path)).Message);
    }

    [Fact]
    public void TruncatedFilesAreRefused()
    {
        byte[] file = TinyModel.Network().Bytes;
        for (int length = 0; length < file.Length; length += length < 200 || length > file.Length - 200 ? 1 : 61)
            Assert.Throws<NetworkException>(() => Network.Load(file[..length]));
    }

    [Fact]
    public void ChangedBytesNeverThrowAnythingElse()
    {
        byte[] file = new TinyModel(1, 2, 5, 5).Conv("y", "x", 3, 2, 3).Finish("y").Bytes;
        Random random = new(5);
        for (int i = 0; i < 3000; i++)
        {
            byte[] changed = [.. file];
            for (int j = random.Next(1, 4); j > 0; j--)
                changed[random.Next(changed.Length)] = (byte)random.Next(256);
            try
            {
                Network.Load(changed);
            }
            catch (NetworkException)
            {
                // What damaged files are to give.
            }
        }
    }

    [Theory]
    [InlineData("Einsum", "Einsum 'node of y': the operator is unknown here; expected Add, AveragePool")]
    [InlineData("Relu", "Relu 'node of y': it has the attribute 'other'; expected none")]
    [InlineData("MaxPool", "MaxPool 'node of y': it has no kernel_shape")]
    [InlineData("Flatten", "Flatten 'node of y': it has the attribute 'other'; expected axis")]
    public void OperatorsAndAttributesAreNamed(string type, string message)
    {
        TinyModel model = new TinyModel(1, 2, 5, 5).Add(type, "y", ["x"], ("other", 3L)).Finish("y");
        Assert.StartsWith(message, Assert.Throws<NetworkException>(() => Network.Load(model.Bytes)).Message);
    }

    [Theory]
    [InlineData("pads", new long[] { 1, 1 }, "pads is [1, 1]; expected 4 numbers of 0 or more")]
    [InlineData("pads", new long[] { 1, 1, 1, -1 }, "pads is [1, 1, 1, -1]; expected 4 numbers of 0 or more")]
    [InlineData("strides", new long[] { 0, 1 }, "strides is [0, 1]; expected 2 numbers of 1 or more")]
    [InlineData("kernel_shape", new long[] { 5, 3 }, "kernel_shape is 5x3; expected 3x3, the size of its weights")]
    [InlineData("group", 3L, "shape.Groups")]
    [InlineData("auto_pad", "SAME", "auto_pad is 'SAME'; expected NOTSET, VALID, SAME_UPPER or SAME_LOWER")]
    [InlineData("group", "2", "group is of the type String; expected Int")]
    public void AttributesOutOfRangeAreNamed(string name, object value, string message)
    {
        TinyModel model = new TinyModel(1, 2, 5, 5).Conv("y", "x", 3, 2, 3, (name, value)).Finish("y");
        string said = Assert.Throws<NetworkException>(() => Network.Load(model.Bytes)).Message;
        Assert.StartsWith("Conv 'node of y': ", said);
        Assert.Contains(message, said);
    }

    [Fact]
    public void GraphsThatDoNotFitAreNamed()
    {
        Assert.Contains("'z' comes from no node before it", MessageOf(new TinyModel(1, 2, 5, 5).Add("Relu", "y", ["z"]), "y"));
        Assert.Contains("the output 'z' is computed by no node",
            MessageOf(new TinyModel(1, 2, 5, 5).Add("Relu", "y", ["x"]), "z"));
        Assert.Contains("the input 'x' is Float [1, 2, 5]", MessageOf(new TinyModel(1, 2, 5).Add("Relu", "y", ["x"]), "y"));
        Assert.Contains("2 dimensions; expected 4", MessageOf(WithConstant("Conv", 3, 2), "y"));
        Assert.Contains("has the shape [5]; expected one element, or one for each of 2 channels",
            MessageOf(WithConstant("Add", 5), "y"));
        Assert.Contains("its input is a row of 50 features; expected images",
            MessageOf(new TinyModel(1, 2, 5, 5).Add("Flatten", "f", ["x"]).Conv("y", "f", 3, 2, 1), "y"));

        static string MessageOf(TinyModel model, string output) =>
            Assert.Throws<NetworkException>(() => Network.Load(model.Finish(output).Bytes)).Message;

        static TinyModel WithConstant(string type, params int[] sizes)
        {
            TinyModel model = new(1, 2, 5, 5);
            return model.Add(type, "y", ["x", model.Constant("c", 1, sizes)]);
        }
    }
}
