using SimdConv.Cli;
using SimdConv.Cli.Networks;

namespace SimdConv.Tests.Cli;

/// <summary>Descriptions of networks: what they come to, and what the refusal of a wrong one says.</summary>
public sealed class NetworkParserTests
{
    private static readonly ImageSize Digits = new(1, 28, 28);

    [Fact]
    public void LayersAreWhatTheTextSays()
    {
        NetworkPlan plan = Parse(
            "conv 32 3x3 pad 1; relu; max 2; conv 64 5x3 stride 2x1 pad 2x0 dilation 1x2 groups 4; tanh 1.5; "
            + "avg 3 stride 2 pad 1; relu; dense 128; relu; dense 10;");
        Assert.Equal(["conv1", "max1", "conv2", "avg1", "relu1", "dense1", "dense2"], plan.Layers.Select(layer => layer.Name));
        Assert.Equal(
            [new(32, 28, 28), new(32, 14, 14), new(64, 7, 10), new(64, 4, 5), new(64, 4, 5), new(128, 1, 1), new(10, 1, 1)],
            plan.Layers.Select(layer => layer.Output));
        Assert.Equal(
            [Activation.Relu, Activation.None, Activation.Tanh, Activation.None, Activation.Relu, Activation.Relu,
                Activation.None],
            plan.Layers.Select(layer => layer.Activation.Kind));
        Assert.Equal(1.5, plan.Layers[2].Activation.Scale);
        Assert.Equal([64, 8, 5, 3], plan.Layers[2].WeightShape);
        Assert.Equal((288 + 32, 64 * 8 * 15), plan.Layers[2].Weights);
        Assert.Equal((128 * 64 * 20) + 128 + 1290 + 320 + (64 * 8 * 15) + 64, plan.ParameterCount);
        Assert.Equal(320 + (64 * 8 * 15) + 64, plan.ConvParameterCount);
        Assert.Equal(10, plan.Classes);
        Assert.Equal(plan.Text, Parse(plan.Text).Text);
        Assert.Equal(plan.Layers, Parse(plan.Text).Layers);
    }

    [Fact]
    public void LinesAndCommentsAreAsGoodAsSemicolons() => Assert.Equal("conv 4 3x3; relu; dense 10",
        Parse("# a network\n\nconv 4 3x3  # the first; layer\r\n\trelu;;\ndense   10\n").Text);

    [Fact]
    public void LeNetHasItsParameters()
    {
        NetworkPlan plan = Parse(NetworkPlan.LeNet5);
        Assert.Equal(61_706, plan.ParameterCount);
        Assert.Equal(2_572, plan.ConvParameterCount);
        Assert.Equal(new ImageSize(1, 32, 32), plan.Images);
        Assert.Equal(2 * 2 * 117_600 + 3 * 2 * (240_000 + 48_000 + 10_080 + 840), plan.TrainingFlops);
    }

    [Theory]
    [InlineData("", "there is no layer")]
    [InlineData(" ;# nothing", "there is no layer")]
    [InlineData("relu", "no layer has weights")]
    [InlineData("conv 4 3x3; swish; dense 10", "layer 2, 'swish' (column 13): 'swish' is no layer; expected conv, dense")]
    [InlineData("conv 4", "layer 1, 'conv 4' (column 1): it ends here; expected a kernel")]
    [InlineData("conv", "it ends here; expected outputs")]
    [InlineData("conv four 3x3", "'four'")]
    [InlineData("conv 0 3x3", "'0'")]
    [InlineData("conv 4 3x3x3", "'3x3x3'")]
    [InlineData("conv 4 3xx", "'3xx'")]
    [InlineData("conv 4 -3", "'-3'")]
    [InlineData("conv 4 99999999999", "'99999999999'")]
    [InlineData("conv 4 3x3 padding 1", "'padding' is no option of this layer; expected stride, pad, dilation or groups")]
    [InlineData("conv 4 3x3 pad", "it ends here; expected a padding")]
    [InlineData("conv 4 3x3 pad 1 pad 1", "pad is there twice")]
    [InlineData("conv 4 3x3 stride 0", "'0'")]
    [InlineData("conv 4 3x3 groups 2", "2 groups don't divide 1 channels and 4 outputs")]
    [InlineData("conv 4 30x3", "kernel is larger than the padded image, which is 28 x 28")]
    [InlineData("conv 4 3 dilation 14", "kernel is larger")]
    [InlineData("max 2 pad 2; dense 10", "a padding of 2 x 2 is more than half of the window 2 x 2")]
    [InlineData("max 2; max 2; max 2; max 2; max 2; dense 10", "layer 5, 'max 2' (column 29): the window is larger")]
    [InlineData("max 2 dilation 2", "'dilation' is no option")]
    [InlineData("dense 10; conv 4 3x3", "layer 2, 'conv 4 3x3' (column 11): conv stands behind a dense layer")]
    [InlineData("dense 10; avg 2", "avg stands behind a dense layer")]
    [InlineData("dense 10 20", "'20' is more than this layer has room for")]
    [InlineData("conv 4 3x3 relu; dense 10", "'relu' is no option")]
    [InlineData("relu 2; dense 10", "'2' is more than")]
    [InlineData("tanh fast; dense 10", "'fast' is no scale")]
    [InlineData("tanh 0; dense 10", "'0' is no scale")]
    [InlineData("conv 4 3x3; resize 32; dense 10", "layer 2, 'resize 32' (column 13): resize stands behind another layer")]
    [InlineData("resize; dense 10", "expected a size")]
    [InlineData("resize 1; dense 10", "'1'")]
    [InlineData("resize 5000; dense 10", "1 x 5000 x 5000 values an image")]
    [InlineData("conv 4 3x3", "the last layer gives 2704 values an image")]
    [InlineData("dense 1", "the last layer gives 1 values")]
    [InlineData("dense 60000; dense 60000; dense 10", "the network has 3647160000 weights up to here")]
    [InlineData("conv 4 3x3\nrelu\n dense x", "layer 3, 'dense x' (line 3, column 2): 'x'")]
    [InlineData("W.npz", "layer 1, 'W.npz' (column 1): 'W.npz' is no layer")]
    public void WrongOnesAreRefusedWithTheirPlace(string text, string message)
    {
        string said = Assert.Throws<InputException>(() => Parse(text)).Message;
        Assert.StartsWith("--net: ", said, StringComparison.Ordinal);
        Assert.Contains(message, said, StringComparison.Ordinal);
        Assert.Contains("expected", said, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', said);
    }

    /// <summary>Whatever is cut off or put in its place: a network or a refusal.</summary>
    [Fact]
    public void DamagedTextsAreReadOrRefused()
    {
        const string whole = "resize 20x24; conv 8 3x3 stride 2 pad 1 groups 1; relu; max 2; tanh 1.7; dense 12; relu; dense 10";
        for (int i = 0; i < whole.Length; i++)
        {
            foreach (string text in (string[])[whole[..i], whole[i..], whole.Remove(i, 1), whole.Insert(i, "9"),
                whole.Insert(i, ";"), whole.Insert(i, "\0"), whole[..i] + "x" + whole[(i + 1)..]])
            {
                Exception? error = Record.Exception(() => Parse(text));
                Assert.True(error is null or InputException, $"{text}: {error}");
            }
        }
    }

    private static NetworkPlan Parse(string text) => NetworkParser.Parse("--net", text, Digits);
}
