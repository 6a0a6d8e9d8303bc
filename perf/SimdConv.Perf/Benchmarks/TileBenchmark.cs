using System.Numerics;
using BenchmarkDotNet.Attributes;
using SimdConv.Perf.Peers;
using SimdConv.Perf.Suites;

namespace SimdConv.Perf.Benchmarks;

/// <summary>The active tier's register tile alone, as tall as it gets at each width, its panels in L1.</summary>
[GenericTypeArguments(typeof(float))]
[GenericTypeArguments(typeof(double))]
public unsafe class TileBenchmark<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Kc = 256;

    private KernelCalls<T> calls = null!;
    private NativeArray<T> a = null!, b = null!, c = null!;

    public static IEnumerable<object> Widths => [new TileWidth(2), new TileWidth(3), new TileWidth(4)];

    [ParamsSource(nameof(Widths))]
    public object Width { get; set; } = null!;

    [GlobalSetup]
    public void SetUp()
    {
        calls = KernelCalls<T>.For(SimdSupport.Best, ((TileWidth)Width).Vectors);
        a = RandomData.Uniform<T>((long)calls.MR * Kc, 1);
        b = RandomData.Uniform<T>((long)calls.NR * Kc, 2);
        c = new NativeArray<T>((long)calls.MR * calls.NR);
    }

    [Benchmark]
    public void Tile() => calls.Tile(Kc, a.Pointer, b.Pointer, c.Pointer);

    private sealed record TileWidth(int Vectors) : IWork
    {
        public double FlopsIn(SimdTier tier)
        {
            KernelCalls<T> calls = KernelCalls<T>.For(tier, Vectors);
            return 2.0 * calls.MR * calls.NR * Kc;
        }

        public override string ToString() => $"{Vectors} registers";
    }
}
