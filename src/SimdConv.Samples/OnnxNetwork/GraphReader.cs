namespace SimdConv.Samples.OnnxNetwork;

/// <summary>Turns the nodes of an ONNX file into layers: neighbours that are one step are put together on the way.</summary>
internal sealed partial class GraphReader
{
    private readonly Dictionary<string, Value> values = [];
    private readonly Dictionary<string, Constant> constants = [];
    private readonly Dictionary<string, int> uses = [];
    private readonly List<Layer> layers = [];
    private readonly SortedDictionary<string, Action<Node>> operators = new(StringComparer.Ordinal);

    private GraphReader()
    {
        operators["Conv"] = Convolve;
        operators["Gemm"] = Multiply;
        operators["MatMul"] = Multiply;
        operators["BatchNormalization"] = Normalise;
        foreach (string name in new[] { "Add", "Sub", "Mul", "Div" })
            operators[name] = Combine;
        operators["Relu"] = node => Activate(node, Activation.Relu);
        operators["LeakyRelu"] = node => Activate(node, Activation.LeakyRelu, node.Float("alpha", 0.01f));
        operators["HardSwish"] = node => Activate(node, Activation.HardSwish);
        operators["Tanh"] = node => Activate(node, Activation.Tanh);
        operators["Clip"] = Clip;
        operators["Elu"] = node => Activate(node, Activation.Elu, node.Float("alpha", 1));
        operators["Gelu"] = ActivateGelu;
        operators["HardSigmoid"] = node =>
            Activate(node, Activation.HardSigmoid, node.Float("alpha", 0.2f), node.Float("beta", 0.5f));
        operators["Sigmoid"] = node => Activate(node, Activation.Sigmoid);
        operators["MaxPool"] = Pool;
        operators["AveragePool"] = Pool;
        operators["GlobalAveragePool"] = PoolAll;
        operators["Flatten"] = Flatten;
        operators["Reshape"] = Flatten;
        operators["Concat"] = Concatenate;
        operators["Constant"] = Keep;
        operators["Identity"] = Pass;
        operators["Dropout"] = Pass;
    }

    /// <summary>Reads a file, which has to be open until the layers' weights have been read.</summary>
    /// <exception cref="NetworkException">This is no network, or one that can't be expressed.</exception>
    public static Graph Read(WireReader wire)
    {
        WireField? graph = null;
        bool hasVersion = false;
        foreach (WireField field in wire.Fields(wire.File))
        {
            if (field.Number == 7)
                graph = field;
            hasVersion |= field.Number == 8;
        }

        GraphProto proto = graph is { } found ? new(wire, found) : new();
        return proto.Nodes.Count > 0 && hasVersion ? new GraphReader().Read(proto)
            : throw new NetworkException("the file holds no graph with nodes and the version of its operators; expected an ONNX "
                + "model");
    }

    private Graph Read(GraphProto graph)
    {
        foreach (Constant tensor in graph.Constants)
            constants[tensor.Name] = tensor;
        foreach (string name in graph.Nodes.SelectMany(node => node.Inputs).Concat(graph.Outputs.Select(output => output.Name)))
            uses[name] = uses.GetValueOrDefault(name) + 1;
        ValueInfo[] inputs = [.. graph.Inputs.Where(input => !constants.ContainsKey(input.Name))];
        if (inputs.Length != 1 || graph.Outputs.Count != 1)
        {
            throw new NetworkException($"the graph has {inputs.Length} inputs and {graph.Outputs.Count} outputs; expected one of "
                + "each");
        }

        Value input = InputOf(inputs[0]);
        values[input.Name] = input;
        foreach (Node node in graph.Nodes)
        {
            if (node.Domain is not ("" or "ai.onnx") || !operators.TryGetValue(node.Operator, out Action<Node>? read))
                throw node.Error($"the operator is unknown here; expected {string.Join(", ", operators.Keys)}");
            try
            {
                read(node);
            }
            catch (ArgumentException e)
            {
                throw new NetworkException($"{node.Operator} '{node.Name}': {e.Message}", e);
            }

            node.RequireAllRead();
            if (node.Outputs.Skip(1).FirstOrDefault(uses.ContainsKey) is { } other)
                throw node.Error($"its output '{other}' is read; expected the first output alone");
        }

        return new Graph(input, OutputOf(graph.Outputs[0].Name, input), layers)
        {
            Weights = [.. constants.Values.Where(constant => constant.IsOnlyWeights).Select(constant => constant.Name)],
        };
    }

