using System.Numerics;
using System.Reflection;
using System.Runtime.InteropServices;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Arguments;

/// <summary>Elements of the memory that all operands of one call share: moved and cut by faults before it becomes a span.</summary>
internal sealed record Piece(Type Element, int Start, int Length);

/// <summary>A valid call of every public method: an instance, an argument for each parameter by its type and name, and the memory behind them.</summary>
internal sealed class ApiExample<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static readonly Conv2DShape Shape = new Conv2DShape(4, 6, 7, 6, 3, 3) { Groups = 2 }.WithPadding(1, 1);

    public static readonly Pool2DShape Windows = new(3, 6, 8, 2, 2);

    public static readonly Conv2DPlan<T> Plan = new(Shape);

    public static readonly ConvTranspose2DShape TransposedShape = new(4, 3, 4, 6, 3, 3) { Groups = 2, StrideH = 2, OutputPaddingH = 1 };

    public static readonly ConvTranspose2DPlan<T> Transposed = new(TransposedShape);

    private static readonly Pool2DPlan<T> Max = new(Windows, PoolKind.Max), Average = new(Windows, PoolKind.Average);

    private static readonly IndexTable Table = new(Shape);

    private static readonly T[] Weights = Data.Make<T>(Math.Max(Shape.WeightCount, TransposedShape.WeightCount), DataKind.Real, 2);

    // Read and never written by a call, so all calls may share them; but for Repack, which has a filter of its own.
    private static readonly PackedFilter<T> Filter = Plan.Pack(Weights, FilterUse.Both);

    private static readonly PackedFilter<T> TransposedFilter = Transposed.Pack(Weights, FilterUse.Both);

    private static readonly PackedMatrix<T> A = SimdConv.Gemm.Pack<T>(GemmSide.A, Transpose.No, 4, 6, Weights, 6),
        B = SimdConv.Gemm.Pack<T>(GemmSide.B, Transpose.No, 6, 5, Weights, 5);

    private const int Batch = 2, Slack = 64;

    private readonly T[] elements = Data.Make<T>(16_000, DataKind.Real, 1);

    private readonly byte[] bytes = new byte[1000];

    private readonly long[] indices = new long[1000];

    private int used = Slack;

    public ApiExample(PublicMethod method)
    {
        Arguments = [.. method.Parameters.Select(parameter => Value(method, parameter))];
        Instance = method.Method.IsStatic || method.Method.IsConstructor ? null : method.Method.DeclaringType switch
        {
            var type when type == typeof(Conv2DPlan<T>) => Plan,
            var type when type == typeof(ConvTranspose2DPlan<T>) => Transposed,
            var type when type == typeof(ConvTranspose2DShape) => TransposedShape,
            var type when type == typeof(Pool2DPlan<T>) => method.Name.Contains("inner", StringComparison.Ordinal) ? Max : Average,
            var type when type == typeof(Conv2DShape) => Shape,
            var type when type == typeof(Pool2DShape) => Windows,
            var type => throw new Xunit.Sdk.XunitException($"There is no example of a {type} to call {method} on"),
        };
    }

    public object? Instance { get; }

    /// <summary>A pool plan of the kind that the call is not for.</summary>
    public object? WrongInstance => Instance == Max ? Average : Instance == Average ? Max : null;

    public object?[] Arguments { get; }

    /// <summary>All memory that the call could write.</summary>
    public byte[] Snapshot() => [.. MemoryMarshal.AsBytes<T>(elements), .. bytes, .. MemoryMarshal.AsBytes<long>(indices)];

    public void Call(PublicMethod method, object? instance, object?[] arguments) => method.Call(instance, Array.ConvertAll(arguments, Materialise));

    private object? Materialise(object? value) => value switch
    {
        Piece piece when piece.Element == typeof(T) => elements.AsMemory(piece.Start, piece.Length),
        Piece piece when piece.Element == typeof(byte) => bytes.AsMemory(piece.Start, piece.Length),
        Piece piece => indices.AsMemory(piece.Start, piece.Length),
        EpilogueExample e => new EpilogueArgument<T>(elements.AsMemory(e.Bias.Start, e.Bias.Length), e.Activation, e.ByRows, elements.AsMemory(e.Residual.Start, e.Residual.Length)),
        _ => value,
    };

    private object? Value(PublicMethod method, ParameterInfo parameter)
    {
        Type type = parameter.ParameterType;
        string owner = method.Method.DeclaringType!.Name.Split('`')[0], name = parameter.Name!;
        if (PublicMethod.IsSpan(type))
        {
            Type element = type.GenericTypeArguments[0];
            int length = Length(owner, name, method);
            return element == typeof(T) ? Take(length) : new Piece(element, Slack, length);
        }

        return type switch
        {
            _ when type == typeof(T) => T.One,
            _ when type == typeof(int) => Size(owner, name),
            _ when type == typeof(int[]) => null,
            _ when type == typeof(bool) => false,
            _ when type == typeof(FilterUse) => FilterUse.Forward,
            _ when type == typeof(SimdTier) => SimdSupport.Best,
            _ when type.IsEnum => Enum.ToObject(type, 0),
            _ when type == typeof(SimdTier?) => SimdSupport.Best,
            _ when type == typeof(Execution) => new Execution(),
            _ when type == typeof(Conv2DShape) => Shape,
            _ when type == typeof(ConvTranspose2DShape) => TransposedShape,
            _ when type == typeof(Pool2DShape) => Windows,
            _ when type == typeof(ImageLayout?) && owner == "Conv2DPlan" && name == "input" => ImageLayout.Nchw(Shape.C, Shape.H, Shape.W),
            _ when type == typeof(ImageLayout?) && owner == "Conv2DPlan" && name == "output" => ImageLayout.Nchw(Shape.K, Shape.P, Shape.Q),
            _ when type == typeof(ImageLayout?) && owner == "ConvTranspose2DPlan" && name == "input" => ImageLayout.Nchw(TransposedShape.C, TransposedShape.H, TransposedShape.W),
            _ when type == typeof(ImageLayout?) && owner == "ConvTranspose2DPlan" && name == "output" => ImageLayout.Nchw(TransposedShape.K, TransposedShape.P, TransposedShape.Q),
            _ when type == typeof(ImageLayout?) && owner == "Pool2DPlan" && name == "input" => ImageLayout.Nchw(Windows.C, Windows.H, Windows.W),
            _ when type == typeof(ImageLayout?) && owner == "Pool2DPlan" && name == "output" => ImageLayout.Nchw(Windows.C, Windows.P, Windows.Q),
            _ when type == typeof(IndexTable) => Table,
            _ when type == typeof(ColumnLayout) => ColumnLayout.PerImage(Table),
            _ when type == typeof(PackedFilter<T>) && method.Method.Name == "Repack" => Packed(owner, FilterUse.Both),
            _ when type == typeof(PackedFilter<T>) => owner == "ConvTranspose2DPlan" ? TransposedFilter : Filter,
            _ when type == typeof(PackedMatrix<T>) => name == "a" ? A : B,
            _ when type == typeof(Epilogue<T>) && owner == "ConvTranspose2DPlan" => Epilogue(TransposedShape.K, (int)Transposed.OutputLength(Batch)),
            _ when type == typeof(Epilogue<T>) => Epilogue(Shape.K, (int)Plan.OutputLength(Batch)),
            _ when type == typeof(GemmEpilogue<T>) => Epilogue(5, 0),
            _ => throw Missing(method, parameter),
        };

        EpilogueExample Epilogue(int bias, int residual) => new(Take(bias), Activation.Relu, ByRows: false, Take(residual));
    }

    /// <summary>Weights packed by the example plan of a kind, for another of the tiers or passes.</summary>
    public static PackedFilter<T> Packed(string owner, FilterUse use, SimdTier? tier = null) =>
        owner == "ConvTranspose2DPlan" ? Transposed.Pack(Weights, use, tier) : Plan.Pack(Weights, use, tier);

    private Piece Take(int length)
    {
        used += length + Slack;
        return new(typeof(T), used - length - Slack, length);
    }

    private static int Length(string owner, string name, PublicMethod method) => (owner, name) switch
    {
        ("Conv2DPlan", "x" or "dx") => (int)Plan.InputLength(Batch),
        ("Conv2DPlan", "y" or "dy") => (int)Plan.OutputLength(Batch),
        ("Conv2DPlan", "weights" or "dw") => Shape.WeightCount,
        ("Conv2DPlan", "db") => Shape.K,
        ("ConvTranspose2DPlan", "x" or "dx") => (int)Transposed.InputLength(Batch),
        ("ConvTranspose2DPlan", "y" or "dy") => (int)Transposed.OutputLength(Batch),
        ("ConvTranspose2DPlan", "weights" or "dw") => TransposedShape.WeightCount,
        ("ConvTranspose2DPlan", "db") => TransposedShape.K,
        ("Pool2DPlan", "x" or "dx") => (int)Max.InputLength(Batch),
        ("Pool2DPlan", "y" or "dy" or "winners" or "indices") => (int)Max.OutputLength(Batch),
        ("Im2Col" or "Col2Im", "x") => (int)Plan.InputLength(Batch),
        ("Im2Col" or "Col2Im", "columns") => Batch * Table.Rows * Table.Columns,
        ("Elementwise", "x" or "y" or "dy" or "dx") => 37,
        ("Gemm", "a" or "matrix") => 24 * Products(method),
        ("Gemm", "b") => 30 * Products(method),
        ("Gemm", "c") => 20 * Products(method),
        _ => throw Missing(method, method.Parameters.First(p => p.Name == name)),
    };

    private static int Products(PublicMethod method) => method.Parameters.Any(p => p.Name == "batch") ? Batch : 1;

    private static int Size(string owner, string name) => (owner, name) switch
    {
        (_, "batch") => Batch,
        ("Gemm", "m" or "rows") => 4,
        ("Gemm", "n" or "ldb" or "ldc") => 5,
        ("Gemm", "k" or "columns" or "lda" or "ld") => 6,
        ("Gemm", "strideA") => 24,
        ("Gemm", "strideB") => 30,
        ("Gemm", "strideC") => 20,
        _ => 3,
    };

    private static Exception Missing(PublicMethod method, ParameterInfo parameter) =>
        new Xunit.Sdk.XunitException($"{method} takes {parameter}: {nameof(ApiExample<>)} has to give it a value, and {nameof(ApiFaults<>)} faults");
}

/// <summary>An epilogue before its memory is known.</summary>
internal sealed record EpilogueExample(Piece Bias, Activation Activation, bool ByRows, Piece Residual);
