using System.Numerics;
using System.Reflection;
using System.Reflection.Emit;

namespace SimdConv.Tests.Arguments;

/// <summary>
/// A public method or constructor of the library, called with arguments in an array: reflection itself can't pass spans.
/// </summary>
internal sealed class PublicMethod
{
    private readonly Action<object?, object?[]> call;

    public PublicMethod(MethodBase method)
    {
        Method = method;
        Parameters = method.GetParameters();
        call = Compile();
    }

    public MethodBase Method { get; }

    public ParameterInfo[] Parameters { get; }

    public string Name =>
        $"{Method.DeclaringType!.Name.Split('`')[0]}.{Method.Name}({string.Join(", ", Parameters.Select(p => p.Name))})";

    /// <summary>Whether spans go in: then sizes that are too large for them must be refused.</summary>
    public bool TakesSpans => Parameters.Any(p => IsSpan(p.ParameterType));

    /// <summary>
    /// Every public method and constructor of the library, closed over <typeparamref name="T"/>; without accessors, what the
    /// compiler writes for records, interfaces for hosts, and the reference loops, which are safe code.
    /// </summary>
    public static IEnumerable<PublicMethod> All<T>() where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        const BindingFlags Declared =
            BindingFlags.Public | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;
        foreach (Type open in typeof(SimdSupport).Assembly.GetExportedTypes())
        {
            if (open.IsEnum || open.IsInterface || open.IsByRefLike || open.Namespace != nameof(SimdConv))
                continue;
            Type type = open.IsGenericTypeDefinition ? open.MakeGenericType(typeof(T)) : open;
            bool isRecord = type.GetMethod("PrintMembers", BindingFlags.NonPublic | BindingFlags.Instance) is not null;
            foreach (MethodInfo method in type.GetMethods(Declared))
            {
                bool isWritten = isRecord
                    && method.Name is "Equals" or "GetHashCode" or "ToString" or "Deconstruct" or "<Clone>$";
                if (!method.IsSpecialName && !isWritten && method.GetBaseDefinition().DeclaringType != typeof(object))
                    yield return new(method.IsGenericMethodDefinition ? method.MakeGenericMethod(typeof(T)) : method);
            }

            foreach (ConstructorInfo constructor in type.GetConstructors())
            {
                if (!isRecord)
                    yield return new(constructor);
            }
        }
    }

    public void Call(object? instance, object?[] arguments) => call(instance, arguments);

    public override string ToString() => Name;

    public static bool IsSpan(Type type) =>
        type.IsGenericType
        && (type.GetGenericTypeDefinition() == typeof(Span<>) || type.GetGenericTypeDefinition() == typeof(ReadOnlySpan<>));

    private Action<object?, object?[]> Compile()
    {
        DynamicMethod wrapper =
            new(Method.Name, null, [typeof(object), typeof(object[])], typeof(PublicMethod).Module, skipVisibility: true);
        ILGenerator il = wrapper.GetILGenerator();
        if (!Method.IsStatic && !Method.IsConstructor)
        {
            il.Emit(OpCodes.Ldarg_0);
            il.Emit(Method.DeclaringType!.IsValueType ? OpCodes.Unbox : OpCodes.Castclass, Method.DeclaringType!);
        }

        for (int i = 0; i < Parameters.Length; i++)
        {
            Type type = Parameters[i].ParameterType;
            il.Emit(OpCodes.Ldarg_1);
            il.Emit(OpCodes.Ldc_I4, i);
            il.Emit(OpCodes.Ldelem_Ref);
            if (type.IsByRefLike)
                il.Emit(OpCodes.Call, Converter(type));
            else
                il.Emit(OpCodes.Unbox_Any, type);
        }

        if (Method is ConstructorInfo constructor)
            il.Emit(OpCodes.Newobj, constructor);
        else
            il.Emit(Method.IsStatic ? OpCodes.Call : OpCodes.Callvirt, (MethodInfo)Method);
        if (Method is not MethodInfo { ReturnType: var result } || result != typeof(void))
            il.Emit(OpCodes.Pop);
        il.Emit(OpCodes.Ret);
        return wrapper.CreateDelegate<Action<object?, object?[]>>();
    }

    private static MethodInfo Converter(Type type)
    {
        MethodInfo? open =
            typeof(RefStructs).GetMethods().SingleOrDefault(m => m.ReturnType.IsByRefLike && m.ReturnType.Name == type.Name);
        return open?.MakeGenericMethod(type.GenericTypeArguments[0])
            ?? throw new Xunit.Sdk.XunitException(
                $"Nothing makes a {type}: {nameof(RefStructs)} and {nameof(ApiFaults<>)} have to");
    }
}

/// <summary>Ref structs from objects, which stand for them until the call.</summary>
internal static class RefStructs
{
    public static Span<T> Writable<T>(object memory) => ((Memory<T>)memory).Span;

    public static ReadOnlySpan<T> Readable<T>(object memory) => ((Memory<T>)memory).Span;

    public static Epilogue<T> Epilogue<T>(object epilogue) where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        epilogue is EpilogueArgument<T> e
        ? new() { Bias = e.Bias.Span, Activation = e.Activation, Residual = e.Residual.Span }
        : default;

    public static GemmEpilogue<T> GemmEpilogue<T>(object epilogue) where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        epilogue is EpilogueArgument<T> e
            ? new()
            {
                RowBias = e.ByRows ? e.Bias.Span : default,
                ColumnBias = e.ByRows ? default : e.Bias.Span,
                Activation = e.Activation,
            }
            : default;
}

internal sealed record EpilogueArgument<T>(Memory<T> Bias, Activation Activation, bool ByRows, Memory<T> Residual);
