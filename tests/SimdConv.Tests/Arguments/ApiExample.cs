using System.Numerics;
using System.Reflection;
using System.Runtime.InteropServices;
using SimdConv.Tests.Packed;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Arguments;

/// <summary>A range of the memory that all operands of one call share. Faults move and cut it before it becomes a span.</summary>
internal sealed record Piece(Type Element, int Start, int Length);

/// <summary>The geometries of the plans that methods are called on, and with.</summary>
internal sealed record ApiShapes(Conv2DShape Convolution, ConvTranspose2DShape Transposed, Pool2DShape Windows)
{
    public static readonly ApiShapes Usual = new(
        new Conv2DShape(4, 6, 7, 6, 3, 3) { Groups = 2 }.WithPadding(1, 1),
        new(4, 3, 4, 6, 3, 3) { Groups = 2, StrideH = 2, OutputPaddingH = 1 },
        new(3, 6, 8, 2, 2));
}

/// <summary>Plans and tables, each made once when a method first needs it and read by all calls.</summary>
internal sealed class ApiPlans<T>(ApiShapes shapes) where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static readonly ApiPlans<T> Usual = new(ApiShapes.Usual);

    /// <summary>A file with a filter of each plan, and a matrix.</summary>
    public static readonly byte[] FileBytes = MakeFile();

    public static readonly PackedFile File = PackedFiles.Read(FileBytes);

    private static readonly Lazy<string> Temporary = new(() =>
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("simdconv-api-").FullName, "weights");
        System.IO.File.WriteAllBytes(path, FileBytes);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
        return path;
    });

    private readonly Lazy<Conv2DPlan<T>> plan = new(() => new(shapes.Convolution));
    private readonly Lazy<ConvTranspose2DPlan<T>> transposed = new(() => new(shapes.Transposed));
    private readonly Lazy<Pool2DPlan<T>> max = new(() => new(shapes.Windows, PoolKind.Max)),
        average = new(() => new(shapes.Windows, PoolKind.Average));
    private readonly Lazy<IndexTable> table = new(() => new(shapes.Convolution));
    private readonly Dictionary<(Type, SimdTier), PackedFilter<T>> filters = [];

    /// <summary>Where the file is on the disk as long as the process lives.</summary>
    public static string FilePath => Temporary.Value;

    public ApiShapes Shapes => shapes;

    public Conv2DPlan<T> Plan => plan.Value;

    public ConvTranspose2DPlan<T> Transposed => transposed.Value;

    public Pool2DPlan<T> Max => max.Value;

    public Pool2DPlan<T> Average => average.Value;

    public IndexTable Table => table.Value;

    /// <summary>Weights packed for every pass of a tier. Read and never written by a call, so all calls may share them.</summary>
    public PackedFilter<T> Filter(Type owner, SimdTier tier)
    {
        if (!filters.TryGetValue((owner, tier), out PackedFilter<T>? filter))
            filters.Add((owner, tier), filter = Pack(owner, FilterUse.Both, tier));
        return filter;
    }

    private static byte[] MakeFile()
    {
        ApiPlans<T> plans = new(ApiShapes.Usual);
        using MemoryStream stream = new();
        plans.Pack(typeof(Conv2DPlan<T>), FilterUse.Both, null).Save(stream);
        plans.Pack(typeof(ConvTranspose2DPlan<T>), FilterUse.Both, null).Save(stream);
        SimdConv.Gemm.Pack<T>(GemmSide.A, Transpose.No, 4, 6, Data.Make<T>(24, DataKind.Real, 3), 6).Save(stream);
        return stream.ToArray();
    }

    public PackedFilter<T> Pack(Type owner, FilterUse use, SimdTier? tier) => owner == typeof(ConvTranspose2DPlan<T>)
        ? Transposed.Pack(Data.Make<T>(shapes.Transposed.WeightCount, DataKind.Real, 2), use, tier)
        : Plan.Pack(Data.Make<T>(shapes.Convolution.WeightCount, DataKind.Real, 2), use, tier);
}

