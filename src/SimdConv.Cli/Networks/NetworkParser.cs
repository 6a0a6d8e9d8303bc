using System.Globalization;
using System.Text.RegularExpressions;

namespace SimdConv.Cli.Networks;

/// <summary>
/// Reads descriptions of networks: layers in order, between semicolons or on lines, # before a comment.
/// <code>
/// resize SIZE                                              in front: the images are brought to this size
/// conv OUTPUTS SIZE [stride SIZE] [pad SIZE] [dilation SIZE] [groups N]
/// max SIZE | avg SIZE  [stride SIZE] [pad SIZE]            a stride of the window's size if none is given
/// relu | tanh [SCALE]
/// dense OUTPUTS
/// </code>
/// A SIZE is N or HEIGHTxWIDTH.
/// </summary>
internal sealed partial class NetworkParser
{
    // The library's shapes hold numbers of 32 bits; these limits keep every product of them far below 2^31.
    private const int MaxLayers = 1000, MaxNumber = 1 << 16, MaxElements = 1 << 24, MaxWeights = 1 << 27;

    private const string Kinds = "conv, dense, max, avg, relu, tanh or (in front) resize";

    private readonly string source;
    private readonly ImageSize given;
    private readonly List<Layer> layers = [];
    private readonly List<string> texts = [];
    private readonly Dictionary<string, int> counts = [];
    private ImageSize images, size;
    private int parameters;

    // Of the layer that is being read.
    private Match[] words = [];
    private string place = "";
    private int at;

    private NetworkParser(string source, ImageSize given) => (this.source, this.given) = (source, given);

    /// <summary>The network that a text describes, for images of one size.</summary>
    /// <param name="source">What to call the text in errors.</param>
    /// <param name="text">The description.</param>
    /// <param name="images">Of the images before they are resized.</param>
    /// <exception cref="InputException">The text describes no network; the message names the place.</exception>
    public static NetworkPlan Parse(string source, string text, ImageSize images)
    {
        NetworkParser parser = new(source, images);
        return parser.Run(text);
    }

    private NetworkPlan Run(string text)
    {
        images = size = given;
        string code = Comment().Replace(text, comment => new string(' ', comment.Length));
        bool isOneLine = !code.TrimEnd().Contains('\n', StringComparison.Ordinal);
        int number = 0;
        foreach (Match layer in LayerText().Matches(code).Cast<Match>())
        {
            words = [.. Word().Matches(layer.Value).Cast<Match>()];
            if (words.Length == 0)
                continue;
            int start = layer.Index + words[0].Index;
            int lineStart = start == 0 ? 0 : code.LastIndexOf('\n', start - 1) + 1;
            string line = isOneLine ? "" : $"line {code.AsSpan(0, start).Count('\n') + 1}, ";
            place = $"{source}: layer {++number}, '{Shorten(layer.Value.Trim())}' ({line}column {start - lineStart + 1}): ";
            if (number > MaxLayers)
                throw Bad($"there are more than {MaxLayers} layers");
            at = 0;
            ReadLayer();
            if (at < words.Length)
                throw Bad($"'{words[at].Value}' is more than this layer has room for; expected ; or the end");
            texts.Add(string.Join(' ', words.Select(word => word.Value)));
        }

        if (layers.Count == 0)
            throw new InputException($"{source}: there is no layer; expected {Kinds}, between semicolons.");
        if (!layers.Any(layer => layer.HasWeights))
            throw new InputException($"{source}: no layer has weights; expected a conv or dense layer.");
        if (layers[^1].Output.Elements is < 2 or > 256)
        {
            throw Bad($"the last layer gives {layers[^1].Output.Elements} values an image, one a class; expected 2 to 256, "
                + "as dense 10 gives");
        }

        return new NetworkPlan(string.Join("; ", texts), images, layers);
    }

