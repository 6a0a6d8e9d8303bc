using System.Collections.Concurrent;
using SimdConv.Core;
using SimdConv.Tests.Processes;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Regressions;

/// <summary>
/// No call changes how its thread, or a worker, rounds or treats subnormals, as -ffast-math libraries have done to their hosts.
/// </summary>
public sealed class ControlRegisterTests
{
    /// <summary>The reader itself works: a mode that is set is read back.</summary>
    [SkippableFact]
    public void ASetModeIsReadBack()
    {
        Skip.IfNot(ControlRegister.IsReadable, "the register is read by machine code for x86-64 Linux");
        uint before = ControlRegister.Read();
        Assert.Equal(0u, before & ControlRegister.FlushToZero);
        ControlRegister.Write(before | ControlRegister.FlushToZero);
        uint set = ControlRegister.Read();
        ControlRegister.Write(before);
        Assert.Equal(before | ControlRegister.FlushToZero, set);
        Assert.Equal(before, ControlRegister.Read());
    }

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void NoOperationChangesIt(SimdTier tier)
    {
        Tiers.Require(tier);
        Skip.IfNot(ControlRegister.IsReadable, "the register is read by machine code for x86-64 Linux");
        uint before = ControlRegister.Read();
        foreach (int threads in (int[])[1, 3])
        {
            foreach ((string name, Action run) in
                AllocationChild.Operations<float>(tier.Run(threads))
                .Concat(AllocationChild.Operations<double>(tier.Run(threads))))
            {
                run();
                Assert.True(before == ControlRegister.Read(), $"{name} in {tier} on {threads} threads");
            }
        }

        Assert.All(OfWorkers(), control => Assert.Equal(before, control.Value));
    }

    /// <summary>By thread, once at least one worker has taken part.</summary>
    private static unsafe ConcurrentDictionary<int, uint> OfWorkers()
    {
        Seen.Clear();
        for (int i = 0; i < 100 && Seen.Count < 2; i++)
            Workers.Run(4, 4, &Note, null);
        Assert.InRange(Seen.Count, 2, int.MaxValue);
        return Seen;

        static void Note(void* state, int part)
        {
            Seen[Environment.CurrentManagedThreadId] = ControlRegister.Read();
            Thread.Sleep(10);
        }
    }

    private static readonly ConcurrentDictionary<int, uint> Seen = [];
}