/// <summary>
/// A valid call of every public method: an instance, an argument for each parameter by its type and name, and the memory behind
/// them.
/// </summary>
internal sealed class ApiExample<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static readonly Conv2DShape Shape = ApiShapes.Usual.Convolution;

    private readonly ApiPlans<T> plans;

    private readonly SimdTier tier;

    private const int Batch = 2, Slack = 64;

    private readonly T[] elements = Data.Make<T>(16_000, DataKind.Real, 1);

    private readonly byte[] bytes = new byte[1000];

    private readonly long[] indices = new long[1000];

    private int used = Slack;

    public ApiExample(PublicMethod method)
        : this(method, ApiPlans<T>.Usual, SimdSupport.Best)
    {
    }

    /// <summary>
    /// The call with plans of other shapes, in another tier. Elements are as many as shapes of some hundred pixels need.
    /// </summary>
    public ApiExample(PublicMethod method, ApiPlans<T> plans, SimdTier tier)
    {
        this.plans = plans;
        this.tier = tier;
        Arguments = [.. method.Parameters.Select(parameter => Value(method, parameter))];
        Instance = method.Method.IsStatic || method.Method.IsConstructor ? null : method.Method.DeclaringType switch
        {
            var type when type == typeof(Conv2DPlan<T>) => plans.Plan,
            var type when type == typeof(ConvTranspose2DPlan<T>) => plans.Transposed,
            var type when type == typeof(ConvTranspose2DShape) => plans.Shapes.Transposed,
            var type when type == typeof(Pool2DPlan<T>) =>
                method.Name.Contains("inner", StringComparison.Ordinal) ? plans.Max : plans.Average,
            var type when type == typeof(Conv2DShape) => plans.Shapes.Convolution,
            var type when type == typeof(Pool2DShape) => plans.Shapes.Windows,
            var type when type == typeof(PackedFile) => PackedFiles.Read(ApiPlans<T>.FileBytes),
            var type when type == typeof(PackedFilter<T>) => plans.Filter(typeof(Conv2DPlan<T>), tier),
            var type when type == typeof(PackedMatrix<T>) => Matrix("a"),
            var type => throw new Xunit.Sdk.XunitException($"There is no example of a {type} to call {method} on"),
        };
    }

    public object? Instance { get; }

    /// <summary>A pool plan of the kind that the call is not for.</summary>
    public object? WrongInstance => Instance is Pool2DPlan<T> pool ? pool.Kind == PoolKind.Max ? plans.Average : plans.Max : null;

    public object?[] Arguments { get; }

    /// <summary>All memory that the call could write.</summary>
    public byte[] Snapshot() => [.. MemoryMarshal.AsBytes<T>(elements), .. bytes, .. MemoryMarshal.AsBytes<long>(indices)];

    public void Call(PublicMethod method, object? instance, object?[] arguments) =>
        method.Call(instance, Array.ConvertAll(arguments, Materialise));

    private object? Materialise(object? value) => value switch
    {
        Piece piece when piece.Element == typeof(T) => elements.AsMemory(piece.Start, piece.Length),
        Piece piece when piece.Element == typeof(byte) => bytes.AsMemory(piece.Start, piece.Length),
        Piece piece => indices.AsMemory(piece.Start, piece.Length),
        int[] starts => starts.AsMemory(),
        EpilogueExample e =>
            new EpilogueArgument<T>(elements.AsMemory(e.Bias.Start, e.Bias.Length), e.Activation, e.ByRows,
                elements.AsMemory(e.Residual.Start, e.Residual.Length)),
        _ => value,
    };

    private object? Value(PublicMethod method, ParameterInfo parameter)
    {
        Type type = parameter.ParameterType;
        string owner = method.Method.DeclaringType!.Name.Split('`')[0], name = parameter.Name!;
        (Conv2DShape shape, ConvTranspose2DShape transposed, Pool2DShape windows) = plans.Shapes;
        if (PublicMethod.IsSpan(type))
        {
            Type element = type.GenericTypeArguments[0];
            if (element == typeof(int) && owner == "OrderedSum")
                return (int[])[0, 1, 2];
            int length = Length(owner, name, method);
            return element == typeof(T) ? Take(length) : new Piece(element, Slack, length);
        }

        return type switch
        {
            _ when type == typeof(T) => T.One,
            _ when type == typeof(T?) => null,
            _ when type == typeof(int) => Size(owner, name),
            _ when type == typeof(int[]) => null,
            _ when type == typeof(bool) => false,
            _ when type == typeof(FilterUse) => FilterUse.Forward,
            _ when type == typeof(SimdTier) => tier,
            _ when type.IsEnum => Enum.ToObject(type, 0),
            _ when type == typeof(SimdTier?) => tier,
            _ when type == typeof(Execution) => new Execution(1, null, tier),
            _ when type == typeof(Conv2DShape) => shape,
            _ when type == typeof(ConvTranspose2DShape) => transposed,
            _ when type == typeof(Pool2DShape) => windows,
            _ when type == typeof(ImageLayout?) && owner == "Conv2DPlan" && name == "input" =>
                ImageLayout.Nchw(shape.C, shape.H, shape.W),
            _ when type == typeof(ImageLayout?) && owner == "Conv2DPlan" && name == "output" =>
                ImageLayout.Nchw(shape.K, shape.P, shape.Q),
            _ when type == typeof(ImageLayout?) && owner == "ConvTranspose2DPlan" && name == "input" =>
                ImageLayout.Nchw(transposed.C, transposed.H, transposed.W),
            _ when type == typeof(ImageLayout?) && owner == "ConvTranspose2DPlan" && name == "output" =>
                ImageLayout.Nchw(transposed.K, transposed.P, transposed.Q),
            _ when type == typeof(ImageLayout?) && owner == "Pool2DPlan" && name == "input" =>
                ImageLayout.Nchw(windows.C, windows.H, windows.W),
            _ when type == typeof(ImageLayout?) && owner == "Pool2DPlan" && name == "output" =>
                ImageLayout.Nchw(windows.C, windows.P, windows.Q),
            _ when type == typeof(ImageLayout) && owner == "Images" && name == "from" => ImageLayout.Nchw(3, 4, 5),
            _ when type == typeof(ImageLayout) && owner == "Images" && name == "to" => ImageLayout.Chwn(3, 4, 5, Batch),
            _ when type == typeof(IndexTable) => plans.Table,
            _ when type == typeof(ColumnLayout) => ColumnLayout.PerImage(plans.Table),
            _ when type == typeof(PackedFilter<T>) && method.Method.Name == "Repack" =>
                plans.Pack(method.Method.DeclaringType!, FilterUse.Both, tier),
            _ when type == typeof(PackedFilter<T>) => plans.Filter(method.Method.DeclaringType!, tier),
            _ when type == typeof(PackedMatrix<T>) => Matrix(name),
            _ when type == typeof(PackedFile) => ApiPlans<T>.File,
            _ when type == typeof(string) => ApiPlans<T>.FilePath,
            _ when type == typeof(Stream) && method.Method.Name == "Save" => new MemoryStream(),
            _ when type == typeof(Stream) => new MemoryStream(ApiPlans<T>.FileBytes),
            _ when type == typeof(long) => 0L,
            _ when type == typeof(long?) => (long)ApiPlans<T>.FileBytes.Length,
            _ when type == typeof(Epilogue<T>) && owner == "ConvTranspose2DPlan" =>
                Epilogue(transposed.K, (int)plans.Transposed.OutputLength(Batch)),
            _ when type == typeof(Epilogue<T>) => Epilogue(shape.K, (int)plans.Plan.OutputLength(Batch)),
            _ when type == typeof(GemmEpilogue<T>) => Epilogue(5, 0),
            _ => throw Missing(method, parameter),
        };

        EpilogueExample Epilogue(int bias, int residual) => new(Take(bias), Activation.Relu, ByRows: false, Take(residual));
    }

    private PackedMatrix<T> Matrix(string side) => side == "a"
        ? SimdConv.Gemm.Pack<T>(GemmSide.A, Transpose.No, 4, 6, elements, 6, tier)
        : SimdConv.Gemm.Pack<T>(GemmSide.B, Transpose.No, 6, 5, elements, 5, tier);

    private Piece Take(int length)
    {
        used += length + Slack;
        return new(typeof(T), used - length - Slack, length);
    }

    private int Length(string owner, string name, PublicMethod method) => (owner, name) switch
    {
        ("Conv2DPlan", "x" or "dx") => (int)plans.Plan.InputLength(Batch),
        ("Conv2DPlan", "y" or "dy") => (int)plans.Plan.OutputLength(Batch),
        ("Conv2DPlan", "weights" or "dw") => plans.Shapes.Convolution.WeightCount,
        ("Conv2DPlan", "db") => plans.Shapes.Convolution.K,
        ("ConvTranspose2DPlan", "x" or "dx") => (int)plans.Transposed.InputLength(Batch),
        ("ConvTranspose2DPlan", "y" or "dy") => (int)plans.Transposed.OutputLength(Batch),
        ("ConvTranspose2DPlan", "weights" or "dw") => plans.Shapes.Transposed.WeightCount,
        ("ConvTranspose2DPlan", "db") => plans.Shapes.Transposed.K,
        ("Pool2DPlan", "x" or "dx") => (int)plans.Max.InputLength(Batch),
        ("Pool2DPlan", "y" or "dy" or "winners" or "indices") => (int)plans.Max.OutputLength(Batch),
        ("Im2Col" or "Col2Im", "x") => (int)plans.Plan.InputLength(Batch),
        ("Im2Col" or "Col2Im", "columns") => Batch * plans.Table.Rows * plans.Table.Columns,
        ("Images", "source" or "target") => Batch * 3 * 4 * 5,
        ("OrderedSum", "values") => 3 * 3,
        ("Elementwise", "x" or "y" or "dy" or "dx") => 37,
        ("PackedFilter", "weights") => plans.Shapes.Convolution.WeightCount,
        ("PackedMatrix", "matrix") => 24,
        ("Gemm", "a" or "matrix") => 24 * Products(method),
        ("Gemm", "b") => 30 * Products(method),
        ("Gemm", "c") => 20 * Products(method),
        _ => throw Missing(method, method.Parameters.First(p => p.Name == name)),
    };

    private static int Products(PublicMethod method) => method.Parameters.Any(p => p.Name == "batch") ? Batch : 1;

    private static int Size(string owner, string name) => (owner, name) switch
    {
        (_, "batch") => Batch,
        ("Conv2DPlan", "index") => 0,
        ("ConvTranspose2DPlan", "index") => 1,
        ("Gemm", "index") => 2,
        ("Gemm", "m" or "rows") => 4,
        ("Gemm", "n" or "ldb" or "ldc") => 5,
        ("Gemm", "k" or "columns" or "lda" or "ld") => 6,
        ("Gemm", "strideA") => 24,
        ("Images", "height") => 4,
        ("Images", "width") => 5,
        ("Gemm", "strideB") => 30,
        ("Gemm", "strideC") => 20,
        _ => 3,
    };

    private static Exception Missing(PublicMethod method, ParameterInfo parameter) =>
        new Xunit.Sdk.XunitException(
            $"{method} takes {parameter}: {nameof(ApiExample<>)} has to give it a value, and {nameof(ApiFaults<>)} faults");
}

/// <summary>An epilogue before its memory is known.</summary>
internal sealed record EpilogueExample(Piece Bias, Activation Activation, bool ByRows, Piece Residual);
