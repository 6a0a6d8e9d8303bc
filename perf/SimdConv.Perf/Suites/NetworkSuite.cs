using System.Reflection;
using SimdConv.Perf.Compare;
using SimdConv.Perf.Peers;
using SimdConv.Samples.OnnxNetwork;
using static System.FormattableString;

namespace SimdConv.Perf.Suites;

/// <summary>
/// A whole network from an ONNX file, run by the sample that hosts would copy: the latency of one image, and batches.
/// </summary>
internal sealed class NetworkSuite : ISuite
{
    private const double Tolerance = 2e-6, WinogradTolerance = 2e-5;
    private const int ProfiledRuns = 15;

    public string Name => "network";

    /// <summary>ResNet-18 with trained weights, in the package that the project names.</summary>
    public static string DefaultModel => typeof(NetworkSuite).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "ResNet18").Value!;

    public IEnumerable<Case> Cases(CompareOptions options, PeerSet peers)
    {
        string path = options.Model?.FullName ?? DefaultModel;
        byte[] file = File.ReadAllBytes(path);
        bool isWinograd = options.Algorithm == "winograd";
        Execution execution = new(options.Threads);
        Network network = Network.Load(file,
            new() { Algorithm = isWinograd ? ConvAlgorithm.Winograd : ConvAlgorithm.Direct });
        string name = Path.GetFileNameWithoutExtension(path).ToLowerInvariant();
        IReadOnlyList<int> batches = options.Batches ?? [1, 8, 32];
        foreach (int batch in batches)
        {
            yield return new Case(name, $"{name},n={batch},{(isWinograd ? "winograd" : "direct")}", "inference",
                network.Flops * batch, default, isWinograd ? WinogradTolerance : Tolerance)
            {
                Create = () =>
                {
                    NetworkOperands operands = new(file, network, batch);
                    return peers.With(Ours(network, operands, execution),
                        (PeerSet.OnnxRuntime, () => OnnxRuntimeNetwork.Create(operands, options.Threads)),
                        (PeerSet.LibTorch, () => LibTorchNetwork.Create(operands)));
                },
                Remarks = contestants => Agreement(contestants)
                    .Concat(Memory(network, batch, execution))
                    .Concat(batch == batches[0] ? Steps(network, new(file, network, batch), execution) : [])
                    .Concat(batch == 1 ? FirstResults.Remarks(path, options) : []),
            };
        }
    }

    private static CallContestant Ours(Network network, NetworkOperands operands, Execution execution)
    {
        NetworkRun run = network.NewRun(operands.Batch, execution);
        NativeArray<float> x = operands.Images, y = operands.NewResults();
        return new CallContestant(PeerSet.SimdConv, () => run.Run(operands.Batch, x, y), y);
    }

    private static IEnumerable<string> Agreement(IReadOnlyList<Contestant> contestants) =>
        from peer in contestants.Skip(1)
        from results in peer.Results().Take(1)
        select Invariant(
            $"results lie within {CrossCheck.Difference(contestants[0].Results()[0], results):E1} of {peer.Name}'s largest");

    private static IEnumerable<string> Memory(Network network, int batch, Execution execution)
    {
        yield return Invariant(
            $"activations take {network.ActivationBytes(batch):N0} bytes, without reuse ")
            + Invariant($"{network.ActivationBytesWithoutReuse(batch):N0}; scratch {network.ScratchBytes(batch, execution):N0}");
    }

    /// <summary>Each step with its share of the time.</summary>
    private static IEnumerable<string> Steps(Network network, NetworkOperands operands, Execution execution)
    {
        NetworkRun run = network.NewRun(operands.Batch, execution);
        NativeArray<float> y = operands.NewResults();
        long[][] runs = [.. Enumerable.Range(0, ProfiledRuns).Select(_ =>
        {
            long[] ticks = new long[network.Steps.Count];
            run.Run(operands.Batch, operands.Images, y, ticks);
            return ticks;
        })];
        double[] times =
            [.. network.Steps.Select((_, i) => Statistics.Quantile([.. runs.Select(ticks => (double)ticks[i])], 0.5))];
        return network.Steps.Select((step, i) => Invariant(
            $"{times[i] * 100 / times.Sum(),5:F1} %  {step}"));
    }
}
