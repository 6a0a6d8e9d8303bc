using System.Runtime.InteropServices;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Arguments;

/// <summary>
/// A call that must be refused: with which exception, saying what, and leaving every byte of its memory as it was.
/// </summary>
internal sealed record BadCall(string Name, Type Exception, string[] Says, Action<Operands> Run)
{
    public static BadCall OutOfRange(string name, string argument, object value, Action<Operands> run) =>
        new(name, typeof(ArgumentOutOfRangeException), [$"{argument} is {value}; expected"], run);

    public static BadCall TooShort(string name, string argument, long length, long needed, Action<Operands> run) =>
        new(name, typeof(ArgumentException), [$"{argument} holds {length} elements; expected at least {needed} "], run);

    public static BadCall Overlap(string name, string output, string input, Action<Operands> run) =>
        new(name, typeof(ArgumentException), [$"{output} shares elements with {input}; expected memory of its own"], run);

    public void Check()
    {
        Operands memory = new(), before = new();
        Exception? thrown = Record.Exception(() => Run(memory));
        Assert.NotNull(thrown);
        Assert.True(thrown.GetType() == Exception, $"{thrown.GetType()}: {thrown.Message}");
        foreach (string words in Says)
            Assert.Contains(words, thrown.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', thrown.Message.Split(" (Parameter")[0]);
        Compare.Untouched<float>(before.Elements, memory.Elements, "an operand");
        Compare.Untouched<byte>(before.Bytes, memory.Bytes, "the winners");
        Compare.Untouched(
            MemoryMarshal.AsBytes<long>(before.Indices), MemoryMarshal.AsBytes<long>(memory.Indices), "the indices");
    }

    public static TheoryData<string> Names(IEnumerable<BadCall> calls) => [.. calls.Select(call => call.Name)];

    public static void Check(IEnumerable<BadCall> calls, string name) => calls.Single(call => call.Name == name).Check();
}

/// <summary>All operands of a call, filled with numbers.</summary>
internal sealed class Operands
{
    public float[] Elements { get; } = Data.Make<float>(6000, DataKind.Real, 1);

    public byte[] Bytes { get; } = [.. Enumerable.Range(0, 2000).Select(i => (byte)(i % 4))];

    public long[] Indices { get; } = [.. Enumerable.Range(0, 1000)];

    public Span<float> A(int length) => Elements.AsSpan(0, length);

    public Span<float> B(int length) => Elements.AsSpan(2000, length);

    public Span<float> C(int length) => Elements.AsSpan(4000, length);

    public Span<float> D(int length) => Elements.AsSpan(5500, length);
}
