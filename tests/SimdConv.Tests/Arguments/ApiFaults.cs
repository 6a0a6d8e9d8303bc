using System.Numerics;
using System.Reflection;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Arguments;

/// <summary>One wrong argument. A certain fault must be refused; other faults may also make a valid call.</summary>
/// <param name="Parameter">Which argument is wrong.</param>
/// <param name="Value">What it is.</param>
/// <param name="IsCertain">Whether the call has to be refused for it.</param>
/// <param name="Moves">Whether the fault is the place of an operand, which lies on another one.</param>
/// <param name="What">The argument and its value, in words.</param>
internal sealed record Fault(int Parameter, object? Value, bool IsCertain, bool Moves, string What);

/// <summary>Everything that can be wrong with each argument of a call, one argument at a time.</summary>
internal static class ApiFaults<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly int[] Negative = [-1, -2, -65_536, int.MinValue, int.MinValue + 1];

    /// <summary>Numbers of no tier; the first one behind the tiers that users know is that of the tests' own tier.</summary>
    private static readonly SimdTier[] NoTiers =
        [(SimdTier)(-1), WideTier.Number + 1, (SimdTier)9, (SimdTier)255, (SimdTier)int.MaxValue, (SimdTier)int.MinValue];

    private static readonly int[] Huge = [65_536, 1 << 30, int.MaxValue - 1, int.MaxValue];

    public static IEnumerable<Fault> Of(PublicMethod method, object?[] arguments)
    {
        for (int i = 0; i < arguments.Length; i++)
        {
            string name = method.Parameters[i].Name!;
            foreach ((object? value, bool isCertain) in Values(method, i, arguments))
                yield return new(i, value, isCertain, IsMoved(arguments[i], value), $"{name} = {value ?? "null"}");
        }
    }

    private static bool IsMoved(object? usual, object? value) => (usual, value) switch
    {
        (Piece from, Piece to) => from.Start != to.Start,
        (EpilogueExample from, EpilogueExample to) =>
            from.Bias.Start != to.Bias.Start || from.Residual.Start != to.Residual.Start,
        _ => false,
    };

    private static IEnumerable<(object? Value, bool IsCertain)> Values(PublicMethod method, int index, object?[] arguments)
    {
        ParameterInfo parameter = method.Parameters[index];
        Type type = parameter.ParameterType;
        return arguments[index] switch
        {
            Piece piece => Spans(method, index, piece, arguments),
            EpilogueExample epilogue => Epilogues(method, epilogue, arguments),
            Execution => Executions(),
            int size => Sizes(method, parameter.Name!, size),
            SimdTier => Tiers(type == typeof(SimdTier?)),
            FilterUse => [((FilterUse)0, true), ((FilterUse)4, true), ((FilterUse)(-1), true), ((FilterUse)int.MaxValue, true)],
            Enum value => ((int[])[-1, 99, int.MaxValue, int.MinValue, Enum.GetValues(value.GetType()).Length])
                .Select(number => ((object?)Enum.ToObject(value.GetType(), number), true)),
            Conv2DShape or ConvTranspose2DShape or Pool2DShape => Shapes(arguments[index]!),
            ImageLayout layout => Layouts(layout, isOutput: parameter.Name is "output" or "to"),
            ColumnLayout layout => Columns(layout, isOutput: method.Method.Name == "Unfold"),
            PackedFilter<T> => Filters(method),
            PackedMatrix<T> matrix => Matrices(matrix),
            int[] => Starts(),
            PackedFile => [(null, true)],
            Stream => Streams(method),
            string => [(null, true), ("", true), (Path.Combine(Path.GetTempPath(), "simdconv-none", "none"), true)],
            long => Places(parameter.Name!),
            null => [],
            IndexTable => [(null, true)],
            T or bool => [],
            var value =>
                throw new Xunit.Sdk.XunitException(
                    $"{method} takes a {value.GetType()}: {nameof(ApiFaults<>)} has no faults of one"),
        };
    }

    /// <summary>
    /// Spans that are one element short, half as long, and empty; and outputs that overlap the first or the last elements of each
    /// other operand, or are shifted against it by one.
    /// </summary>
    private static IEnumerable<(object?, bool)> Spans(PublicMethod method, int index, Piece piece, object?[] arguments)
    {
        bool isElementwise = method.Method.DeclaringType == typeof(SimdConv.Elementwise);
        yield return (piece with { Length = piece.Length - 1 }, true);
        yield return (piece with { Length = piece.Length / 2 }, true);
        yield return (piece with { Length = 1 }, true);
        yield return (piece with { Length = 0 }, method.Method.Name != "Save"
            && (method.Method.Name != "WeightGradient" || method.Parameters[index].Name != "db"));
        if (isElementwise)
            yield return (piece with { Length = piece.Length + 1 }, true);
        if (!IsOutput(method, index) || piece.Element != typeof(T))
            yield break;
        for (int other = 0; other < arguments.Length; other++)
        {
            if (other == index || arguments[other] is not Piece { Element: var element } input || element != typeof(T))
                continue;
            yield return (piece with { Start = input.Start }, !isElementwise);
            yield return (piece with { Start = input.Start + 1 }, true);
            yield return (piece with { Start = input.Start - 1 }, true);
            yield return (piece with { Start = input.Start + input.Length - 1 }, true);
            if (input.Start >= piece.Length)
                yield return (piece with { Start = input.Start - piece.Length + 1 }, true);
        }
    }

    private static IEnumerable<(object?, bool)> Epilogues(PublicMethod method, EpilogueExample epilogue, object?[] arguments)
    {
        Piece bias = epilogue.Bias;
        bool isGemm = method.Method.DeclaringType == typeof(SimdConv.Gemm);
        yield return (epilogue with { Bias = bias with { Length = bias.Length - 1 } }, true);
        yield return (epilogue with { Bias = bias with { Length = bias.Length + 1 } }, isGemm);
        foreach (int activation in (int[])[-1, Enum.GetValues<Activation>().Length, 99, int.MinValue, int.MaxValue])
            yield return (epilogue with { Activation = (Activation)activation }, true);
        if (isGemm)
            yield return (epilogue with { ByRows = true }, true);
        Piece residual = epilogue.Residual;
        if (residual.Length > 0)
            yield return (epilogue with { Residual = residual with { Length = residual.Length - 1 } }, true);
        for (int i = 0; i < arguments.Length; i++)
        {
            if (arguments[i] is Piece output && IsOutput(method, i))
            {
                if (residual.Length > 0)
                {
                    yield return (epilogue with { Residual = residual with { Start = output.Start + 1 } }, true);
                    yield return (epilogue with { Residual = residual with { Start = output.Start - 1 } }, true);
                }

                yield return (epilogue with { Bias = bias with { Start = output.Start } }, true);
                yield return (epilogue with { Bias = bias with { Start = output.Start + output.Length - 1 } }, true);
                yield return (epilogue with { Bias = bias with { Start = output.Start - bias.Length + 1 } }, true);
            }
        }
    }

    private static IEnumerable<(object?, bool)> Executions()
    {
        foreach (int threads in Negative)
            yield return (new Execution(threads), true);
        foreach (SimdTier tier in NoTiers)
            yield return (new Execution(1, null, tier), true);
    }

    /// <summary>Starts of no subtrees of three shards, or of others than those that end at the third.</summary>
    private static IEnumerable<(object?, bool)> Starts()
    {
        foreach (int[] starts in (int[][])
            [[-1, 1, 2], [0, 0, 2], [0, 2, 1], [0, 1, 3], [0, 1, int.MaxValue], [int.MinValue]])
            yield return (starts, true);
    }

    /// <summary>Streams that can't be used, end too early, or are at another place.</summary>
    private static IEnumerable<(object?, bool)> Streams(PublicMethod method)
    {
        yield return (null, true);
        using MemoryStream closed = new();
        closed.Dispose();
        yield return (closed, true);
        if (method.Method.Name == "Save")
            yield return (new MemoryStream(new byte[9000]) { Position = 3 }, true);
        else
            yield return (new MemoryStream(ApiPlans<T>.FileBytes[..^1]), true);
    }

    /// <summary>Places in a file at which no packed array begins, and lengths of none.</summary>
    private static IEnumerable<(object?, bool)> Places(string name)
    {
        foreach (long value in (long[])[-1, 1, 63, 65, long.MinValue, long.MaxValue])
            yield return (value, true);
        if (name == "offset")
            yield return (long.MaxValue - 63, true);
    }

    private static IEnumerable<(object?, bool)> Tiers(bool isOptional)
    {
        foreach (SimdTier tier in NoTiers)
            yield return (tier, isOptional);
    }

    /// <summary>Beside spans every larger size is wrong, since they are exactly as long as the sizes ask.</summary>
    private static IEnumerable<(object?, bool)> Sizes(PublicMethod method, string name, int size)
    {
        bool isChecked = method.TakesSpans || name == "batch";
        foreach (int value in Negative)
            yield return (value, isChecked && method.Method.DeclaringType != typeof(ColumnLayout));
        // Some subtrees are those of trees of more shards too.
        bool isTree = method.Method.Name == nameof(OrderedSum.Merge) && name == "shards";
        foreach (int value in (int[])[size + 1, 2 * size])
            yield return (value, method.TakesSpans && !isTree);
        foreach (int value in Huge)
            yield return (value, method.TakesSpans);
        yield return (0, name.StartsWith("ld", StringComparison.Ordinal));
        yield return (size - 1, name.StartsWith("ld", StringComparison.Ordinal) || name == "strideC");
    }

    private static IEnumerable<(object?, bool)> Shapes(object shape)
    {
        yield return (null, true);
        foreach (PropertyInfo property in
            shape.GetType().GetProperties().Where(p => p.CanWrite && p.PropertyType.IsAssignableFrom(typeof(int))))
        {
            bool isPadding = property.Name.Contains("Pad", StringComparison.Ordinal);
            foreach (int value in Negative)
                yield return (With(value), true);
            yield return (With(0), !isPadding);
            foreach (int value in (int[])[5, .. Huge])
                yield return (With(value), false);

            object With(int value)
            {
                object copy = shape.GetType().GetMethod("<Clone>$")!.Invoke(shape, null)!;
                property.SetValue(copy, value);
                return copy;
            }
        }
    }

    /// <summary>The stride of images is looked at when the batch is known.</summary>
    private static IEnumerable<(object?, bool)> Layouts(ImageLayout layout, bool isOutput)
    {
        foreach (nint stride in (nint[])[-1, int.MinValue, nint.MinValue])
        {
            yield return (layout with { N = stride }, false);
            yield return (layout with { C = stride }, true);
            yield return (layout with { H = stride }, true);
            yield return (layout with { W = stride }, true);
        }

        yield return (layout with { N = 0 }, false);
        yield return (layout with { C = 0 }, isOutput);
        yield return (layout with { H = 0 }, isOutput);
        yield return (layout with { W = 0 }, isOutput);
        yield return (layout with { H = 1 }, isOutput);
        yield return (layout with { C = layout.H }, isOutput);
        yield return (layout with { N = nint.MaxValue }, false);
        yield return (layout with { W = nint.MaxValue }, false);
    }

    private static IEnumerable<(object?, bool)> Columns(ColumnLayout layout, bool isOutput)
    {
        foreach (nint stride in (nint[])[-1, 0, 1, int.MinValue, nint.MinValue])
        {
            yield return (layout with { Ld = stride }, isOutput || stride < 0);
            yield return (layout with { ImageStride = stride }, isOutput || stride < 0);
        }

        yield return (layout with { Ld = layout.Ld - 1 }, isOutput);
        yield return (layout with { Ld = layout.Ld + 1 }, true);
        yield return (layout with { ImageStride = layout.ImageStride - 1 }, isOutput);
        yield return (layout with { ImageStride = layout.ImageStride + 1 }, true);
        yield return (layout with { Ld = nint.MaxValue }, true);
        yield return (layout with { ImageStride = nint.MaxValue }, true);
    }

    private static IEnumerable<(object?, bool)> Filters(PublicMethod method)
    {
        Type owner = method.Method.DeclaringType!;
        yield return (null, true);
        yield return (new Conv2DPlan<T>(ApiExample<T>.Shape).Pack(new T[ApiExample<T>.Shape.WeightCount], FilterUse.Both), true);
        if (method.Method.Name == "Repack")
            yield break;
        yield return (
            ApiPlans<T>.Usual.Pack(
                owner, method.Method.Name == "Forward" ? FilterUse.InputGradient : FilterUse.Forward, SimdSupport.Best), true);
        if (SimdSupport.Best != SimdTier.Scalar)
            yield return (ApiPlans<T>.Usual.Pack(owner, FilterUse.Both, SimdTier.Scalar), true);
    }

    private static IEnumerable<(object?, bool)> Matrices(PackedMatrix<T> matrix)
    {
        T[] elements = new T[100];
        GemmSide other = matrix.Side == GemmSide.A ? GemmSide.B : GemmSide.A;
        yield return (null, true);
        yield return (SimdConv.Gemm.Pack<T>(other, Transpose.No, matrix.Rows, matrix.Columns, elements, matrix.Columns), true);
        if (SimdSupport.Best != SimdTier.Scalar)
            yield return (
                SimdConv.Gemm.Pack<T>(
                    matrix.Side, Transpose.No, matrix.Rows, matrix.Columns, elements, matrix.Columns, SimdTier.Scalar), true);
    }

    private static bool IsOutput(PublicMethod method, int index) =>
        method.Parameters[index].ParameterType is { IsGenericType: true } type
        && type.GetGenericTypeDefinition() == typeof(Span<>);
}
