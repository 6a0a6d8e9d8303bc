using System.Globalization;
using System.Runtime;
using SimdConv.Cli.Networks;
using SimdConv.Core;

namespace SimdConv.Tests.Processes;

/// <summary>The first forward pass of LeNet-5 in a process: prints what the JIT took for it.</summary>
internal static class FirstCallChild
{
    public static void Run()
    {
        // What hosts may listen to is made beside the first call, on another thread; its methods would be counted now and then.
        AppContext.SetSwitch(Telemetry.Switch, false);
        NetworkPlan plan = NetworkParser.Parse("test", NetworkPlan.LeNet5, new ImageSize(1, 32, 32));
        float[] images = new float[32 * 32];
        long methods = JitInfo.GetCompiledMethodCount();
        TimeSpan before = JitInfo.GetCompilationTime();
        Network<float> network = new(plan, new SimdEngine<float>(default, useWinograd: true), 1);
        float logit = network.Forward(1, images)[0];
        TimeSpan after = JitInfo.GetCompilationTime();
        Assert.Equal(0, logit);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"jit_ms={(after - before).TotalMilliseconds:F2} methods={JitInfo.GetCompiledMethodCount() - methods}"));
    }
}
