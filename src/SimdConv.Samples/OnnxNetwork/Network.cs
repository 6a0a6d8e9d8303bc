namespace SimdConv.Samples.OnnxNetwork;

/// <summary>
/// A network read from an ONNX file: its plans, and its weights, packed once. It never changes, and any number of callers may run
/// it at once, each by a <see cref="NetworkRun"/> of its own.
/// </summary>
/// <remarks>
/// Batch normalisation and other scales of channels are folded into weights; bias, residual and activation are part of the
/// convolution before them; memory of activations is planned once and reused; parts of a concatenation are computed in their
/// place.
/// </remarks>
public sealed class Network : IDisposable
{
    private readonly Step[] steps;
    private readonly BufferPlan buffers;
    private readonly PackedFile? file;

    private Network(Graph graph, NetworkOptions options, IWeights weights, PackedFile? file = null)
    {
        if (options.Algorithm is not (ConvAlgorithm.Direct or ConvAlgorithm.Winograd))
            throw new ArgumentOutOfRangeException(nameof(options), options.Algorithm, "Expected Direct or Winograd.");
        this.file = file;
        Tier = options.Tier ?? SimdSupport.Best;
        (Channels, Height, Width) = (graph.Input.Channels, graph.Input.Height, graph.Input.Width);
        Results = graph.Output.Elements;
        Flops = graph.Layers.OfType<LinearLayer>()
            .Sum(layer => 2.0 * layer.WeightCount * layer.Output.Height * layer.Output.Width);
        SpreadOrder(graph.Layers);
        buffers = new BufferPlan(graph, options.ReusesMemory);
        StepMaker maker = new(buffers, options, Tier, weights);
        steps = [.. graph.Layers.Select(maker.Make)];
    }

    /// <summary>Channels of an image.</summary>
    public int Channels { get; }

    /// <summary>Rows of an image.</summary>
    public int Height { get; }

    /// <summary>Columns of an image.</summary>
    public int Width { get; }

    /// <summary>Elements of the results of one image.</summary>
    public int Results { get; }

    /// <summary>Multiplications and additions of convolutions and products, for one image, as plain sums.</summary>
    public double Flops { get; }

    /// <summary>The tier that it runs in.</summary>
    public SimdTier Tier { get; }

    /// <summary>The steps of a run in their order: the nodes of each, the sizes, and how it is computed.</summary>
    public IReadOnlyList<string> Steps => [.. steps.Select(step => step.Text)];

    /// <summary>Whether the weights are in a mapped file: processes share one copy of them.</summary>
    public bool IsMapped => file is not null;

    /// <summary>
    /// Reads an ONNX file and packs its weights; or maps a file of <see cref="Pack"/>, of which nothing is packed or copied.
    /// </summary>
    /// <exception cref="NetworkException">The file is missing or damaged, or the network can't be expressed; the message names
    /// the node, and what was expected.</exception>
    public static Network Load(string path, NetworkOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        return Named(path, () =>
        {
            using FileStream file = Open(path);
            return NetworkFile.IsOne(file) ? Map(path, file, options ?? new()) : Load(file, options);
        });
    }

    /// <summary>Reads the bytes of an ONNX file, and packs its weights.</summary>
    /// <exception cref="NetworkException">As for a file.</exception>
    public static Network Load(byte[] file, NetworkOptions? options = null) => Load(new MemoryStream(file), options);

    /// <summary>Reads an ONNX file, which may be closed then, and packs its weights.</summary>
    /// <exception cref="NetworkException">As for a file.</exception>
    public static Network Load(Stream file, NetworkOptions? options = null) =>
        new(GraphReader.Read(new WireReader(file)), options ?? new(), new PackedNow());

