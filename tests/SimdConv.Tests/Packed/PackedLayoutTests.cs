using System.Diagnostics;
using System.Globalization;
using SimdConv.Tests.Architecture;
using SimdConv.Tests.Processes;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Packed;

/// <summary>Packed weights go from one process to another: of another version, with other caches, or beside it.</summary>
public sealed class PackedLayoutTests
{
    private static readonly string Recorded =
        Path.Combine(SourceTests.Root(), "tests", "SimdConv.Tests", "Packed", "panels.txt");

    /// <summary>
    /// panels.txt beside this file holds sums of layouts and of packed bytes, with caches of the sizes in
    /// <see cref="AlgorithmsChild"/>. Where bytes change though their layout doesn't, files of earlier versions would be read
    /// wrongly: PackedRecords.Packing has to take its next number, and then the file is recorded anew with
    /// SIMDCONV_RECORD_PANELS=1. A layout that changes, since a layer takes another strategy or block size, is recorded anew.
    /// </summary>
    [Fact]
    public void PanelsOfALayoutAreTheRecordedOnes()
    {
        string output = ChildProcess.MustSucceed(["panels"], (Effort.CachesVariable, AlgorithmsChild.Caches));
        string[] given = [.. output.Split('\n').Where(IsOfThisProcess)];
        string[] recorded = File.Exists(Recorded) ? File.ReadAllLines(Recorded) : [];
        HashSet<string> layouts = [.. recorded.Select(line => line[..^16])];
        Assert.NotEmpty(given);
        string[] broken = [.. given.Except(recorded).Where(line => layouts.Contains(line[..^16]))];
        Assert.True(broken.Length == 0,
            "Panels changed though their layout didn't: PackedRecords.Packing takes its next number.\n"
            + string.Join('\n', broken));
        if (Environment.GetEnvironmentVariable("SIMDCONV_RECORD_PANELS") == "1")
        {
            IEnumerable<string> others = recorded.Where(line => !IsOfThisProcess(line));
            File.WriteAllText(Recorded, string.Join('\n', others.Concat(given).Order(StringComparer.Ordinal)) + '\n');
        }

        Assert.True(given.Order(StringComparer.Ordinal).SequenceEqual(File.ReadAllLines(Recorded).Where(IsOfThisProcess)),
            "Layouts of panels aren't the recorded ones: run this test with SIMDCONV_RECORD_PANELS=1 if that is meant.\n"
            + string.Join('\n', given.Except(recorded)));
    }

    /// <summary>
    /// A file of a CPU with other caches is read in place where its panels are the same; else it is packed again or refused.
    /// </summary>
    [Fact]
    public void PanelsOfOtherCachesAreTheSameOrRefused()
    {
        string path = Path.GetTempFileName();
        try
        {
            ChildProcess.MustSucceed(["save-panels", path], (Effort.CachesVariable, "16384,131072,1048576"));
            int i = 0, shared = 0, refused = 0;
            using PackedFile file = PackedFile.Map(path);
            (Conv2DPlan<float> Plan, float[] Weights, SimdTier Tier)[] filters = [.. PanelsChild.Filters<float>()];
            Assert.Equal(2 * filters.Length, file.Count);
            foreach ((Conv2DPlan<float> plan, float[] w, SimdTier tier) in filters)
            {
                foreach (FilterUse use in Enum.GetValues<FilterUse>())
                {
                    PackedFilter<float> packed = plan.Pack(w, use, tier), full = plan.Load(file, filters.Length + i, use, tier);
                    PackedFiles.RequireEqual(packed, full);
                    if (full.IsInFile)
                    {
                        PackedFiles.RequireEqual(packed, plan.Load(file, i, use, tier));
                        shared++;
                        continue;
                    }

                    Assert.Throws<NotSupportedException>(() => plan.Load(file, i, use, tier));
                    refused++;
                }

                i++;
            }

            Assert.True(filters.Length == 0 || (shared > 0 && refused > 0), $"{shared} shared, {refused} refused");
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>Two processes that map a file have its pages once: each is charged with half of them.</summary>
    [SkippableFact]
    public void ProcessesShareThePagesOfAFile()
    {
        Skip.IfNot(OperatingSystem.IsLinux() && File.Exists("/proc/self/smaps"), "the system tells no process' share of pages");
        Conv2DShape shape = new Conv2DShape(512, 7, 7, 512, 3, 3).WithPadding(1, 1);
        string path = Path.GetTempFileName();
        Process[] children = [];
        try
        {
            using (FileStream stream = File.Create(path))
                new Conv2DPlan<float>(shape).Pack(new float[shape.WeightCount]).Save(stream);
            long bytes = new FileInfo(path).Length;
            children = [.. Enumerable.Range(0, 2).Select(_ => Start(path))];
            foreach (Process child in children)
                Assert.Equal("1 arrays", child.StandardOutput.ReadLine());
            foreach (Process child in children)
            {
                (long rss, long pss) = Pages(child.Id, path);
                Assert.InRange(rss, bytes, bytes + (1 << 16));
                Assert.InRange(pss, bytes * 2 / 5, bytes * 3 / 5);
            }
        }
        finally
        {
            foreach (Process child in children)
            {
                child.StandardInput.Close();
                if (!child.WaitForExit(TimeSpan.FromMinutes(1)))
                    child.Kill();
                child.Dispose();
            }

            File.Delete(path);
        }
    }

    private static bool IsOfThisProcess(string line) => Array.Exists(PanelsChild.Tiers,
        tier => SimdSupport.IsAvailable(tier) && line.Contains($": {tier}: ", StringComparison.Ordinal));

    private static Process Start(string path)
    {
        ProcessStartInfo start = new(ChildProcess.Host, [typeof(ChildProcess).Assembly.Location, "share-panels", path])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        return Process.Start(start)!;
    }

    /// <summary>Bytes of a mapped file that a process has in memory, and its share of them.</summary>
    private static (long Rss, long Pss) Pages(int process, string path)
    {
        (long rss, long pss, bool isFile) = (0, 0, false);
        foreach (string line in File.ReadLines($"/proc/{process}/smaps"))
        {
            string[] words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (!words[0].EndsWith(':'))
                isFile = words[^1] == path;
            else if (isFile && words[0] is ("Rss:" or "Pss:"))
                (rss, pss) = words[0] == "Rss:" ? (rss + Kilobytes(words), pss) : (rss, pss + Kilobytes(words));
        }

        return (rss, pss);

        static long Kilobytes(string[] words) => 1024 * long.Parse(words[1], CultureInfo.InvariantCulture);
    }
}
