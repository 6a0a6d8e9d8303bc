using System.Numerics;
using SimdConv.Cli.Verification;

namespace SimdConv.Tests.Processes;

/// <summary>
/// Prints what plans of many layers say of their passes, in a process that takes the caches to be of given sizes.
/// </summary>
internal static class AlgorithmsChild
{
    /// <summary>Bytes of the three levels.</summary>
    public const string Caches = "32768,1048576,33554432";

    /// <summary>The tiers whose registers are as wide on every CPU.</summary>
    public static readonly SimdTier[] Tiers = [SimdTier.Avx2, SimdTier.Avx512];

    /// <summary>
    /// Layers of LeNet-5, AlexNet, VGG, ResNet, ResNeXt, MobileNet, EfficientNet, Inception, DeepLab, patches and sound; small,
    /// odd and one-sided ones.
    /// </summary>
    private static readonly string[] Layers =
    [
        "c=1,h=32,w=32,k=6,r=5,s=5", "c=6,h=14,w=14,k=16,r=5,s=5", "c=16,h=5,w=5,k=120,r=5,s=5",
        "c=3,h=227,w=227,k=96,r=11,s=11,stride=4x4", "c=48,h=27,w=27,k=128,r=5,s=5,pad=2x2x2x2",
        "c=3,h=224,w=224,k=64,r=3,s=3,pad=1x1x1x1",
        "c=64,h=224,w=224,k=64,r=3,s=3,pad=1x1x1x1", "c=128,h=112,w=112,k=128,r=3,s=3,pad=1x1x1x1",
        "c=512,h=28,w=28,k=512,r=3,s=3,pad=1x1x1x1",
        "c=3,h=224,w=224,k=64,r=7,s=7,stride=2x2,pad=3x3x3x3", "c=64,h=56,w=56,k=64,r=1,s=1",
        "c=64,h=56,w=56,k=64,r=3,s=3,pad=1x1x1x1",
        "c=64,h=56,w=56,k=256,r=1,s=1", "c=256,h=56,w=56,k=64,r=1,s=1", "c=128,h=56,w=56,k=128,r=3,s=3,stride=2x2,pad=1x1x1x1",
        "c=256,h=56,w=56,k=512,r=1,s=1,stride=2x2", "c=128,h=28,w=28,k=128,r=3,s=3,pad=1x1x1x1", "c=512,h=28,w=28,k=128,r=1,s=1",
        "c=256,h=14,w=14,k=256,r=3,s=3,pad=1x1x1x1", "c=1024,h=14,w=14,k=256,r=1,s=1", "c=256,h=14,w=14,k=1024,r=1,s=1",
        "c=1024,h=14,w=14,k=2048,r=1,s=1,stride=2x2", "c=512,h=7,w=7,k=512,r=3,s=3,pad=1x1x1x1", "c=2048,h=7,w=7,k=512,r=1,s=1",
        "c=512,h=7,w=7,k=2048,r=1,s=1", "c=512,h=14,w=14,k=512,r=3,s=3,stride=2x2,pad=1x1x1x1",
        "c=128,h=56,w=56,k=128,r=3,s=3,pad=1x1x1x1,groups=32", "c=256,h=28,w=28,k=256,r=3,s=3,pad=1x1x1x1,groups=32",
        "c=1024,h=7,w=7,k=1024,r=3,s=3,pad=1x1x1x1,groups=32", "c=240,h=28,w=28,k=240,r=1,s=1,groups=3",
        "c=3,h=224,w=224,k=32,r=3,s=3,stride=2x2,pad=1x1x1x1", "c=32,h=112,w=112,k=16,r=1,s=1", "c=16,h=112,w=112,k=96,r=1,s=1",
        "c=96,h=56,w=56,k=24,r=1,s=1", "c=144,h=28,w=28,k=32,r=1,s=1", "c=320,h=7,w=7,k=1280,r=1,s=1",
        "c=96,h=112,w=112,k=96,r=3,s=3,stride=2x2,pad=1x1x1x1,groups=96",
        "c=144,h=56,w=56,k=144,r=5,s=5,stride=2x2,pad=2x2x2x2,groups=144",
        "c=32,h=14,w=14,k=64,r=3,s=3,pad=1x1x1x1,groups=32", "c=32,h=14,w=14,k=96,r=3,s=3,pad=1x1x1x1,groups=32",
        "c=192,h=17,w=17,k=192,r=1,s=7,pad=0x3x0x3", "c=192,h=17,w=17,k=192,r=7,s=1,pad=3x0x3x0",
        "c=64,h=35,w=35,k=96,r=3,s=3,pad=1x1x1x1",
        "c=256,h=33,w=33,k=256,r=3,s=3,pad=6x6x6x6,dilation=6x6", "c=64,h=65,w=65,k=64,r=3,s=3,pad=2x2x2x2,dilation=2x2",
        "c=3,h=224,w=224,k=768,r=16,s=16,stride=16x16", "c=3,h=224,w=224,k=96,r=4,s=4,stride=4x4",
        "c=64,h=28,w=28,k=64,r=7,s=7,pad=3x3x3x3",
        "c=1,h=1,w=16000,k=64,r=1,s=80,stride=1x4", "c=64,h=1,w=4000,k=64,r=1,s=3,pad=0x1x0x1",
        "c=8,h=1,w=100,k=8,r=1,s=9,pad=0x4x0x4",
        "c=1,h=28,w=28,k=8,r=3,s=3", "c=1,h=28,w=28,k=1,r=5,s=5,pad=2x2x2x2", "c=3,h=64,w=64,k=3,r=5,s=5,pad=2x2x2x2",
        "c=16,h=64,w=64,k=8,r=3,s=3,pad=1x1x1x1", "c=16,h=64,w=64,k=16,r=3,s=3,pad=1x1x1x1",
        "c=16,h=64,w=64,k=24,r=3,s=3,pad=1x1x1x1",
        "c=40,h=9,w=9,k=40,r=3,s=3", "c=17,h=13,w=11,k=19,r=3,s=2,stride=2x1,pad=1x0x1x1", "c=5,h=3,w=3,k=7,r=3,s=3,pad=1x1x1x1",
        "c=4,h=1,w=1,k=10,r=1,s=1", "c=2,h=2,w=2,k=2,r=2,s=2,stride=2x2", "c=8,h=4,w=4,k=4,r=3,s=3,pad=2x2x2x2",
        "c=12,h=10,w=10,k=6,r=9,s=9,pad=4x4x4x4",
        "c=6,h=40,w=40,k=6,r=31,s=31,pad=15x15x15x15", "c=3,h=12,w=50,k=20,r=2,s=5,stride=1x3,dilation=2x1",
        "c=33,h=20,w=20,k=31,r=1,s=1,stride=3x3",
        "c=6,h=9,w=9,k=6,r=3,s=3,groups=2,pad=1x1x1x1", "c=8,h=24,w=24,k=64,r=5,s=5,stride=2x2,pad=2x2x2x2",
        "c=100,h=6,w=6,k=300,r=3,s=3,pad=1x1x1x1",
    ];

    /// <summary>Lines of each tier.</summary>
    public static int LinesOfATier => Layers.Length * 2 * Enum.GetValues<ConvDirection>().Length;

    public static void Run()
    {
        foreach (string layer in Layers)
        {
            Print<float>(layer);
            Print<double>(layer);
        }
    }

    private static void Print<T>(string layer) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Conv2DPlan<T> plan = new(ShapeLine.TryParse($"n=1,{layer}", out _)!.Shape);
        foreach (SimdTier tier in Tiers.Where(SimdSupport.IsAvailable))
        {
            foreach (ConvDirection direction in Enum.GetValues<ConvDirection>())
                Console.WriteLine($"{layer} {typeof(T).Name} {direction}: {plan.Algorithm(direction, new(1, null, tier))}");
        }
    }
}
