using System.Numerics;
using System.Runtime.CompilerServices;
using SimdConv.Tests.Conv;
using SimdConv.Tests.Generators;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Packed;

public sealed class PackedFileFloatTests : PackedFileTests<float>;

public sealed class PackedFileDoubleTests : PackedFileTests<double>;

/// <summary>Filters and matrices that are written to files are the same when they are read, or they are refused.</summary>
public abstract class PackedFileTests<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static TheoryData<SimdTier, ConvAlgorithm> TiersAndAlgorithms
    {
        get
        {
            TheoryData<SimdTier, ConvAlgorithm> rows = [];
            foreach (SimdTier tier in Tiers.Each)
            {
                foreach (ConvAlgorithm algorithm in Enum.GetValues<ConvAlgorithm>())
                    rows.Add(tier, algorithm);
            }

            return rows;
        }
    }

    /// <summary>
    /// The file's bytes depend on the weights alone, and not on what memory held before; panels and marks come back, in place.
    /// </summary>
    [SkippableTheory, MemberData(nameof(TiersAndAlgorithms))]
    public void ALoadedFilterIsThePackedOne(SimdTier tier, ConvAlgorithm algorithm)
    {
        Tiers.Require(tier);
        Properties.Check(tier, Cases(algorithm), 20, c =>
        {
            ConvRun<T> run = new(c);
            if (c.Seed % 3 == 0)
                run.W[c.Seed % run.W.Length] = T.NaN;
            PackedFilter<T> filter = run.Plan.Pack(run.W, FilterUse.Both, tier);
            byte[] bytes = PackedFiles.Save(filter, run.W);
            PackedFiles.Fill(filter, T.NaN);
            run.Plan.Repack(run.W, filter);
            Assert.Equal(bytes, PackedFiles.Save(filter, run.W));
            using PackedFile file = PackedFiles.Read(bytes);
            foreach (FilterUse use in Enum.GetValues<FilterUse>())
            {
                PackedFilter<T> loaded = run.Plan.Load(file, 0, use, tier);
                Assert.True(loaded.IsInFile);
                PackedFiles.RequireEqual(run.Plan.Pack(run.W, use, tier), loaded);
            }
        }, c => algorithm == ConvAlgorithm.Direct ? c : ConvCases.AdaptTo(c, algorithm));
    }

    /// <summary>
    /// A plan of other sizes, strides, padding or layouts, or of another algorithm, takes the panels of a file where they are
    /// just those that it would pack; else it says that it can't, or packs the weights of the file.
    /// </summary>
    [SkippableTheory, MemberData(nameof(TiersAndAlgorithms))]
    public void OtherPlansTakePanelsThatAreTheirsOrNone(SimdTier tier, ConvAlgorithm algorithm)
    {
        Tiers.Require(tier);
        int shared = 0, refused = 0;
        Properties.Check(tier, Cases(algorithm), 60, c =>
        {
            ConvRun<T> run = new(c);
            PackedFilter<T> filter = run.Plan.Pack(run.W, FilterUse.Both, tier);
            using PackedFile bare = PackedFiles.Read(PackedFiles.Save(filter, [])),
                full = PackedFiles.Read(PackedFiles.Save(filter, run.W));
            foreach (Conv2DPlan<T> other in Others(c.Shape))
            {
                foreach (FilterUse use in (FilterUse[])[FilterUse.Forward, FilterUse.InputGradient])
                {
                    PackedFilter<T> packed = other.Pack(run.W, use, tier);
                    PackedFiles.RequireEqual(packed, other.Load(full, 0, use, tier));
                    try
                    {
                        PackedFilter<T> loaded = other.Load(bare, 0, use, tier);
                        Assert.True(loaded.IsInFile);
                        PackedFiles.RequireEqual(packed, loaded);
                        shared++;
                    }
                    catch (NotSupportedException e)
                    {
                        Assert.Contains("expected panels for", e.Message, StringComparison.Ordinal);
                        refused++;
                    }
                }
            }
        }, c => algorithm == ConvAlgorithm.Direct ? c : ConvCases.AdaptTo(c, algorithm));
        Assert.True(shared > 0 && refused > 0, $"{shared} plans shared panels of another one, {refused} didn't");
    }

    /// <summary>Another tier packs the weights that are in the file; where there are none it says so.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void AnotherTierPacksTheWeightsOfTheFile(SimdTier tier)
    {
        Tiers.Require(tier);
        Conv2DShape shape = new Conv2DShape(20, 9, 9, 37, 3, 3).WithPadding(1, 1);
        Conv2DPlan<T> plan = new(shape);
        T[] w = Data.Make<T>(shape.WeightCount, DataKind.Real, 1);
        foreach (SimdTier other in SimdSupport.Available.Where(other => other != tier))
        {
            PackedFilter<T> filter = plan.Pack(w, FilterUse.Forward, other);
            using PackedFile bare = PackedFiles.Read(PackedFiles.Save(filter, [])),
                full = PackedFiles.Read(PackedFiles.Save(filter, w));
            PackedFilter<T> loaded = plan.Load(full, 0, FilterUse.Both, tier);
            Assert.False(loaded.IsInFile);
            PackedFiles.RequireEqual(plan.Pack(w, FilterUse.Both, tier), loaded);
            NotSupportedException e = Assert.Throws<NotSupportedException>(() => plan.Load(bare, 0, FilterUse.Forward, tier));
            Assert.Contains($"is packed for tier {other}", e.Message, StringComparison.Ordinal);
        }
    }

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void ALoadedMatrixIsThePackedOne(SimdTier tier)
    {
        Tiers.Require(tier);
        foreach ((int rows, int columns) in ((int, int)[])[(0, 0), (0, 3), (1, 1), (5, 9), (33, 530), (130, 17)])
        {
            foreach (GemmSide side in Enum.GetValues<GemmSide>())
            {
                T[] matrix = Data.Make<T>(rows * columns, DataKind.Real, rows + columns);
                PackedMatrix<T> packed =
                    SimdConv.Gemm.Pack<T>(side, Transpose.No, rows, columns, matrix, Math.Max(1, columns), tier);
                byte[] bytes = PackedFiles.Save(packed, []);
                using PackedFile file = PackedFiles.Read(bytes), full = PackedFiles.Read(PackedFiles.Save(packed, matrix));
                PackedMatrix<T> loaded = SimdConv.Gemm.Load<T>(file, 0, tier);
                Assert.Equal((side, rows, columns, tier), (loaded.Side, loaded.Rows, loaded.Columns, loaded.Tier));
                Assert.True(loaded.IsInFile);
                Assert.Equal(bytes, PackedFiles.Save(loaded, []));
                foreach (SimdTier other in SimdSupport.Available.Where(other => other != tier && matrix.Length > 0))
                {
                    Assert.Throws<NotSupportedException>(() => SimdConv.Gemm.Load<T>(file, 0, other));
                    PackedMatrix<T> again = SimdConv.Gemm.Load<T>(full, 0, other);
                    Assert.False(again.IsInFile);
                    Assert.Equal(
                        PackedFiles.Save(SimdConv.Gemm.Pack<T>(side, Transpose.No, rows, columns, matrix, columns, other), []),
                        PackedFiles.Save(again, []));
                }
            }
        }
    }

    /// <summary>Whichever of the two is the larger one, with panels alone and with the weights beside them.</summary>
    [Fact]
    public void AFileOfAnotherElementTypeIsRefused()
    {
        if (typeof(T) == typeof(float))
            RefusesElementsOf<double>();
        else
            RefusesElementsOf<float>();
    }

    private static void RefusesElementsOf<TOther>() where TOther : unmanaged, IBinaryFloatingPointIeee754<TOther>
    {
        const int Rows = 3;
        string expected = $"{Unsafe.SizeOf<TOther>()} bytes at 0; expected {Unsafe.SizeOf<T>()}";
        Conv2DShape shape = new Conv2DShape(6, 9, 9, 5, 3, 3).WithPadding(1, 1);
        ConvTranspose2DShape transposed = new(6, 5, 5, 5, 3, 3);
        TOther[] w = Data.Make<TOther>(shape.WeightCount, DataKind.Real, 1);
        foreach (TOther[] raw in (TOther[][])[[], w])
        {
            using PackedFile filter = PackedFiles.Read(PackedFiles.Save(new Conv2DPlan<TOther>(shape).Pack(w), raw)),
                up = PackedFiles.Read(PackedFiles.Save(new ConvTranspose2DPlan<TOther>(transposed).Pack(w), raw)),
                matrix = PackedFiles.Read(PackedFiles.Save(SimdConv.Gemm.Pack<TOther>(
                    GemmSide.B, Transpose.No, Rows, w.Length / Rows, w, w.Length / Rows), raw));
            Refuses(() => new Conv2DPlan<T>(shape).Load(filter, 0));
            Refuses(() => new ConvTranspose2DPlan<T>(transposed).Load(up, 0));
            Refuses(() => SimdConv.Gemm.Load<T>(matrix, 0));
        }

        void Refuses(Func<object> load) =>
            Assert.Contains(expected, Assert.Throws<ArgumentException>(load).Message, StringComparison.Ordinal);
    }

    /// <summary>
    /// A network's weights in a part of a file: filters of both kinds of convolution, a matrix, and the host's own bytes around.
    /// </summary>
    [Fact]
    public void AFileHoldsSeveralArraysInAnyPart()
    {
        Conv2DShape shape = new Conv2DShape(6, 9, 9, 5, 3, 3).WithPadding(1, 1);
        ConvTranspose2DShape transposed = new(4, 5, 5, 6, 2, 2) { StrideH = 2, StrideW = 2 };
        Conv2DPlan<T> plan = new(shape);
        ConvTranspose2DPlan<T> up = new(transposed);
        T[] w = Data.Make<T>(shape.WeightCount, DataKind.Real, 1), v = Data.Make<T>(transposed.WeightCount, DataKind.Real, 2),
            m = Data.Make<T>(15, DataKind.Real, 3);
        (PackedFilter<T> f, PackedFilter<T> g) = (plan.Pack(w), up.Pack(v));
        PackedMatrix<T> b = SimdConv.Gemm.Pack<T>(GemmSide.B, Transpose.No, 3, 5, m, 5);
        string path = Path.GetTempFileName();
        try
        {
            using (FileStream stream = File.Create(path))
            {
                stream.Write(new byte[192]);
                f.Save(stream, w);
                g.Save(stream);
                b.Save(stream);
                stream.Write(new byte[7]);
            }

            long length = new FileInfo(path).Length;
            using PackedFile file = PackedFile.Map(path, 192, length - 192 - 7);
            Assert.Equal(3, file.Count);
            PackedFiles.RequireEqual(f, plan.Load(file, 0));
            PackedFiles.RequireEqual(g, up.Load(file, 1));
            Assert.Equal(PackedFiles.Save(b, []), PackedFiles.Save(SimdConv.Gemm.Load<T>(file, 2), []));
            Assert.Throws<ArgumentException>(() => plan.Load(file, 1));
            Assert.Throws<ArgumentException>(() => plan.Load(file, 2));
            Assert.Throws<ArgumentException>(() => SimdConv.Gemm.Load<T>(file, 0));
            Assert.Throws<ArgumentOutOfRangeException>(() => plan.Load(file, 3));
            Assert.Throws<NotSupportedException>(() => up.Load(file, 1, FilterUse.Both));
            Assert.Throws<InvalidDataException>(() => PackedFile.Map(path));
            Assert.Throws<InvalidDataException>(() => PackedFile.Map(path, 192));
            Assert.Throws<InvalidDataException>(() => PackedFile.Map(path, 192, length));
            Assert.Throws<ArgumentOutOfRangeException>(() => PackedFile.Map(path, 191));
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>
    /// Calls that are under way keep the memory; later ones are refused, and so is writing to the file's panels.
    /// </summary>
    [Fact]
    public void AFileMayBeDisposedOfWhileItIsUsed()
    {
        Conv2DShape shape = new Conv2DShape(32, 20, 20, 48, 3, 3).WithPadding(1, 1);
        Conv2DPlan<T> plan = new(shape);
        T[] w = Data.Make<T>(shape.WeightCount, DataKind.Real, 1), x = Data.Make<T>((int)plan.InputLength(1), DataKind.Real, 2),
            expected = new T[plan.OutputLength(1)];
        PackedFilter<T> packed = plan.Pack(w);
        plan.Forward(1, x, packed, expected);
        string path = Path.GetTempFileName();
        try
        {
            using (FileStream stream = File.Create(path))
                packed.Save(stream, w);
            for (int round = 0; round < 20; round++)
            {
                PackedFile file = PackedFile.Map(path);
                PackedFilter<T> filter = plan.Load(file, 0);
                Assert.Throws<ArgumentException>(() => plan.Repack(w, filter));
                using CountdownEvent ready = new(3);
                int wrong = 0;
                Thread[] callers = [.. Enumerable.Range(0, 3).Select(_ => new Thread(() =>
                {
                    T[] y = new T[expected.Length];
                    for (int call = 0; CanRun(plan, x, filter, y); call++)
                    {
                        Interlocked.Add(ref wrong, y.AsSpan().SequenceEqual(expected) ? 0 : 1);
                        if (call == 0)
                            ready.Signal();
                    }
                }))];
                Array.ForEach(callers, caller => caller.Start());
                Assert.True(ready.Wait(TimeSpan.FromMinutes(1)));
                file.Dispose();
                Array.ForEach(callers, caller => caller.Join());
                Assert.Equal(0, wrong);
                Assert.Throws<ObjectDisposedException>(() => plan.Load(file, 0));
                Assert.Throws<ObjectDisposedException>(() => filter.Save(Stream.Null));
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>Whether the filter's file is still open.</summary>
    private static bool CanRun(Conv2DPlan<T> plan, T[] x, PackedFilter<T> filter, T[] y)
    {
        try
        {
            plan.Forward(1, x, filter, y);
            return true;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }

    private static FsCheck.Arbitrary<ConvCase> Cases(ConvAlgorithm algorithm) =>
        algorithm == ConvAlgorithm.Direct ? ConvCases.Any() : ConvCases.Winograd(algorithm);

    /// <summary>Plans for the same weights.</summary>
    private static IEnumerable<Conv2DPlan<T>> Others(Conv2DShape shape)
    {
        foreach (Conv2DShape other in (Conv2DShape[])
        [
            shape, shape with { H = shape.H + 3, W = shape.W + 9 },
            shape with { PadLeft = shape.PadLeft + 1, PadBottom = shape.PadBottom + 2 },
            shape with { StrideH = 3, StrideW = 2 }, shape with { StrideW = 7, StrideH = 2, PadTop = shape.PadTop + 2 },
        ])
        {
            yield return new(other);
            yield return new(other, ImageLayout.Nhwc(other.C, other.H, other.W), ImageLayout.Nhwc(other.K, other.P, other.Q));
            yield return new(other, ImageLayout.Chwn(other.C, other.H, other.W, 17),
                ImageLayout.Chwn(other.K, other.P, other.Q, 17));
            bool isPlain = (other.StrideH, other.StrideW, other.DilationH, other.DilationW) == (1, 1, 1, 1) && other.R == other.S;
            if (isPlain && other.R is 3 or 5)
                yield return new(other, algorithm: ConvAlgorithm.WinogradF2);
            if (isPlain && other.R == 3)
                yield return new(other, algorithm: ConvAlgorithm.WinogradF4);
        }
    }
}
