using System.Numerics;

namespace SimdConv.Tests.Overflow;

/// <summary>
/// Plans for as many channels and images as there can be. No memory holds their images, but what they tell of themselves is
/// right.
/// </summary>
internal static class LargestPlans<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly int[] Batches = [0, 1, 1 << 16, (1 << 30) + 1, int.MaxValue];

    public static void Check(Action<string, Func<string>, Action> test)
    {
        foreach (int k in (int[])[1 << 20, 1 << 27, (1 << 30) + 1, Array.MaxLength - 31, Array.MaxLength])
        {
            // Rounded up to whole registers, the last few sizes of a dense layer's outputs are beyond 2^31.
            Check(test, new(1, 1, 1, Math.Min(k, Array.MaxLength - 31), 1, 1));
            Check(test, new(k, 1, 1, k, 1, 1) { Groups = k });
            Check(test, new Conv2DShape(1, 2, 2, k / 9, 3, 3).WithPadding(1, 1));
            Check(test, new Conv2DShape(k / 9, 2, 1, k / 9, 3, 3) { Groups = k / 9 }.WithPadding(1, 1));
        }

        Check(test, new(4, 1000, 1000, 4, 3, 3));
        Check(test, new Conv2DShape(4, 1000, 1000, 4, 3, 3) { Groups = 4 }.WithPadding(1, 1));
        Check(test, new(4, 1000, 1000, 4, 1, 1));
    }

    private static void Check(Action<string, Func<string>, Action> test, Conv2DShape shape)
    {
        foreach (ConvAlgorithm algorithm in Enum.GetValues<ConvAlgorithm>())
        {
            if (algorithm != ConvAlgorithm.Direct && (shape.R, shape.S) != (3, 3))
                continue;
            test("largest plans", () => $"{algorithm} of {shape}", () =>
            {
                Conv2DPlan<T> plan;
                try
                {
                    plan = new(shape, algorithm: algorithm);
                }
                catch (ArgumentOutOfRangeException e)
                {
                    throw new RefusedException(e);
                }

                foreach (SimdTier tier in SimdSupport.Available)
                {
                    foreach (ConvDirection direction in Enum.GetValues<ConvDirection>())
                    {
                        // A table of all terms, which are as many as the output channels here, takes memory that isn't tested
                        // here.
                        if (direction == ConvDirection.InputGradient && shape.Groups == 1 && shape.K > 1000)
                            continue;
                        plan.Algorithm(direction, new(1, null, tier));
                        foreach (int batch in Batches)
                        {
                            long one = plan.WorkspaceBytes(direction, batch, new(1, null, tier)),
                                many = plan.WorkspaceBytes(direction, batch, new(int.MaxValue, null, tier));
                            Assert.InRange(one, 0, many);
                            Assert.InRange(plan.ReductionOrder(batch).Chunks, 1, 1024);
                            Assert.Equal((Int128)batch * shape.C * shape.H * shape.W, plan.InputLength(batch));
                            Assert.Equal((Int128)batch * shape.K * shape.P * shape.Q, plan.OutputLength(batch));
                        }
                    }
                }
            });
        }
    }
}
