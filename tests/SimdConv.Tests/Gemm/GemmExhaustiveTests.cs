using System.Numerics;
using System.Runtime.InteropServices;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Gemm;

public sealed class GemmExhaustiveFloatTests : GemmExhaustiveTests<float>;

public sealed class GemmExhaustiveDoubleTests : GemmExhaustiveTests<double>;

/// <summary>
/// Every M, N and K from 0 to 40, times four transposes, times beta 0 over NaN, 1 and 0.7: 827,052 products a tier in the long
/// run. The short run has every size once, 68,921 products, with one of the twelve combinations in turn.
/// </summary>
public abstract class GemmExhaustiveTests<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Largest = 40, Sizes = Largest + 1, Ld = Largest + 3, Combinations = 12;

    private static readonly T[] Betas = [T.Zero, T.One, T.CreateTruncating(0.7)];

    // Both forms of both operands, whole: a term or a column too many gives another sum.
    private static readonly T[] A = Data.Make<T>(Sizes * Ld, DataKind.Real, 1), B = Data.Make<T>(Sizes * Ld, DataKind.Real, 2);

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void EverySizeEqualsTheScalarChain(SimdTier tier)
    {
        Tiers.Require(tier);
        T[][] before =
        [
            Data.Filled(Sizes * Ld, Data.Canary<T>()), Data.Make<T>(Sizes * Ld, DataKind.Real, 3),
            Data.Make<T>(Sizes * Ld, DataKind.Real, 4),
        ];
        T[,][] expected = Chains(SimdSupport.Fuses(tier), before);
        T[] turnedA = Turn(A), turnedB = Turn(B), c = new T[Sizes * Ld];
        int each = Effort.Count(1, Combinations), products = 0;
        for (int m = 0; m < Sizes; m++)
        {
            for (int n = 0; n < Sizes; n++)
            {
                for (int k = 0; k < Sizes; k++)
                {
                    for (int i = 0; i < each; i++, products++)
                    {
                        (Transpose transA, Transpose transB) = ((Transpose)(products % 2), (Transpose)(products / 2 % 2));
                        int beta = products % Combinations / 4;
                        before[beta].CopyTo(c, 0);
                        SimdConv.Gemm.Multiply(transA, transB, m, n, k, T.One,
                            transA == Transpose.No ? Exactly(A, m, k) : Exactly(turnedA, k, m), Ld,
                            transB == Transpose.No ? Exactly(B, k, n) : Exactly(turnedB, n, k), Ld,
                            Betas[beta], Exactly(c, m, n), Ld, tier.Run());
                        if (!IsExpected(expected[beta, k], before[beta], c, m, n, out int row))
                            Report(expected[beta, k], before[beta], c, row, row < m ? n : 0,
                                $"{m}x{n}x{k}, {transA}, {transB}, beta {Betas[beta]}");
                    }
                }
            }
        }

        Assert.Equal(Sizes * Sizes * Sizes * each, products);
    }

    /// <summary>
    /// C after k terms, for each beta and k: an element is the same whatever M and N, so one table serves all of them.
    /// </summary>
    private static T[,][] Chains(bool fuses, T[][] before)
    {
        T[,][] chains = new T[Betas.Length, Sizes][];
        for (int beta = 0; beta < Betas.Length; beta++)
        {
            T[] sums = [.. before[beta].Select(value => Betas[beta] == T.Zero ? T.Zero : Betas[beta] * value)];
            for (int k = 0; k < Sizes; k++)
            {
                chains[beta, k] = (T[])sums.Clone();
                for (int i = 0; i < Sizes * Ld; i++)
                {
                    T a = A[(i / Ld * Ld) + k], b = B[(k * Ld) + (i % Ld)];
                    sums[i] = fuses ? T.FusedMultiplyAdd(a, b, sums[i]) : sums[i] + (a * b);
                }
            }
        }

        return chains;
    }

    private static T[] Turn(T[] matrix)
    {
        T[] turned = new T[Sizes * Ld];
        for (int i = 0; i < Sizes * Sizes; i++)
            turned[(i % Sizes * Ld) + (i / Sizes)] = matrix[(i / Sizes * Ld) + (i % Sizes)];
        return turned;
    }

    /// <summary>As short as BLAS allows.</summary>
    private static Span<T> Exactly(T[] matrix, int rows, int columns) =>
        matrix.AsSpan(0, rows == 0 || columns == 0 ? 0 : ((rows - 1) * Ld) + columns);

    /// <summary>By bytes, which is fast; where they differ, -0 still equals 0.</summary>
    private static bool IsExpected(T[] expected, T[] before, T[] c, int m, int n, out int row)
    {
        for (row = 0; row < Sizes; row++)
        {
            int start = row * Ld, own = row < m ? n : 0;
            if (!Same(expected.AsSpan(start, own), c.AsSpan(start, own))
                && !expected.AsSpan(start, own).SequenceEqual(c.AsSpan(start, own)))
                return false;
            if (!Same(before.AsSpan(start + own, Ld - own), c.AsSpan(start + own, Ld - own)))
                return false;
        }

        return true;
    }

    private static bool Same(ReadOnlySpan<T> a, ReadOnlySpan<T> b) =>
        MemoryMarshal.AsBytes(a).SequenceEqual(MemoryMarshal.AsBytes(b));

    private static void Report(T[] expected, T[] before, T[] c, int row, int n, string what)
    {
        Compare.Equal<T>(expected.AsSpan(row * Ld, n), c.AsSpan(row * Ld, n), $"row {row} of {what}");
        Compare.Untouched<T>(before.AsSpan((row * Ld) + n, Ld - n), c.AsSpan((row * Ld) + n, Ld - n),
            $"a gap behind row {row} of {what}");
    }
}
