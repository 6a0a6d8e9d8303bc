using SimdConv.Core;

namespace SimdConv.Tests.Conv;

/// <summary>
/// Each array of scratch memory is declared once; size and place come from the declaration. This process fills scratch memory
/// with NaN and checks pieces: see <see cref="Support.Effort"/>.
/// </summary>
public sealed unsafe class ScratchPlanTests
{
    [Fact]
    public void ArraysFollowEachOtherInWholeLines()
    {
        ScratchPlan plan = default;
        Piece<double> first = plan.Add<double>(9);
        Piece<byte> second = plan.Add<byte>(1), empty = plan.Add<byte>(0);
        Piece<float> last = plan.Add<float>(16);
        Assert.Equal((0, 128, 192, 192), (first.Offset, second.Offset, empty.Offset, last.Offset));
        Assert.Equal((128, 64, 0, 64), (first.Bytes, second.Bytes, empty.Bytes, last.Bytes));
        Assert.Equal(256, plan.Bytes);
    }

    [Fact]
    public void ArraysAreAlignedAndApart()
    {
        ScratchPlan plan = default;
        Piece<float>[] pieces = [.. Enumerable.Range(0, 20).Select(count => plan.Add<float>(count))];
        using Workspace workspace = new(plan);
        for (int i = 0; i < pieces.Length; i++)
        {
            Assert.Equal(0, (nint)workspace.At(pieces[i]) % 64);
            new Span<float>(workspace.At(pieces[i]), i).Fill(i);
        }

        for (int i = 0; i < pieces.Length; i++)
            Assert.Equal([.. Enumerable.Repeat((float)i, i)], new ReadOnlySpan<float>(workspace.At(pieces[i]), i).ToArray());
    }

    [Theory]
    [InlineData(1L << 61)]
    [InlineData((1L << 61) - 1)]
    [InlineData((1L << 61) - 8)]
    [InlineData(long.MaxValue)]
    public void ASizeThatBytesCannotCountIsRefused(long count)
    {
        Assert.Throws<OverflowException>(() => ScratchPlan.Of<float>(count, out _));
        ScratchPlan plan = ScratchPlan.Of<byte>(long.MaxValue - 63, out _);
        Assert.Equal(long.MaxValue - 63, plan.Bytes);
        Assert.Throws<OverflowException>(() => plan.Add<byte>(1));
    }

    [Fact]
    public void APieceOfAnotherPlanIsRefused()
    {
        Assert.True(Workspace.IsPoisoned, "this process doesn't check pieces");
        ScratchPlan plan = ScratchPlan.Of<float>(100, out Piece<float> own),
            other = ScratchPlan.Of<float>(100, out Piece<float> foreign);
        using Workspace workspace = new(plan);
        new Span<float>(workspace.At(own), 100).Clear();
        bool isRefused = false;
        try
        {
            workspace.At(foreign);
        }
        catch (InvalidOperationException)
        {
            isRefused = true;
        }

        Assert.True(isRefused, $"{foreign.Bytes} bytes of a plan of {other.Bytes} were given");
    }

    [Fact]
    public void MemoryForEitherPlanHoldsTheLarger()
    {
        ScratchPlan small = ScratchPlan.Of<float>(16, out Piece<float> one),
            large = ScratchPlan.Of<float>(160, out Piece<float> other);
        ScratchPlan either = ScratchPlan.Either(small, large);
        Assert.Equal(large.Bytes, either.Bytes);
        Assert.True(either.Has(one) && either.Has(other));
        Assert.False(ScratchPlan.Either(small, default).Has(other));
    }

    /// <summary>A workspace is the memory of the largest call, filled with NaN where this process says so.</summary>
    [Fact]
    public void WhatIsNotWrittenIsNotANumber()
    {
        using Workspace workspace = Workspace.Of(1000, out double* array);
        Assert.All(new ReadOnlySpan<double>(array, 1000).ToArray(), value => Assert.True(double.IsNaN(value)));
    }
}
