using System.IO.Compression;
using SimdConv.Cli;
using SimdConv.Cli.Data;
using SimdConv.Cli.Training;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Cli;

public sealed class NpzFileTests : IDisposable
{
    private readonly string path = Path.Combine(Path.GetTempPath(), $"simdconv-{Guid.NewGuid():N}.npz");

    public void Dispose() => File.Delete(path);

    [Fact]
    public void SavedParametersComeBack()
    {
        float[] parameters = Data.Make<float>(LeNetParameters.Count, DataKind.Real, 1);
        LeNetParameters.Save(path, parameters, new Standardisation(0.13f, 0.31f));
        (float[] loaded, Standardisation? standardisation) = LeNetParameters.Load(path);
        Compare.Equal<float>(parameters, loaded, "parameters");
        Assert.Equal(new Standardisation(0.13f, 0.31f), standardisation);
    }

    /// <summary>What NumPy writes: either order, either float type, either byte order, deflated or stored.</summary>
    [Theory]
    [InlineData("<f4", false, false)]
    [InlineData("<f4", true, true)]
    [InlineData("<f8", false, true)]
    [InlineData("<f8", true, false)]
    [InlineData(">f4", true, false)]
    public void EveryFormOfAnArrayIsRead(string type, bool fortran, bool deflated)
    {
        double[] values = [1, -2, 3.5, 4, 5, 6.25];
        // The 2 x 3 matrix of the values, column by column in Fortran's order.
        int[] order = fortran ? [0, 3, 1, 4, 2, 5] : [0, 1, 2, 3, 4, 5];
        using (ZipArchive archive = ZipFile.Open(path, ZipArchiveMode.Create))
        {
            using Stream entry =
                archive.CreateEntry("A.npy", deflated ? CompressionLevel.Optimal : CompressionLevel.NoCompression).Open();
            new NpyHeader(type, fortran, [2, 3]).Write(entry);
            foreach (int i in order)
            {
                byte[] element = type.EndsWith('4') ? BitConverter.GetBytes((float)values[i]) : BitConverter.GetBytes(values[i]);
                if (type[0] == '>')
                    Array.Reverse(element);
                entry.Write(element);
            }
        }

        float[] read = new float[6];
        using NpzFile file = new(path);
        file.Read("A", read, [2, 3]);
        Assert.Equal(Array.ConvertAll(values, v => (float)v), read);
    }

    [Fact]
    public void WrongContentIsNamed()
    {
        using (FileStream created = File.Create(path))
            NpzFile.Write(created, [("A", [2, 3], new float[6]), ("B", [1], [float.NaN])]);
        using NpzFile file = new(path);
        Assert.Contains("array 'W1' is missing; it holds 'A', 'B'", Refusal(() => file.Read("W1", new float[6], [6])),
            StringComparison.Ordinal);
        Assert.Contains("array 'A': its shape is (2, 3); expected (6,) or (1, 6)",
            Refusal(() => file.Read("A", new float[6], [6], [1, 6])),
            StringComparison.Ordinal);
        Assert.Contains(
            "array 'B': element 0 is NaN", Refusal(() => file.Read("B", new float[1], [1])), StringComparison.Ordinal);
        Assert.Contains("does not exist", Refusal(() => new NpzFile(path + ".not").Dispose()), StringComparison.Ordinal);
    }

    /// <summary>Versions 2 and 3 have 32 bits for the length of the header's text.</summary>
    [Theory]
    [InlineData(2, 1u << 20)]
    [InlineData(3, uint.MaxValue)]
    public void AHeaderThatClaimsToBeLongIsRefused(byte version, uint claimed)
    {
        using (ZipArchive archive = ZipFile.Open(path, ZipArchiveMode.Create))
        {
            using Stream entry = archive.CreateEntry("A.npy").Open();
            entry.Write([0x93, .. "NUMPY"u8, version, 0, .. BitConverter.GetBytes(claimed), .. "{'descr': '<f4', "u8]);
        }

        using NpzFile file = new(path);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains(
            $"its header claims {claimed} bytes", Refusal(() => file.Read("A", new float[1], [1])), StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 19);
    }

    [Fact]
    public void WhatIsNoArchiveIsRefused()
    {
        File.WriteAllText(path, "not a zip archive");
        Assert.Contains("not a .npz file", Refusal(() => new NpzFile(path).Dispose()), StringComparison.Ordinal);
    }

    /// <summary>Truncations and flipped bits: numbers or a refusal that names the file, and bounded memory.</summary>
    [Fact]
    public void DamagedFilesAreReadOrRefused()
    {
        using (FileStream file = File.Create(path))
            NpzFile.Write(file, [("A", [2, 3], [1, 2, 3, 4, 5, 6]), ("B", [], [7])]);
        byte[] whole = File.ReadAllBytes(path);
        for (int i = 0; i < 600; i++)
        {
            byte[] bytes = (byte[])whole.Clone();
            for (int flips = 1 + (i % 3); flips > 0; flips--)
                bytes[Data.Mix(i, flips) % (ulong)bytes.Length] ^= (byte)(1 << (int)(Data.Mix(i, -flips) % 8));
            File.WriteAllBytes(path, i % 4 == 0 ? bytes[..(int)(Data.Mix(i, 9) % (ulong)bytes.Length)] : bytes);
            long before = GC.GetAllocatedBytesForCurrentThread();
            Exception? e = Record.Exception(() =>
            {
                using NpzFile file = new(path);
                file.Read("A", new float[6], [2, 3]);
                file.Read("B", new float[1], [], [1]);
            });
            Assert.True(e is null or InputException, $"damage {i}: {e}");
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 8 << 20);
            if (e is not null)
                Assert.Contains(path, e.Message, StringComparison.Ordinal);
        }
    }

    private static string Refusal(Action action) => Assert.Throws<InputException>(action).Message;
}
