namespace SimdConv.Samples.OnnxNetwork;

/// <content>Pooling, and nodes that move or rename.</content>
internal sealed partial class GraphReader
{
    private void Pool(Node node)
    {
        Value input = ImageOf(node);
        bool isMax = node.Operator == "MaxPool";
        int[] kernel = node.Ints("kernel_shape") is null ? throw node.Error("it has no kernel_shape; expected one")
            : node.Sizes("kernel_shape", 2, least: 1, absent: 1);
        Window window = Window.Of(node, input, kernel[0], kernel[1]);
        if (isMax)
            node.Require("storage_order", 0);
        bool countsPadding = !isMax && node.Int("count_include_pad", 0) != 0;
        Pool2DShape shape = new(input.Channels, input.Height, input.Width, kernel[0], kernel[1])
        {
            CeilMode = node.Int("ceil_mode", 0) != 0,
            CountIncludePad = countsPadding,
        };
        AddPool(node, input, window.Place(shape), isMax ? PoolKind.Max : PoolKind.Average);
    }

    private void PoolAll(Node node)
    {
        Value input = ImageOf(node);
        AddPool(node, input, Pool2DShape.Adaptive(input.Channels, input.Height, input.Width, 1, 1), PoolKind.Average);
    }

    private void AddPool(Node node, Value input, Pool2DShape shape, PoolKind kind)
    {
        shape.Validate(kind);
        PoolLayer layer = new(node, shape, kind) { Input = input };
        layers.Add(layer);
        Write(node, layer, shape.C, shape.P, shape.Q, isFlat: false);
    }

    /// <summary>Images as rows of features: the same memory, if it is ordered as ONNX orders it.</summary>
    private void Flatten(Node node)
    {
        Value input = ValueOf(node, 0);
        if (node.Operator == "Flatten")
        {
            if (node.Int("axis", 1) is var axis && axis != 1)
                throw node.Error($"axis is {axis}; expected 1");
        }
        else
        {
            node.Require("allowzero", 0);
            long[] sizes = ConstantOf(node, 1, "the shape").Ints();
            bool isFlat = sizes is [-1 or 0 or 1, var features] && (features == -1 || features == input.Elements)
                && sizes is not [-1, -1];
            if (!isFlat)
            {
                throw node.Error($"the shape is [{string.Join(", ", sizes)}]; expected rows of all {input.Elements} elements of "
                    + "an image");
            }
        }

        if (input.IsFlat)
        {
            Rename(node, input);
            return;
        }

        input.IsNchw = true;
        values[OutputName(node)] = new Value(OutputName(node), input.Elements, 1, 1, isFlat: true)
        {
            Whole = input,
            Uses = uses.GetValueOrDefault(OutputName(node)),
        };
    }

    /// <summary>Channels behind each other: parts are computed in their place where nothing stands against it, else
    /// copied.</summary>
    private void Concatenate(Node node)
    {
        Value[] parts = [.. Enumerable.Range(0, node.Inputs.Count).Select(i => ValueOf(node, i))];
        long axis = node.Int("axis", 1);
        Value first = parts.Length > 0 ? parts[0] : throw node.Error("it has no inputs; expected one or more");
        if (axis != 1 && axis != (first.IsFlat ? -1 : -3))
            throw node.Error($"axis is {axis}; expected 1, the channels");
        if (parts.FirstOrDefault(p => (p.Height, p.Width, p.IsFlat) != (first.Height, first.Width, first.IsFlat)) is { } other)
            throw node.Error($"it joins {first} and {other}; expected images of one height and width");
        long channels = parts.Sum(part => (long)part.Channels);
        if (channels * first.Height * first.Width > Array.MaxLength)
            throw node.Error($"its output has {channels} channels; expected at most 2^31 - 1 elements");
        Value whole = new(OutputName(node), (int)channels, first.Height, first.Width, first.IsFlat)
        {
            Uses = uses.GetValueOrDefault(OutputName(node)),
        };
        values[whole.Name] = whole;
        int at = 0;
        foreach (Value part in parts)
        {
            bool canLieInside = part.Root == part && !part.IsInput && layers.Any(layer => layer.Output == part)
                && !layers.Any(layer => layer.Residual == part || (layer.Output == part && layer.Residual is not null));
            Value inside = canLieInside ? part : new Value(part.Name, part.Channels, part.Height, part.Width, part.IsFlat);
            (inside.Whole, inside.FirstChannel) = (whole, at);
            at += part.Channels;
            if (!canLieInside)
                layers.Add(new CopyLayer(node) { Input = part, Output = inside });
        }
    }

    private void Keep(Node node) =>
        constants[OutputName(node)] = node.Tensor("value") ?? throw node.Error("it has no tensor 'value'; expected one");

    private void Pass(Node node)
    {
        node.Ignore("ratio", "is_test", "seed");
        if (node.Has(2) && node.Operator == "Dropout")
            throw node.Error("it has an input training_mode; expected none, as in inference");
        if (node.Has(0) && constants.TryGetValue(node.Inputs[0], out Constant? constant))
            constants[OutputName(node)] = constant;
        else
            Rename(node, ValueOf(node, 0));
    }

    private Value ImageOf(Node node) => ValueOf(node, 0) is { IsFlat: false } image ? image
        : throw node.Error($"its input is a row of {ValueOf(node, 0)} features; expected images");
}
