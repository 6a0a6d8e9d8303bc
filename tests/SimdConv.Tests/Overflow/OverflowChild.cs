using System.Globalization;
using System.Numerics;
using System.Reflection;
using SimdConv.Kernels;
using SimdConv.Tests.Arguments;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Overflow;

/// <summary>What <see cref="OverflowTests"/> runs against the library with checked arithmetic.</summary>
public static class OverflowChild
{
    /// <summary>What a call may allocate, and a thread keep as scratch.</summary>
    private const long MostBytes = 200_000_000;

    private const int MostPlaces = 20;

    /// <summary>By the place where they were thrown: how many, and the first of them.</summary>
    private static readonly Dictionary<string, (int Count, string First)> Failures = [];

    private static readonly Dictionary<string, (int Computed, int Refused)> Counts = [];

    public static void Run()
    {
        // A library without checked arithmetic would pass everything that follows.
        Assert.Throws<OverflowException>(() => new Panels(int.MaxValue, int.MaxValue).Start(2));
        foreach (SimdTier tier in SimdSupport.Available)
        {
            Arguments<float>(tier);
            Plans<float>(tier);
            ExtremeResults<float>.Check(tier, Try);
            ThreadCounts<float>.Check(tier, Try);
        }

        LargestPlans<float>.Check(Try);
        LargestPlans<double>.Check(Try);
        Arguments<double>(SimdSupport.Best);
        Plans<double>(SimdSupport.Best);
        ExtremeResults<double>.Check(SimdSupport.Best, Try);
        foreach ((string what, (int computed, int refused)) in Counts.OrderBy(count => count.Key, StringComparer.Ordinal))
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {computed} computed, {refused} refused"));
        Console.WriteLine($"{Failures.Values.Sum(failure => failure.Count)} failures");
        foreach ((string place, (int count, string first)) in
            Failures.OrderByDescending(failure => failure.Value.Count).Take(MostPlaces))
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count} times {place}\n    {first}"));
        Assert.Empty(Failures);
    }

    /// <summary>Every public method, with one number of its arguments near a limit, and with two or three.</summary>
    private static void Arguments<T>(SimdTier tier) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Random random = new((int)Properties.Seed);
        foreach (PublicMethod method in PublicMethod.All<T>())
        {
            object?[] valid = new ApiExample<T>(method, ApiPlans<T>.Usual, tier).Arguments;
            object[][] values = [.. valid.Select(value => NearLimits.Of(value).ToArray())];
            int[] varied = [.. Enumerable.Range(0, valid.Length).Where(i => values[i].Length > 0)];
            foreach (int i in varied)
            {
                foreach (object value in values[i])
                    Call<T>(method, ApiPlans<T>.Usual, tier, (i, value));
            }

            for (int n = 0; n < 40 * varied.Length; n++)
            {
                (int, object)[] changes =
                    [.. Enumerable.Range(0, 2 + (n % 2)).Select(_ => varied[random.Next(varied.Length)]).Distinct().Select(i =>
                {
                    object value = values[i][random.Next(values[i].Length)];
                    object[] more = n % 3 == 0 ? [] : [.. NearLimits.Of(value).Where(_ => value is not int)];
                    return (i, more.Length == 0 ? value : more[random.Next(more.Length)]);
                })];
                Call<T>(method, ApiPlans<T>.Usual, tier, changes);
            }
        }
    }

    /// <summary>Every method of plans and tables, or with one, for shapes near the limits.</summary>
    private static void Plans<T>(SimdTier tier) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        PublicMethod[] methods = [.. PublicMethod.All<T>()];
        ForShapes(ExtremeShapes.Convolutions().Where(shape => IsValid(shape.Validate)),
            shape => ApiShapes.Usual with { Convolution = shape },
            [
                typeof(Conv2DShape), typeof(Conv2DPlan<T>), typeof(IndexTable), typeof(SimdConv.Im2Col), typeof(Col2Im),
                typeof(ColumnLayout),
            ]);
        ForShapes(ExtremeShapes.Transposed().Where(shape => IsValid(shape.Validate)),
            shape => ApiShapes.Usual with { Transposed = shape }, [typeof(ConvTranspose2DShape), typeof(ConvTranspose2DPlan<T>)]);
        ForShapes(ExtremeShapes.Pools()
            .Where(shape => IsValid(() => shape.Validate(PoolKind.Average)) && IsValid(() => shape.Validate(PoolKind.Max))),
            shape =>
                ApiShapes.Usual with { Windows = shape }, [typeof(Pool2DShape), typeof(Pool2DPlan<T>)]);

        void ForShapes<TShape>(IEnumerable<TShape> shapes, Func<TShape, ApiShapes> with, Type[] owners)
        {
            PublicMethod[] called = [.. methods.Where(method => owners.Contains(method.Method.DeclaringType))];
            int n = 0;
            foreach (TShape shape in shapes)
            {
                // A few shapes a tier and type see each method; all of them are computed by ExtremeResults.
                if (++n % 5 != (int)tier % 5 && !Effort.IsLong)
                    continue;
                ApiPlans<T> plans = new(with(shape));
                foreach (PublicMethod method in called)
                    Call<T>(method, plans, tier, []);
            }
        }
    }

    private static bool IsValid(Action validate)
    {
        try
        {
            validate();
            return true;
        }
        catch (ArgumentOutOfRangeException)
        {
            return false;
        }
    }

    private static void Call<T>(
        PublicMethod method, ApiPlans<T> plans, SimdTier tier, params (int Parameter, object Value)[] changes)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        string What() => $"{method} in {tier} of {(plans == ApiPlans<T>.Usual ? "the usual shapes" : plans.Shapes)}"
            + " with "
            + $"{string.Join(" and ", changes.Select(change => $"{method.Parameters[change.Parameter].Name} = {change.Value}"))}";
        if (!changes.All(change => IsAffordable(method, change.Value)))
            return;
        Try($"methods, {tier}", What, () =>
        {
            ApiExample<T> example = new(method, plans, tier);
            byte[] before = example.Snapshot();
            object?[] arguments = (object?[])example.Arguments.Clone();
            foreach ((int parameter, object value) in changes)
                arguments[parameter] = value;
            try
            {
                example.Call(method, example.Instance, arguments);
            }
            catch (Exception e) when (ApiDocumentation.Exceptions(method.Method)
                .Any(documented => documented.IsInstanceOfType(e)))
            {
                Assert.True(before.AsSpan().SequenceEqual(example.Snapshot()), "a refused call wrote to memory");
                throw new RefusedException(e);
            }
        });
    }

    /// <summary>
    /// Tables of windows and pixels are made by these constructors: memory for each of them, which isn't what is tested here.
    /// </summary>
    private static bool IsAffordable(PublicMethod method, object? value)
    {
        const int Most = 1 << 18;
        return !method.Method.IsConstructor || value switch
        {
            Conv2DShape s => s is { H: <= Most, W: <= Most, R: <= Most, S: <= Most, P: <= Most, Q: <= Most },
            Pool2DShape s => s is { H: <= Most, W: <= Most, R: <= Most, S: <= Most, P: <= Most, Q: <= Most },
            _ => true,
        };
    }

    private static void Fail(string place, string what)
    {
        (int count, string first) = Failures.GetValueOrDefault(place, (0, what));
        Failures[place] = (count + 1, first);
    }

    /// <summary>One case: computed, refused as documented, or a failure.</summary>
    private static void Try(string kind, Func<string> what, Action body)
    {
        (int computed, int refused) = Counts.GetValueOrDefault(kind);
        long before = GC.GetAllocatedBytesForCurrentThread(), keptBefore = Core.Workspace.KeptBytes;
        try
        {
            body();
            computed++;
        }
        catch (Exception e) when (e is RefusedException or TargetInvocationException { InnerException: RefusedException })
        {
            refused++;
        }
        catch (Exception e)
        {
            string[] lines =
                [.. e.ToString().Split('\n').Where(line => !line.Contains("Actual value was", StringComparison.Ordinal))];
            Fail(string.Join(" <-", lines[..Math.Min(lines.Length, 4)].Select(line => line.Trim())), what());
        }

        Counts[kind] = (computed, refused);
        long bytes = GC.GetAllocatedBytesForCurrentThread() - before, kept = Core.Workspace.KeptBytes;
        if (bytes > MostBytes || (kept > keptBefore && kept > MostBytes))
            Fail($"{bytes} bytes allocated, {kept} kept by the thread", what());
    }
}

/// <summary>A call was refused by an exception that its documentation names.</summary>
internal sealed class RefusedException(Exception inner) : Exception("refused", inner);