    private void ReadLayer()
    {
        string kind = words[at++].Value;
        switch (kind)
        {
            case "resize":
                ReadResize();
                break;
            case "conv":
                ReadConv();
                break;
            case "max" or "avg":
                ReadPool(kind, kind == "max" ? PoolKind.Max : PoolKind.Average);
                break;
            case "relu":
                Activate(kind, new LayerActivation(Activation.Relu));
                break;
            case "tanh":
                Activate(kind, new LayerActivation(Activation.Tanh, at < words.Length ? Scale() : 1));
                break;
            case "dense":
                int outputs = Number("outputs, such as dense 10", 1, MaxNumber);
                AddWeighted(new DenseLayer(NameOf(kind), size, new ImageSize(outputs, 1, 1)));
                break;
            default:
                throw Bad($"'{kind}' is no layer; expected {Kinds}");
        }
    }

    private void ReadResize()
    {
        if (layers.Count > 0 || texts.Count > 0)
            throw Bad("resize stands behind another layer; expected it in front");
        (int height, int width) = Size("a size, such as resize 32", 2);
        if (given.Height < 2 || given.Width < 2)
            throw Bad($"images of {given.Height} x {given.Width} pixels can't be resized; expected 2 x 2 or more");
        images = size = new ImageSize(given.Channels, height, width);
        RequireElements(size.Channels, height, width);
    }

    private void ReadConv()
    {
        RequireImage("conv");
        int outputs = Number("outputs, such as conv 32 3x3", 1, MaxNumber);
        (int r, int s) = Size("a kernel, such as conv 32 3x3", 1);
        Conv2DShape shape = new(size.Channels, size.Height, size.Width, outputs, r, s);
        foreach (string option in Options("stride", "pad", "dilation", "groups"))
        {
            switch (option)
            {
                case "stride":
                    (int strideH, int strideW) = Size("a stride, such as stride 2", 1);
                    shape = shape with { StrideH = strideH, StrideW = strideW };
                    break;
                case "pad":
                    (int padH, int padW) = Size("a padding, such as pad 1", 0);
                    shape = shape.WithPadding(padH, padW);
                    break;
                case "dilation":
                    (int dilationH, int dilationW) = Size("a dilation, such as dilation 2", 1);
                    shape = shape with { DilationH = dilationH, DilationW = dilationW };
                    break;
                default:
                    shape = shape with { Groups = Number("groups, such as groups 2", 1, MaxNumber) };
                    break;
            }
        }

        if (shape.C % shape.Groups != 0 || shape.K % shape.Groups != 0)
        {
            throw Bad($"{shape.Groups} groups don't divide {shape.C} channels and {shape.K} outputs; expected groups that "
                + "divide both");
        }

        ImageSize result = Result(outputs, Conv2DShape.OutputSize(size.Height, r, shape.StrideH, shape.PadTop, shape.PadBottom,
            shape.DilationH), Conv2DShape.OutputSize(size.Width, s, shape.StrideW, shape.PadLeft, shape.PadRight,
            shape.DilationW), "kernel");
        AddWeighted(new ConvLayer(NameOf("conv"), size, result, shape));
    }

    private void ReadPool(string name, PoolKind kind)
    {
        RequireImage(name);
        (int r, int s) = Size($"a window, such as {name} 2", 1);
        Pool2DShape shape = new(size.Channels, size.Height, size.Width, r, s) { StrideH = r, StrideW = s };
        foreach (string option in Options("stride", "pad"))
        {
            if (option == "stride")
            {
                (int strideH, int strideW) = Size("a stride, such as stride 2", 1);
                shape = shape with { StrideH = strideH, StrideW = strideW };
            }
            else
            {
                (int padH, int padW) = Size("a padding, such as pad 1", 0);
                if (padH > r / 2 || padW > s / 2)
                    throw Bad($"a padding of {padH} x {padW} is more than half of the window {r} x {s}; expected at most half");
                shape = shape with { PadTop = padH, PadBottom = padH, PadLeft = padW, PadRight = padW };
            }
        }

        ImageSize result = Result(size.Channels,
            Pool2DShape.OutputSize(size.Height, r, shape.StrideH, shape.PadTop, shape.PadBottom, 1, ceilMode: false),
            Pool2DShape.OutputSize(size.Width, s, shape.StrideW, shape.PadLeft, shape.PadRight, 1, ceilMode: false), "window");
        Add(new PoolLayer(NameOf(name), size, result, shape, kind));
    }

