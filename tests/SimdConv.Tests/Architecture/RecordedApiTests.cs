using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace SimdConv.Tests.Architecture;

/// <summary>
/// The public API is that of src/SimdConv/PublicApi.txt, so that a change of it is seen, and meant. With SIMDCONV_RECORD_API=1 in
/// the environment the test writes the file anew.
/// </summary>
public sealed class RecordedApiTests
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    private static readonly NullabilityInfoContext Nullability = new();

    [Fact]
    public void ThePublicApiIsTheRecordedOne()
    {
        string file = Path.Combine(SourceTests.Root(), "src", "SimdConv", "PublicApi.txt");
        string[] actual = [.. typeof(SimdSupport).Assembly.GetExportedTypes().SelectMany(Lines).Order(StringComparer.Ordinal)];
        if (Environment.GetEnvironmentVariable("SIMDCONV_RECORD_API") == "1")
            File.WriteAllText(file, string.Join('\n', actual) + '\n');
        string[] recorded = File.ReadAllLines(file);
        Assert.True(actual.SequenceEqual(recorded),
            "The public API isn't the recorded one: run this test with SIMDCONV_RECORD_API=1 if that is meant.\n"
            + string.Join('\n',
                recorded.Except(actual).Select(line => $"- {line}").Concat(actual.Except(recorded).Select(line => $"+ {line}"))));
    }

    private static IEnumerable<string> Lines(Type type)
    {
        string name = Name(type);
        Type[] interfaces = [.. type.GetInterfaces().Except(type.BaseType?.GetInterfaces() ?? [])];
        IEnumerable<string> implemented = interfaces.Select(Name).Order(StringComparer.Ordinal);
        bool isPlain = interfaces.Length == 0 || type.IsEnum;
        yield return $"{name}: {Kind(type)}{(isPlain ? "" : " : " + string.Join(", ", implemented))}";
        foreach (MemberInfo member in type.GetMembers(Declared))
        {
            string? line = member switch
            {
                FieldInfo { IsSpecialName: false } field when type.IsEnum =>
                    $"{field.Name} = {Convert.ToInt64(field.GetRawConstantValue(), CultureInfo.InvariantCulture)}",
                FieldInfo { IsSpecialName: false } field =>
                    $"{field.Name}: {Name(Nullability.Create(field))}"
                    + $"{(field.IsLiteral ? $" = {field.GetRawConstantValue()}" : "")}{Static(field.IsStatic)}",
                PropertyInfo property =>
                    $"{property.Name}: {Name(Nullability.Create(property))}"
                    + $" {{ get;{Setter(property)} }}{Static(property.GetMethod!.IsStatic)}",
                ConstructorInfo constructor => $"new({Parameters(constructor)})",
                MethodInfo { IsSpecialName: false } method =>
                    $"{method.Name}{Generics(method)}({Parameters(method)}): "
                    + $"{Name(Nullability.Create(method.ReturnParameter))}{Static(method.IsStatic)}",
                _ => null,
            };
            if (line is not null && member.GetCustomAttribute<CompilerGeneratedAttribute>() is null)
                yield return $"{name}.{line}";
        }
    }

    private static string Kind(Type type) =>
        type.IsEnum ? "enum"
        : type.IsInterface ? "interface"
        : type.IsValueType
        ? $"{(type.GetCustomAttribute<IsReadOnlyAttribute>() is null ? "" : "readonly ")}{(type.IsByRefLike ? "ref " : "")}struct"
        : type is { IsAbstract: true, IsSealed: true } ? "static class"
        : type.IsSealed ? "sealed class"
        : type.IsAbstract ? "abstract class"
        : "class";

    private static string Static(bool isStatic) => isStatic ? "; static" : "";

    private static string Setter(PropertyInfo property) =>
        property.SetMethod is not { IsPublic: true } set ? ""
        : set.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) ? " init;" : " set;";

    private static string Generics(MethodInfo method) =>
        method.IsGenericMethodDefinition ? $"<{string.Join(", ", method.GetGenericArguments().Select(Name))}>" : "";

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(p =>
        $"{(p.IsOut ? "out " : p.ParameterType.IsByRef ? "ref " : "")}{Name(Nullability.Create(p))} "
        + $"{p.Name}{(p.HasDefaultValue ? $" = {Default(p.RawDefaultValue)}" : "")}"));

    private static string Default(object? value) => value switch
    {
        null => "default",
        bool flag => flag ? "true" : "false",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private static string Name(NullabilityInfo info)
    {
        Type type = info.Type.IsByRef ? info.Type.GetElementType()! : info.Type;
        string name = info.GenericTypeArguments.Length == type.GetGenericArguments().Length
            && info.GenericTypeArguments.Length > 0 && Nullable.GetUnderlyingType(type) is null
            ? $"{Plain(type)}<{string.Join(", ", info.GenericTypeArguments.Select(Name))}>"
            : Name(type);
        return info.ReadState == NullabilityState.Nullable && !type.IsValueType && !type.IsPointer ? name + "?" : name;
    }

    private static string Name(Type type) =>
        Nullable.GetUnderlyingType(type) is { } value ? $"{Name(value)}?"
        : type.IsUnmanagedFunctionPointer || type.IsFunctionPointer
        ? $"delegate*<{string.Join(", ", Parts(type).Select(Name))}>"
        : type.IsPointer ? $"{Name(type.GetElementType()!)}*"
        : type.IsArray ? $"{Name(type.GetElementType()!)}[]"
        : type.IsGenericType ? $"{Plain(type)}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>"
        : type.IsGenericParameter ? type.Name
        : Plain(type);

    private static IEnumerable<Type> Parts(Type pointer) =>
        pointer.GetFunctionPointerParameterTypes().Append(pointer.GetFunctionPointerReturnType());

    private static string Plain(Type type) => type.Name.Split('`')[0];
}
