using SimdConv.Perf.Peers;

namespace SimdConv.Perf.Compare;

/// <summary>The peers that were asked for and that load here.</summary>
internal sealed class PeerSet
{
    public const string SimdConv = "SimdConv";

    /// <summary>No peer: a plain copy of as many bytes.</summary>
    public const string Memory = "memory";

    /// <summary>No peer: nothing but multiply-adds.</summary>
    public const string Peak = "peak";

    public const string OpenBlas = "openblas", LibTorch = "libtorch", OnnxRuntime = "onnxruntime", NumPy = "numpy",
        Reference = "reference", Native = "native", Blis = "blis", Libxsmm = "libxsmm", MathNet = "mathnet",
        NumSharp = "numsharp";

    /// <summary>Loads a peer. Returns its version, or why it can't be loaded.</summary>
    private delegate bool Loader(int threads, out string said);

    // Reference is in the library itself: always there.
    private static readonly Dictionary<string, Loader> Loaders = new()
    {
        [OpenBlas] = Peers.OpenBlas.TryLoad,
        [LibTorch] = LibTorchLoader.TryLoad,
        [OnnxRuntime] = Peers.OnnxRuntime.TryLoad,
        [NumPy] = NumPyEpoch.TryLoad,
        [Blis] = Peers.Blis.TryLoad,
        [Libxsmm] = Peers.Libxsmm.TryLoad,
        [MathNet] = MathNetNumerics.TryLoad,
        [NumSharp] = NumSharpGemm.TryLoad,
        [Native] = NativeSimdConv.TryLoad,
        [Reference] = (int _, out string said) => (said = "") is not null,
    };

    private readonly Dictionary<string, string> available = [];

    public static IReadOnlyCollection<string> Known => Loaders.Keys;

    /// <summary>The peers that every run has.</summary>
    public static readonly string[] Usual = [OpenBlas, LibTorch, OnnxRuntime, NumPy];

    /// <summary>Further libraries that multiply matrices: they take part where they are asked for.</summary>
    public static readonly string[] Multiplying = [Blis, Libxsmm, MathNet, NumSharp];

    /// <summary>Loads each peer asked for; one that can't is said in one line and left out.</summary>
    public PeerSet(IEnumerable<string> asked, int threads, Action<string> say)
    {
        foreach (string name in asked)
        {
            if (Loaders[name](threads, out string said))
                available.Add(name, said);
            else
                say($"{name} is left out: {said}");
        }
    }

    /// <summary>The peers with their versions.</summary>
    public IEnumerable<string> Versions => available.Select(peer => $"{peer.Key} {peer.Value}".Trim());

    /// <summary>The participants of a row: SimdConv's, and those of the peers that are there and take the shape.</summary>
    public IReadOnlyList<Contestant> With(Contestant ours, params ReadOnlySpan<(string Peer, Func<Contestant?> Make)> peers)
    {
        List<Contestant> participants = [ours];
        foreach ((string peer, Func<Contestant?> make) in peers)
        {
            if (available.ContainsKey(peer) && make() is { } participant)
                participants.Add(participant);
        }

        return participants;
    }
}