    /// <summary>Gives an activation to the layer before it, where that can apply it in its own step.</summary>
    private void Activate(string kind, LayerActivation activation)
    {
        if (layers.Count > 0 && layers[^1] is { HasWeights: true, Activation.Kind: Activation.None } before)
            layers[^1] = before with { Activation = activation };
        else
            Add(new ActivationLayer(NameOf(kind), size) { Activation = activation });
    }

    private void AddWeighted(Layer layer)
    {
        long weights = (long)layer.FanIn * layer.WeightShape[0], end = parameters + weights + layer.WeightShape[0];
        if (end > MaxWeights)
            throw Bad($"the network has {end} weights up to here; expected at most {MaxWeights}");
        int biases = parameters + (int)weights;
        Add(layer with { Weights = (parameters, (int)weights), Biases = (biases, layer.WeightShape[0]) });
        parameters = (int)end;
    }

    private void Add(Layer layer)
    {
        layers.Add(layer);
        size = layer.Output;
    }

    private string NameOf(string kind)
    {
        counts[kind] = counts.GetValueOrDefault(kind) + 1;
        return $"{kind}{counts[kind]}";
    }

    private void RequireImage(string kind)
    {
        if (layers.Any(layer => layer is DenseLayer))
            throw Bad($"{kind} stands behind a dense layer, which leaves no image; expected dense, relu or tanh");
    }

    private ImageSize Result(int channels, long height, long width, string what)
    {
        if (height < 1 || width < 1)
            throw Bad($"the {what} is larger than the padded image, which is {size.Height} x {size.Width} before padding; "
                + $"expected a {what} that fits");
        RequireElements(channels, height, width);
        return new ImageSize(channels, (int)height, (int)width);
    }

    private void RequireElements(int channels, long height, long width)
    {
        if ((Int128)channels * height * width > MaxElements)
            throw Bad($"it gives {channels} x {height} x {width} values an image; expected at most {MaxElements}");
    }

    /// <summary>The options that follow, each at most once; their values are read by the caller.</summary>
    private IEnumerable<string> Options(params string[] names)
    {
        HashSet<string> seen = [];
        while (at < words.Length)
        {
            string name = words[at].Value;
            if (!names.Contains(name))
                throw Bad($"'{name}' is no option of this layer; expected {string.Join(", ", names[..^1])} or {names[^1]}");
            if (!seen.Add(name))
                throw Bad($"{name} is there twice; expected it once");
            at++;
            yield return name;
        }
    }

    private string Take(string expected) =>
        at < words.Length ? words[at++].Value : throw Bad($"it ends here; expected {expected}");

    private int Number(string expected, int least, int most) => Whole(Take(expected), expected, least, most);

    private (int Height, int Width) Size(string expected, int least)
    {
        string text = Take(expected);
        string[] parts = text.Split('x');
        if (parts.Length > 2)
            throw Bad($"'{text}' is no size; expected {expected}");
        int height = Whole(parts[0], expected, least, MaxNumber, text);
        return (height, parts.Length == 1 ? height : Whole(parts[1], expected, least, MaxNumber, text));
    }

    private int Whole(string text, string expected, int least, int most, string? word = null)
    {
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) || number < least
            || number > most)
            throw Bad($"'{word ?? text}' is none; expected {expected}, of numbers from {least} to {most}");
        return number;
    }

    private double Scale()
    {
        string text = words[at++].Value;
        return double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double scale)
            && scale is >= 1e-3 and <= 1e3
            ? scale
            : throw Bad($"'{text}' is no scale; expected one from 0.001 to 1000, such as tanh 1.7159");
    }

    private InputException Bad(string problem) => new(place + problem + ".");

    private static string Shorten(string text) => text.Length <= 60 ? text : text[..60] + "...";

    [GeneratedRegex("#[^\n]*")]
    private static partial Regex Comment();

    [GeneratedRegex("[^;\n]+")]
    private static partial Regex LayerText();

    [GeneratedRegex(@"\S+")]
    private static partial Regex Word();
}
