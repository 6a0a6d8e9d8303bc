using SimdConv.Cli;
using SimdConv.Simd;

namespace SimdConv.Tests.Cli;

/// <summary>What the tool calls a CPU, and what the library knows of its caches.</summary>
public sealed class MachineTests
{
    [Fact]
    public void AnX86CpuHasAName() =>
        Assert.Equal("AMD EPYC 9R14", Machine.CpuName(["processor\t: 0", "model name\t: AMD EPYC 9R14", "model name\t: other"]));

    [Fact]
    public void ArmCoresAreCountedByImplementerAndPart() =>
        Assert.Equal("2 cores Arm part 0xd41, 1 cores implementer 0x99 part 0x001",
            Machine.CpuName(
            [
                "CPU implementer\t: 0x41", "CPU part\t: 0xd41", "", "CPU implementer\t: 0x41", "CPU part\t: 0xd41", "",
                "CPU implementer\t: 0x99", "CPU part\t: 0x001",
            ]));

    [Fact]
    public void WhereTheSystemTellsNothingThereIsNoName() => Assert.Null(Machine.CpuName(["processor\t: 0"]));

    /// <summary>As Linux tells an Arm CPU's caches, in a folder for each.</summary>
    [Fact]
    public void CachesAreReadFromFolders()
    {
        string folder = Directory.CreateTempSubdirectory("simdconv-caches-").FullName;
        try
        {
            Add(0, "1", "Data", "64K");
            Add(1, "1", "Instruction", "48K");
            Add(2, "2", "Unified", "1M");
            Add(3, "3", "Unified", "");
            CpuCache[] expected =
            [
                new(1, CpuCacheKind.Data, 64 << 10), new(1, CpuCacheKind.Instruction, 48 << 10),
                new(2, CpuCacheKind.Unified, 1 << 20),
            ];
            Assert.Equal<CpuCache>(expected, ArmCpu.ReadCaches(folder));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        Assert.Empty(ArmCpu.ReadCaches(folder));

        void Add(int index, string level, string type, string size)
        {
            string cache = Path.Combine(folder, $"index{index}");
            Directory.CreateDirectory(cache);
            File.WriteAllText(Path.Combine(cache, "level"), level + "\n");
            File.WriteAllText(Path.Combine(cache, "type"), type + "\n");
            File.WriteAllText(Path.Combine(cache, "size"), size + "\n");
        }
    }

    [SkippableFact]
    public void CachesOfThisCpuAreKnown()
    {
        Skip.IfNot(X86Cpu.Family.IsThisCpu, "other CPUs may not tell");
        Assert.Contains(SimdSupport.Caches, cache => cache.Level == 1 && cache.Kind == CpuCacheKind.Data && cache.Bytes >= 16384);
        Assert.Contains(SimdSupport.Caches, cache => cache.Level == 2 && cache.Kind == CpuCacheKind.Unified);
        Assert.Equal(Cpu.CacheBytes(2), SimdSupport.Caches.First(cache => cache.Level == 2).Bytes);
    }
}
