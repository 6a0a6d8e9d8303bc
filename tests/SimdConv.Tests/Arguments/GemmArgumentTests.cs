namespace SimdConv.Tests.Arguments;

public sealed class GemmArgumentTests
{
    private static readonly BadCall[] Calls =
    [
        BadCall.OutOfRange("m = -1", "m", -1, memory => Multiply(memory, m: -1)),
        BadCall.OutOfRange("m = int.MinValue", "m", int.MinValue, memory => Multiply(memory, m: int.MinValue)),
        BadCall.OutOfRange("n = -1", "n", -1, memory => Multiply(memory, n: -1)),
        BadCall.OutOfRange("k = -3", "k", -3, memory => Multiply(memory, k: -3)),
        BadCall.OutOfRange("lda below k", "lda", 5, memory => Multiply(memory, lda: 5)),
        BadCall.OutOfRange("lda = 0", "lda", 0, memory => Multiply(memory, k: 0, lda: 0)),
        BadCall.OutOfRange("lda below m, transposed", "lda", 3, memory => Multiply(memory, transA: Transpose.Yes, lda: 3)),
        BadCall.OutOfRange("ldb below n", "ldb", 4, memory => Multiply(memory, ldb: 4)),
        BadCall.OutOfRange("ldb below k, transposed", "ldb", 5, memory => Multiply(memory, transB: Transpose.Yes, ldb: 5)),
        BadCall.OutOfRange("ldc below n", "ldc", 4, memory => Multiply(memory, ldc: 4)),
        BadCall.OutOfRange("ldc negative", "ldc", -5, memory => Multiply(memory, ldc: -5)),
        BadCall.OutOfRange("transA is neither", "transA", 7, memory => Multiply(memory, transA: (Transpose)7)),
        BadCall.OutOfRange("transB is neither", "transB", -1, memory => Multiply(memory, transB: (Transpose)(-1))),
        BadCall.OutOfRange("threads = -1", "execution.MaxThreads", -1, memory => Multiply(memory, execution: new(-1))),
        BadCall.TooShort("A one short", "a", 23, 24, memory => Multiply(memory, aLength: 23)),
        BadCall.TooShort("A one short with lda", "a", 35, 36, memory => Multiply(memory, lda: 10, aLength: 35)),
        BadCall.TooShort("B one short", "b", 29, 30, memory => Multiply(memory, bLength: 29)),
        BadCall.TooShort("C one short", "c", 19, 20, memory => Multiply(memory, cLength: 19)),
        BadCall.TooShort("C empty", "c", 0, 20, memory => Multiply(memory, cLength: 0)),
        BadCall.TooShort("size of A beyond 2^31", "a", 24, (int.MaxValue - 1L) * 6 + 6,
            memory => Multiply(memory, m: int.MaxValue)),
        BadCall.TooShort("size of A near 2^62", "a", 24, ((int.MaxValue - 1L) * int.MaxValue) + 6,
            memory => Multiply(memory, m: int.MaxValue, lda: int.MaxValue)),
        BadCall.Overlap("C is A", "c", "a", memory =>
            SimdConv.Gemm.Multiply<float>(4, 4, 4, memory.A(16), memory.B(16), memory.A(16))),
        BadCall.Overlap("C begins in B", "c", "b", memory =>
            SimdConv.Gemm.Multiply<float>(4, 4, 4, memory.A(16), memory.B(16), memory.Elements.AsSpan(2015, 16))),
        BadCall.Overlap("A wraps into the next rows of C", "c", "a", memory =>
            SimdConv.Gemm.Multiply(Transpose.No, Transpose.No, 4, 4, 4, 1, memory.Elements.AsSpan(5, 28), 8, memory.B(16), 4, 0f,
                memory.Elements.AsSpan(0, 28), 8)),
        new("tier that no process has", typeof(ArgumentException), ["execution.Tier is 9; expected one of"],
            memory => Multiply(memory, execution: new(1, null, (SimdTier)9))),
        new("decimal-like element type", typeof(NotSupportedException), ["System.Half", "expected float or double"],
            _ => SimdConv.Gemm.Multiply<Half>(1, 1, 1, [Half.One], [Half.One], new Half[1])),
    ];

    public static TheoryData<string> Names => BadCall.Names(Calls);

    [Theory, MemberData(nameof(Names))]
    public void IsRefusedAndTouchesNothing(string name) => BadCall.Check(Calls, name);

    /// <summary>Two column blocks of one matrix interleave without sharing an element: that is no overlap.</summary>
    [Fact]
    public void InterleavedBlocksAreNoOverlap()
    {
        float[] matrix = new float[4 * 8], b = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
        for (int i = 0; i < matrix.Length; i++)
            matrix[i] = i % 8 < 4 ? i : -1;
        SimdConv.Gemm.Multiply<float>(
            Transpose.No, Transpose.No, 4, 4, 4, 1, matrix.AsSpan(0, 28), 8, b, 4, 0, matrix.AsSpan(4), 8);
        for (int i = 0; i < matrix.Length; i++)
            Assert.Equal(i % 8 < 4 ? i : i - 4, matrix[i]);
    }

    /// <summary>4 x 6 times 6 x 5.</summary>
    private static void Multiply(
        Operands memory, Transpose transA = Transpose.No, Transpose transB = Transpose.No, int m = 4, int n = 5, int k = 6,
        int? lda = null, int? ldb = null, int ldc = 5, int aLength = 24, int bLength = 30, int cLength = 20,
        Execution execution = default) =>
        SimdConv.Gemm.Multiply(
            transA, transB, m, n, k, 2, memory.A(aLength), lda ?? (transA == Transpose.Yes ? 4 : 6), memory.B(bLength),
            ldb ?? (transB == Transpose.Yes ? 6 : 5), 1f, memory.C(cLength), ldc, execution);
}
