using System.Numerics;
using SimdConv.Tests.Support;
using Xunit.Abstractions;

namespace SimdConv.Tests.Arguments;

public sealed class PublicApiFloatTests(ITestOutputHelper output) : PublicApiTests<float>(output);

public sealed class PublicApiDoubleTests(ITestOutputHelper output) : PublicApiTests<double>(output);

/// <summary>
/// Every public method and constructor of the library, found by reflection, with everything that can be wrong with each argument:
/// the documented exception comes, it says what was expected, and not a byte of memory is changed. A method that
/// <see cref="ApiExample{T}"/> doesn't know fails.
/// </summary>
public abstract class PublicApiTests<T>(ITestOutputHelper output) where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly List<string> wrong = [];

    [Fact]
    public void TheExamplesAreValid()
    {
        foreach (PublicMethod method in PublicMethod.All<T>())
        {
            ApiExample<T> example = new(method);
            example.Call(method, example.Instance, example.Arguments);
        }
    }

    [Fact]
    public void EveryFaultIsRefused()
    {
        int refused = 0;
        foreach (PublicMethod method in PublicMethod.All<T>())
        {
            ApiExample<T> example = new(method);
            foreach (Fault fault in ApiFaults<T>.Of(method, example.Arguments))
                refused += Check(method, new ApiExample<T>(method), [fault], fault.IsCertain) ? 1 : 0;
            if (example.WrongInstance is { } other && method.TakesSpans
                && method.Parameters.Any(p => p.Name is "winners" or "dy"))
                refused += Check(method, example, [], isCertain: true, other) ? 1 : 0;
        }

        Assert.True(wrong.Count == 0, $"{wrong.Count} calls, among them\n{string.Join('\n', wrong.Take(30))}");
        output.WriteLine($"{refused} refused");
        Assert.InRange(refused, 1000, int.MaxValue);
    }

    /// <summary>Two or three faults at once: none of them hides another, whatever is checked first.</summary>
    [Fact]
    public void SeveralFaultsAtOnceAreRefused()
    {
        int refused = 0, seed = (int)Properties.Seed, each = Effort.Cases(40);
        foreach (PublicMethod method in PublicMethod.All<T>())
        {
            // A call of equal lengths is valid again when all of them are cut alike.
            if (method.Method.DeclaringType == typeof(SimdConv.Elementwise))
                continue;
            Fault[] certain = [.. ApiFaults<T>.Of(method, new ApiExample<T>(method).Arguments).Where(fault => fault.IsCertain)];
            for (int i = 0; i < each && certain.DistinctBy(fault => fault.Parameter).Count() > 1; i++)
            {
                Fault[] faults =
                    [.. Enumerable.Range(0, 2 + (i % 2)).Select(salt => certain[Data.Mix(seed++, salt) % (ulong)certain.Length])];

                // Two operands that exchange their memory don't overlap and make a valid call, so only one of them is moved.
                Fault? moved = Array.Find(faults, fault => fault.Moves);
                faults = [.. faults.Where(fault => !fault.Moves || fault == moved).DistinctBy(fault => fault.Parameter)];
                refused += Check(method, new ApiExample<T>(method), faults, isCertain: true) ? 1 : 0;
            }
        }

        Assert.True(wrong.Count == 0, $"{wrong.Count} calls, among them\n{string.Join('\n', wrong.Take(30))}");
        output.WriteLine($"{refused} refused");
        Assert.InRange(refused, 1000, int.MaxValue);
    }

    /// <summary>Whether the call was refused. What is wrong with the refusal is added to the list.</summary>
    private bool Check(PublicMethod method, ApiExample<T> example, Fault[] faults, bool isCertain, object? instance = null)
    {
        object?[] arguments = (object?[])example.Arguments.Clone();
        foreach (Fault fault in faults)
            arguments[fault.Parameter] = fault.Value;
        byte[] before = example.Snapshot();
        string what = $"{method} with {string.Join(" and ", faults.Select(fault => fault.What))}";
        Exception? thrown = Record.Exception(() => example.Call(method, instance ?? example.Instance, arguments));
        if (thrown is null)
        {
            if (isCertain)
                wrong.Add($"{what} was not refused");
            return false;
        }

        if (!ApiDocumentation.Exceptions(method.Method).Any(documented => documented.IsInstanceOfType(thrown)))
            wrong.Add($"{what} threw what its documentation doesn't name: {thrown}");
        else if (thrown is not (ArgumentNullException or OverflowException or InvalidOperationException or IOException)
            && !thrown.Message.Contains("expected", StringComparison.Ordinal))
            wrong.Add($"{what} doesn't say what was expected: {thrown.Message}");
        if (!before.AsSpan().SequenceEqual(example.Snapshot()))
            wrong.Add($"{what} wrote to memory");
        return true;
    }
}
