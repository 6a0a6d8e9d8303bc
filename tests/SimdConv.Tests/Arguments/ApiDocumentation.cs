using System.Reflection;
using System.Xml.Linq;

namespace SimdConv.Tests.Arguments;

/// <summary>The exceptions that the library's documentation names for a method.</summary>
internal static class ApiDocumentation
{
    private static readonly Dictionary<string, XElement> Members =
        XDocument.Load(Path.ChangeExtension(typeof(SimdSupport).Assembly.Location, ".xml"))
        .Descendants("member").ToDictionary(member => member.Attribute("name")!.Value);

    public static Type[] Exceptions(MethodBase method) => Exceptions(Name(method));

    private static Type[] Exceptions(string name)
    {
        if (!Members.TryGetValue(name, out XElement? member))
            throw new Xunit.Sdk.XunitException($"{name} has no documentation");
        return
        [
            .. member.Elements("exception").Select(e => Type.GetType(e.Attribute("cref")!.Value[2..], throwOnError: true)!),
            .. member.Elements("inheritdoc").SelectMany(e => Exceptions(e.Attribute("cref")!.Value)),
        ];
    }

    /// <summary>The name of a method in the documentation file: of the open form, its type parameters by their number.</summary>
    private static string Name(MethodBase method)
    {
        Type type = method.DeclaringType!;
        MethodBase open = type.IsGenericType ? type.GetGenericTypeDefinition().GetMembers(
            BindingFlags.Public | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly)
            .OfType<MethodBase>().Single(m => m.MetadataToken == method.MetadataToken) : method;
        if (open is MethodInfo { IsGenericMethod: true } generic)
            open = generic.GetGenericMethodDefinition();
        string parameters = string.Join(',', open.GetParameters().Select(p => Name(p.ParameterType)));
        string arity = open.IsGenericMethodDefinition ? $"``{open.GetGenericArguments().Length}" : "";
        string name = open.IsConstructor ? "#ctor" : open.Name;
        return $"M:{open.DeclaringType!.FullName}.{name}{arity}{(parameters.Length == 0 ? "" : $"({parameters})")}";
    }

    private static string Name(Type type) =>
        type.IsGenericMethodParameter ? $"``{type.GenericParameterPosition}"
        : type.IsGenericParameter ? $"`{type.GenericParameterPosition}"
        : type.IsArray ? $"{Name(type.GetElementType()!)}[]"
        : type.IsGenericType
        ? type.GetGenericTypeDefinition().FullName!.Split('`')[0]
            + $"{{{string.Join(',', type.GenericTypeArguments.Select(Name))}}}"
        : type.FullName!;
}
