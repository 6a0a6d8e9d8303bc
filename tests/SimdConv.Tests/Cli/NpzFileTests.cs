using System.IO.Compression;
using SimdConv.Cli;
using SimdConv.Cli.Data;
using SimdConv.Cli.Networks;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Cli;

public sealed class NpzFileTests : IDisposable
{
    private static readonly ImageSize Digits = new(1, 28, 28);

    private readonly string path = Path.Combine(Path.GetTempPath(), $"simdconv-{Guid.NewGuid():N}.npz");

    public void Dispose() => File.Delete(path);

    [Theory]
    [InlineData(NetworkPlan.LeNet5)]
    [InlineData("conv 4 3x3 groups 1; relu; max 2; dense 5")]
    public void SavedNetworksComeBack(string text)
    {
        NetworkPlan plan = NetworkParser.Parse("test", text, Digits);
        float[] parameters = Data.Make<float>(plan.ParameterCount, DataKind.Real, 1);
        WeightFile.Save(path, plan, parameters, new Standardisation(0.13f, 0.31f));
        (NetworkPlan read, float[] loaded, Standardisation? standardisation) = WeightFile.Load(path, Digits);
        Assert.Equal((plan.Text, plan.Images), (read.Text, read.Images));
        Compare.Equal<float>(parameters, loaded, "parameters");
        Assert.Equal(new Standardisation(0.13f, 0.31f), standardisation);
    }

    /// <summary>Files of the time when every network was a LeNet-5, whose biases may be rows too.</summary>
    [Fact]
    public void NumberedArraysAreALeNet()
    {
        NetworkPlan plan = NetworkParser.Parse("test", NetworkPlan.LeNet5, Digits);
        float[] parameters = Data.Make<float>(plan.ParameterCount, DataKind.Real, 1);
        using (FileStream file = File.Create(path))
        {
            NpzFile.Write(file, plan.Layers.Where(layer => layer.HasWeights).Index().SelectMany(pair =>
                ((string, int[], float[])[])[
                    ($"W{pair.Index + 1}", pair.Item.WeightShape, Part(pair.Item.Weights)),
                    ($"b{pair.Index + 1}", [1, pair.Item.Biases.Count], Part(pair.Item.Biases))]));
        }

        (NetworkPlan read, float[] loaded, Standardisation? standardisation) = WeightFile.Load(path, Digits);
        Assert.Equal(plan.Text, read.Text);
        Compare.Equal<float>(parameters, loaded, "parameters");
        Assert.Null(standardisation);

        float[] Part((int Start, int Count) part) => parameters.AsSpan(part.Start, part.Count).ToArray();
    }

    [Theory]
    [InlineData("conv 4 3x3; dense 5", 3, 1, 28, 28, "array 'conv1.weight': its shape is (6, 1, 5, 5); expected (4, 1, 3, 3)")]
    [InlineData("conv 4 3x3; dense 5", 3, 3, 28, 28, "its network reads images of 3 x 28 x 28; these are 1 x 28 x 28")]
    [InlineData("conv 4 3x3; dense", 3, 1, 28, 28, "array 'net': layer 2, 'dense' (column 13): it ends here")]
    [InlineData("", 3, 1, 28, 28, "array 'net': there is no layer")]
    [InlineData("conv 4 3x3; dense 5", 2, 1, 28, 28, "array 'input': its shape is (2,); expected (3,)")]
    public void NetworksThatAreNoneAreRefused(string text, int sizes, int channels, int height, int width, string message)
    {
        using (FileStream file = File.Create(path))
        {
            float[] input = [channels, height, width];
            NpzFile.Write(file, [("input", [sizes], input[..sizes]), ("conv1.weight", [6, 1, 5, 5], new float[150])],
                [("net", text)]);
        }

        string said = Refusal(() => WeightFile.Load(path, Digits));
        Assert.StartsWith(path, said, StringComparison.Ordinal);
        Assert.Contains(message, said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<f4", 1, "its type is '<f4'; expected a string")]
    [InlineData("<U70000", 1, "its type is '<U70000'; expected a string")]
    [InlineData("<U-1", 1, "its type is '<U-1'; expected a string")]
    [InlineData("<U2", 1, "it ends after 4 of 8 bytes")]
    [InlineData("<U1", 0x110000, "it holds characters that are none")]
    public void StringsThatAreNoneAreRefused(string type, int letter, string message)
    {
        using (ZipArchive archive = ZipFile.Open(path, ZipArchiveMode.Create))
        {
            using Stream entry = archive.CreateEntry("net.npy").Open();
            new NpyHeader(type, false, []).Write(entry);
            entry.Write(BitConverter.GetBytes(letter));
        }

        using NpzFile file = new(path);
        Assert.Contains(message, Refusal(() => file.ReadText("net", 100)), StringComparison.Ordinal);
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
