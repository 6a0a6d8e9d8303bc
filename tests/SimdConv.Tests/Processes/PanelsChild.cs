using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using SimdConv.Cli.Verification;
using SimdConv.Core;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Processes;

/// <summary>Packed weights of processes of their own: with caches of other sizes, or with the same file mapped.</summary>
internal static class PanelsChild
{
    /// <summary>The tiers whose registers are as wide on every CPU.</summary>
    public static readonly SimdTier[] Tiers = AlgorithmsChild.Tiers;

    /// <summary>
    /// Every order of panels: dense layers by each strategy, in bands and in blocks of channels; products; depthwise; patches;
    /// Winograd's algorithm with either in lanes; images innermost.
    /// </summary>
    private static readonly (string Layer, ConvAlgorithm Algorithm, bool AreImagesInnermost)[] Layers =
    [
        ("c=40,h=9,w=9,k=40,r=3,s=3", ConvAlgorithm.Direct, false),
        ("c=3,h=24,w=24,k=20,r=7,s=7,stride=2x2,pad=3x3x3x3", ConvAlgorithm.Direct, false),
        ("c=520,h=6,w=6,k=33,r=3,s=3,pad=1x1x1x1", ConvAlgorithm.Direct, false),
        ("c=1100,h=8,w=8,k=150,r=1,s=1", ConvAlgorithm.Direct, false),
        ("c=16,h=64,w=64,k=8,r=3,s=3,pad=1x1x1x1", ConvAlgorithm.Direct, false),
        ("c=12,h=10,w=10,k=6,r=9,s=9,pad=4x4x4x4", ConvAlgorithm.Direct, false),
        ("c=6,h=9,w=9,k=6,r=3,s=3,groups=2,pad=1x1x1x1", ConvAlgorithm.Direct, false),
        ("c=32,h=14,w=14,k=64,r=3,s=3,stride=2x2,pad=1x1x1x1,groups=32", ConvAlgorithm.Direct, false),
        ("c=3,h=64,w=64,k=48,r=16,s=16,stride=16x16", ConvAlgorithm.Direct, false),
        ("c=4,h=9,w=9,k=6,r=5,s=3,stride=2x1,pad=2x1x2x1", ConvAlgorithm.Direct, true),
        ("c=20,h=20,w=20,k=37,r=3,s=3,pad=1x1x1x1", ConvAlgorithm.WinogradF2, false),
        ("c=20,h=20,w=20,k=37,r=3,s=3,pad=1x1x1x1", ConvAlgorithm.WinogradF4, false),
        ("c=20,h=7,w=7,k=37,r=3,s=3,pad=1x1x1x1", ConvAlgorithm.WinogradF4, false),
        ("c=6,h=14,w=14,k=16,r=5,s=5", ConvAlgorithm.WinogradF2, true),
    ];

    /// <summary>Prints sums of the layout and of the bytes of each array of panels.</summary>
    public static void Print()
    {
        Print<float>();
        Print<double>();
    }

    /// <summary>
    /// Writes filters for all tiers to a file: first all without, then all with their weights, each for both passes.
    /// </summary>
    public static void Save(string path)
    {
        using FileStream stream = File.Create(path);
        for (int time = 0; time < 2; time++)
        {
            foreach ((Conv2DPlan<float> plan, float[] w, SimdTier tier) in Filters<float>())
                plan.Pack(w, FilterUse.Both, tier).Save(stream, time == 0 ? [] : w);
        }
    }

    /// <summary>What <see cref="Save"/> saves, each layer in each tier.</summary>
    public static IEnumerable<(Conv2DPlan<T> Plan, T[] Weights, SimdTier Tier)> Filters<T>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        from layer in Layers
        let plan = Plan<T>(layer.Layer, layer.Algorithm, layer.AreImagesInnermost)
        let weights = Data.Make<T>(plan.Shape.WeightCount, DataKind.Real, plan.Shape.K)
        from tier in Tiers.Where(SimdSupport.IsAvailable)
        select (plan, weights, tier);

    /// <summary>Maps a file, reads all of it, says so, and waits until it is told to end.</summary>
    public static void Share(string path)
    {
        using PackedFile file = PackedFile.Map(path);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{file.Count} arrays"));
        Console.ReadLine();
        GC.KeepAlive(file);
    }

    private static Conv2DPlan<T> Plan<T>(string layer, ConvAlgorithm algorithm, bool areImagesInnermost)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Conv2DShape s = ShapeLine.TryParse($"n=1,{layer}", out _)!.Shape;
        return areImagesInnermost
            ? new(s, ImageLayout.Chwn(s.C, s.H, s.W, 32), ImageLayout.Chwn(s.K, s.P, s.Q, 32), algorithm)
            : new(s, algorithm: algorithm);
    }

    private static unsafe void Print<T>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach ((Conv2DPlan<T> plan, T[] w, SimdTier tier) in Filters<T>())
        {
            using MemoryStream stream = new();
            plan.Pack(w, FilterUse.Both, tier).Save(stream);
            Print<T>(stream, $"{plan.Shape} {plan.ConvAlgorithm} {(plan.InputLayout.W == 1 ? "NCHW" : "CHWN")}", tier);
        }

        foreach (SimdTier tier in Tiers.Where(SimdSupport.IsAvailable))
        {
            foreach (GemmSide side in Enum.GetValues<GemmSide>())
            {
                foreach ((int rows, int columns) in ((int, int)[])[(5, 700), (300, 700), (700, 70)])
                {
                    T[] matrix = Data.Make<T>(rows * columns, DataKind.Real, rows);
                    using MemoryStream stream = new();
                    SimdConv.Gemm.Pack<T>(side, Transpose.No, rows, columns, matrix, columns, tier).Save(stream);
                    Print<T>(stream, $"{side} {rows} x {columns}", tier);
                }
            }
        }
    }

    private static unsafe void Print<T>(MemoryStream stream, string what, SimdTier tier)
    {
        byte[] bytes = stream.ToArray();
        fixed (byte* data = bytes)
        {
            PackedRecord record = PackedRecord.Read(data, bytes.Length, 0, verifies: false);
            for (int i = 0; i < PackedRecord.Layouts && record.Layout(i).Length > 0; i++)
            {
                PackedRecord.Part part = record[i];
                Console.WriteLine($"{what} {typeof(T).Name} {i}: {tier}: {Sum(MemoryMarshal.AsBytes(record.Layout(i)))} "
                    + $"{Sum(new((void*)part.Address, (int)part.Bytes))}");
            }
        }

        static string Sum(ReadOnlySpan<byte> bytes) => Convert.ToHexString(SHA256.HashData(bytes))[..16];
    }
}
