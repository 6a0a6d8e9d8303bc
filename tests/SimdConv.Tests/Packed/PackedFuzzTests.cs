using System.Diagnostics;
using SimdConv.Tests.Support;
using Xunit.Abstractions;

namespace SimdConv.Tests.Packed;

/// <summary>
/// Files of packed weights with bytes that are other ones, missing or too many: each is refused by the documented exception, or
/// gives the panels that were written. Nothing is read outside the file and nothing is allocated for what the file merely claims.
/// </summary>
public sealed class PackedFuzzTests(ITestOutputHelper output)
{
    private const int Mutations = 100_000, LongMutations = 1_000_000;

    private static readonly Conv2DShape Shape = new Conv2DShape(2, 5, 5, 3, 3, 3).WithPadding(1, 1);

    private static readonly float[] Weights = Data.Make<float>(Shape.WeightCount, DataKind.Real, 1);

    private readonly Conv2DPlan<float> plan = new(Shape);

    [Fact]
    public void DamagedFilesAreRefused()
    {
        PackedFilter<float> filter = plan.Pack(Weights);
        PackedMatrix<float> matrix = SimdConv.Gemm.Pack<float>(GemmSide.B, Transpose.No, 2, 3, Weights, 3);
        byte[] whole = [.. PackedFiles.Save(filter, Weights), .. PackedFiles.Save(matrix, Weights.AsSpan(0, 6))];
        Check(whole, filter);
        int refused = 0, same = 0;
        long most = 0;
        Stopwatch clock = Stopwatch.StartNew();
        for (int i = 0; i < Effort.Count(Mutations, LongMutations); i++)
        {
            byte[] bytes = Mutate(whole, (ulong)i + Properties.Seed);
            bool isWhole = bytes.AsSpan().SequenceEqual(whole);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                Check(bytes, filter);
                Assert.True(isWhole || IsShorterByRecords(bytes, whole), $"mutation {i} of seed {Properties.Seed} was taken");
                same++;
            }
            catch (InvalidDataException)
            {
                Assert.False(isWhole);
                refused++;
            }

            most = Math.Max(most, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        output.WriteLine($"{refused} refused, {same} the same; at most {most} bytes allocated; {clock.Elapsed}");
        Assert.InRange(most, 0, 64 << 10);
        Assert.InRange(refused, (Effort.Count(Mutations, LongMutations) * 9L / 10) + 1, int.MaxValue);
    }

    /// <summary>
    /// Headers whose checksum is right, as an adversary or another library writes them, with any number in any field: refused by
    /// a documented exception, or harmless. Sums of the parts aren't looked at.
    /// </summary>
    [Fact]
    public void ForgedHeadersAreHarmless()
    {
        byte[] whole = PackedFiles.Save(plan.Pack(Weights, FilterUse.Both), Weights);
        int header = BitConverter.ToInt32(whole, 12), taken = 0, refused = 0;
        int[] values = [0, 1, -1, 2, 3, 5, 64, 100, 192, 255, 256, 65_536, int.MaxValue, int.MinValue, 1 << 30, 0x4000_0001];
        for (int at = 8; at < header; at += 4)
        {
            if (at is 24 or 28)
                continue;
            foreach (int value in values)
            {
                byte[] bytes = [.. whole];
                BitConverter.TryWriteBytes(bytes.AsSpan(at), value);
                PackedFiles.Sign(bytes);
                string path = Path.GetTempFileName();
                try
                {
                    File.WriteAllBytes(path, bytes);
                    using PackedFile file = PackedFile.Map(path, verify: false);
                    foreach (FilterUse use in Enum.GetValues<FilterUse>())
                        plan.Load(file, 0, use);
                    taken++;
                }
                catch (Exception e) when (e is InvalidDataException or NotSupportedException or ArgumentException)
                {
                    Assert.Contains("expected", e.Message, StringComparison.Ordinal);
                    refused++;
                }
                finally
                {
                    File.Delete(path);
                }
            }
        }

        output.WriteLine($"{refused} refused, {taken} taken");
        Assert.True(refused > 100 && taken > 100);
    }

    /// <summary>Whether a file is the first one of the two arrays: nothing tells that there was another one.</summary>
    private static bool IsShorterByRecords(byte[] bytes, byte[] whole) =>
        bytes.Length == BitConverter.ToInt64(whole, 16) && whole.AsSpan().StartsWith(bytes);

    /// <summary>Reads a file, and compares what is in it with what was written.</summary>
    private void Check(byte[] bytes, PackedFilter<float> filter)
    {
        using PackedFile file = PackedFiles.Read(bytes);
        PackedFiles.RequireEqual(filter, plan.Load(file, 0));
        if (file.Count == 1)
            return;
        Assert.Equal(2, file.Count);
        Assert.Equal((2, 3), (SimdConv.Gemm.Load<float>(file, 1).Rows, SimdConv.Gemm.Load<float>(file, 1).Columns));
    }

    /// <summary>A few bits, bytes or words changed; the end cut off; something put in, left out, or moved.</summary>
    private static byte[] Mutate(byte[] whole, ulong seed)
    {
        int Draw(int salt, int below) => (int)(Data.Mix((int)(seed & int.MaxValue), salt) % (ulong)below);
        byte[] bytes = [.. whole];
        int at = Draw(1, bytes.Length), count = 1 + Draw(2, 80);
        switch (Draw(0, 8))
        {
            case 0 or 1:
                for (int i = 0; i <= Draw(3, 3); i++)
                    bytes[Draw(10 + i, bytes.Length)] ^= (byte)(1 << Draw(20 + i, 8));
                return bytes;
            case 2:
                bytes[at] = (byte)Draw(3, 256);
                return bytes;
            case 3:
                // A field of a header.
                int field = Draw(3, 40) * 4;
                BitConverter.TryWriteBytes(bytes.AsSpan(field), Draw(4, 2) == 0 ? Draw(5, int.MaxValue) : Draw(5, 400) - 100);
                return bytes;
            case 4:
                return bytes[..at];
            case 5:
                return [.. bytes, .. Enumerable.Range(0, count).Select(i => (byte)(Draw(3, 2) * Draw(30 + i, 256)))];
            case 6:
                return [.. bytes[..at], .. new byte[count], .. bytes[at..]];
            default:
                return [.. bytes[..at], .. bytes[Math.Min(bytes.Length, at + count)..]];
        }
    }
}