    private Value InputOf(ValueInfo input)
    {
        long[] sizes = input.Sizes;
        bool isFlat = sizes.Length == 2;
        if (input.Type != ElementType.Float || sizes.Length is not (2 or 4)
            || sizes[1..].Any(size => size < 1) || sizes[1..].Aggregate(Int128.One, (a, b) => a * b) > Array.MaxLength)
        {
            throw new NetworkException($"the input '{input.Name}' is {input.Type} "
                + $"[{string.Join(", ", sizes)}]; expected Float of batch, channels, height and width, or of batch and features, "
                + "all but the batch known");
        }

        return new Value(input.Name, (int)sizes[1], isFlat ? 1 : (int)sizes[2], isFlat ? 1 : (int)sizes[3], isFlat)
        {
            IsInput = true,
            IsNchw = true,
            Uses = uses.GetValueOrDefault(input.Name),
        };
    }

    /// <summary>The output: written by a layer, to the memory of the caller.</summary>
    private Value OutputOf(string name, Value input)
    {
        if (!values.TryGetValue(name, out Value? output))
            throw new NetworkException($"the output '{name}' is computed by no node; expected one that is");
        if (output.Root == input || output.Root.IsOutput || output.Whole is { } whole && whole.Elements != output.Elements)
        {
            Value copy = new(name, output.Channels, output.Height, output.Width, output.IsFlat) { Uses = 1 };
            layers.Add(new CopyLayer(new Node("Identity", name))
            {
                Input = output,
                Output = copy,
            });
            output = copy;
        }

        output.Root.IsOutput = output.Root.IsNchw = true;
        return output;
    }

    /// <summary>The operand that is computed, not constant.</summary>
    private Value ValueOf(Node node, int input)
    {
        if (!node.Has(input))
            throw node.Error($"it has {node.Inputs.Count} inputs; expected {input + 1} or more");
        string name = node.Inputs[input];
        return values.TryGetValue(name, out Value? value) ? value
            : throw node.Error(constants.ContainsKey(name)
                ? $"its input '{name}' is constant; expected one that is computed"
                : $"its input '{name}' comes from no node before it; expected nodes in the order of their computation");
    }

    private Constant ConstantOf(Node node, int input, string what) =>
        node.Has(input) && constants.TryGetValue(node.Inputs[input], out Constant? constant) ? constant
            : throw node.Error($"its input {input}, {what}, "
                + $"is {(node.Has(input) ? $"'{node.Inputs[input]}', which is computed" : "left out")}; expected a constant");

    /// <summary>A constant of so many elements.</summary>
    private float[] VectorOf(Node node, int input, int count, string what)
    {
        float[] vector = ConstantOf(node, input, what).Floats();
        return vector.Length == count ? vector
            : throw node.Error($"{what} has {vector.Length} elements; expected {count}");
    }

    private string OutputName(Node node) => node.Outputs.Count > 0 ? node.Outputs[0]
        : throw node.Error("it has no output; expected one");

    /// <summary>Names what a layer writes, or now writes.</summary>
    private void Write(Node node, Layer layer, int channels, int height, int width, bool isFlat)
    {
        if ((Int128)channels * height * width > Array.MaxLength || Math.Min(height, width) < 1)
            throw node.Error($"its output has {channels} x {height} x {width} elements; expected 1 to 2^31 - 1");
        layer.Output = new Value(OutputName(node), channels, height, width, isFlat)
        {
            Producer = layer as LinearLayer,
            Uses = uses.GetValueOrDefault(OutputName(node)),
        };
        values[OutputName(node)] = layer.Output;
    }

    private void Write(Node node, Layer layer, Value like) =>
        Write(node, layer, like.Channels, like.Height, like.Width, like.IsFlat);

    /// <summary>Another name of a value.</summary>
    private void Rename(Node node, Value value)
    {
        value.Uses += uses.GetValueOrDefault(OutputName(node)) - 1;
        values[OutputName(node)] = value;
    }
}