    /// <summary>
    /// Writes a network with its weights as <see cref="Load(string, NetworkOptions)"/> maps them. They are packed for this CPU
    /// and these options; for others the file has what they are packed from.
    /// </summary>
    /// <param name="model">The ONNX file.</param>
    /// <param name="path">The file to write, or to replace once the new one is whole.</param>
    /// <param name="options">Those that the network will be loaded with.</param>
    /// <exception cref="NetworkException">The file can't be written, or as for loading one.</exception>
    public static void Pack(string model, string path, NetworkOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(path);
        using FileStream file = Named(model, () => Open(model));
        WireReader wire = new(file);
        Graph graph = Named(model, () => GraphReader.Read(wire));
        int biases = graph.Layers.OfType<LinearLayer>().Sum(layer => layer.Outputs);
        Named(path, () =>
        {
            NetworkFile.Write(path, wire, graph.Weights, biases, destination =>
            {
                PackedNow weights = new(destination);
                new Network(graph, options ?? new(), weights).Dispose();
                return weights.Biases;
            });
            return true;
        });
    }

    /// <summary>Closes the mapped file, if there is one; runs that have begun end well.</summary>
    public void Dispose() => file?.Dispose();

    /// <summary>The memory for one caller at a time, allocated once: runs allocate nothing after the first.</summary>
    /// <param name="mostImages">The largest batch.</param>
    /// <param name="execution">Threads and scheduler; the tier is the network's.</param>
    public NetworkRun NewRun(int mostImages, Execution execution = default) =>
        new(this, mostImages, execution with { Tier = Tier });

    /// <summary>Bytes that a run's activations take, the caller's images and results not counted.</summary>
    public long ActivationBytes(int batch) => (long)buffers.Elements * batch * sizeof(float);

    /// <summary>What they would take with memory of its own for each.</summary>
    public long ActivationBytesWithoutReuse(int batch) => (long)buffers.ElementsWithoutReuse * batch * sizeof(float);

    /// <summary>Bytes of the library's scratch memory, on all threads together, in the step that takes most.</summary>
    public long ScratchBytes(int batch, Execution execution = default) =>
        steps.Max(step => step.ScratchBytes(batch, execution with { Tier = Tier }));

    private static Network Map(string path, FileStream file, NetworkOptions options)
    {
        (byte[] model, float[] biases, long start) = NetworkFile.Read(file);
        WireReader wire = new(new MemoryStream(model)) { HasWeightsElsewhere = true };
        PackedFile packed = PackedFile.Map(path, start, verify: options.Verifies);
        try
        {
            Graph graph = GraphReader.Read(wire);
            int expected = graph.Layers.Count(layer => layer is LinearLayer);
            return packed.Count == expected ? new Network(graph, options, new PackedBefore(packed, biases), packed)
                : throw new NetworkException($"the file has {packed.Count} packed arrays; expected {expected}, one a layer");
        }
        catch (ArgumentException e) when (e is not ArgumentOutOfRangeException)
        {
            packed.Dispose();
            throw new NetworkException(e.Message, e);
        }
        catch
        {
            packed.Dispose();
            throw;
        }
    }

    private static FileStream Open(string path) => new(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);

    /// <summary>Names the file that an error is about.</summary>
    private static T Named<T>(string path, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NetworkException or InvalidDataException
            or NotSupportedException)
        {
            throw new NetworkException($"{path}: {e.Message}", e);
        }
    }

    internal void Run(in Call call)
    {
        foreach (Step step in steps)
            step.Run(call);
    }

    internal void Run(in Call call, Span<long> ticks)
    {
        for (int i = 0; i < steps.Length; i++)
        {
            long start = System.Diagnostics.Stopwatch.GetTimestamp();
            steps[i].Run(call);
            ticks[i] += System.Diagnostics.Stopwatch.GetTimestamp() - start;
        }
    }

    internal int StepCount => steps.Length;

    /// <summary>A residual lies as the output does that it is added to.</summary>
    private static void SpreadOrder(IReadOnlyList<Layer> layers)
    {
        for (bool isDone = false; !isDone;)
        {
            isDone = true;
            foreach (Layer layer in layers)
            {
                if (layer.Residual is { } residual && residual.Root.IsNchw != layer.Output.Root.IsNchw)
                    residual.Root.IsNchw = layer.Output.Root.IsNchw = !(isDone = false);
            }
        }
    }
}
