using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace SimdConv.Native;

/// <summary>
/// Numbers and pointers of C as the library takes them. What C can't say by its types is checked here, the rest by the library.
/// </summary>
internal static unsafe class Arguments
{
    public static ArgumentException Error(string argument, object value, string expected) =>
        new($"{argument} is {value}; expected {expected}.");

    // The checks that every call makes are inlined: a small product takes no longer than ten function calls.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Int(long value, [CallerArgumentExpression(nameof(value))] string argument = "")
    {
        if (value != (int)value)
            ThrowInt(argument, value);
        return (int)value;
    }

    /// <summary>A field of a descriptor, named as the property of a shape that it becomes.</summary>
    public static int Size(long value, [CallerArgumentExpression(nameof(value))] string field = "") =>
        Int(value, "shape." + field);

    public static T Real<T>(double value)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => T.CreateTruncating(value);

    /// <summary>A number that NULL leaves to its default.</summary>
    public static T? Optional<T>(double* value)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => value == null ? null : Real<T>(*value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Flag(int value, [CallerArgumentExpression(nameof(value))] string argument = "")
    {
        if ((uint)value > 1)
            ThrowFlag(argument, value);
        return value == 1;
    }

    public static void RequirePointer(void* pointer, [CallerArgumentExpression(nameof(pointer))] string argument = "")
    {
        if (pointer == null)
            throw Error(argument, "NULL", "a place for the result");
    }

    /// <summary>The elements at a pointer of C. Where there are any, the pointer has to be aligned and not NULL.</summary>
    public static Span<T> Elements<T>(void* data, long length, [CallerArgumentExpression(nameof(data))] string argument = "")
        where T : unmanaged
    {
        if (length <= 0)
            return [];
        if (data == null)
            throw Error(argument, "NULL", $"{length} elements");
        if ((nuint)data % (nuint)sizeof(T) != 0)
            throw Error(argument, $"0x{(nuint)data:x}", $"an address that {sizeof(T)} divides");
        return length <= int.MaxValue
            ? new(data, (int)length)
            : throw Error(argument, $"of {length} elements", "at most 2^31 - 1");
    }

    /// <summary>A matrix of C. Sizes that make no sense give an empty span; the library refuses them by name.</summary>
    public static Span<T> Matrix<T>(
        void* data, long rows, long columns, long ld, [CallerArgumentExpression(nameof(data))] string argument = "")
        where T : unmanaged =>
        rows <= 0 || columns <= 0 || ld < columns || ld > int.MaxValue
        ? []
        : Elements<T>(data, checked(((rows - 1) * ld) + columns), argument);

    /// <summary>Images of C. Sizes and strides that make no sense give an empty span; the library refuses them by name.</summary>
    public static Span<T> Images<T>(void* data, int batch, int channels, int height, int width, ImageLayout layout,
        [CallerArgumentExpression(nameof(data))] string argument = "")
        where T : unmanaged
    {
        ReadOnlySpan<(int Size, nint Stride)> all =
            [(batch, layout.N), (channels, layout.C), (height, layout.H), (width, layout.W)];
        Int128 last = 0;
        foreach ((int size, nint stride) in all)
        {
            if (size <= 0 || (size > 1 && stride < 0))
                return [];
            last += (size - 1) * (Int128)stride;
        }

        return Elements<T>(data, (long)Int128.Min(last + 1, long.MaxValue), argument);
    }

    /// <summary>Strides n, c, h, w; null where all are 0.</summary>
    public static ImageLayout? Layout(Strides strides) =>
        (strides[0] | strides[1] | strides[2] | strides[3]) == 0
        ? null
        : new((nint)strides[0], (nint)strides[1], (nint)strides[2], (nint)strides[3]);

    /// <summary>
    /// A descriptor of C, whatever its version: a shorter one is completed by the defaults; in a longer one the bytes that this
    /// library doesn't know have to be 0.
    /// </summary>
    public static T Descriptor<T>(void* data, T defaults, int oldest, string argument)
        where T : unmanaged
    {
        if (data == null)
            throw Error(argument, "NULL", "a descriptor");
        nuint size = *(nuint*)data;
        if (size == (nuint)sizeof(T))
            return *(T*)data;
        if (size < (nuint)oldest || size > 4096)
            throw Error($"{argument}.struct_size", size, $"the size of the struct, {sizeof(T)} here");
        if (size > (nuint)sizeof(T)
            && new ReadOnlySpan<byte>((byte*)data + sizeof(T), (int)size - sizeof(T)).IndexOfAnyExcept((byte)0) >= 0)
            throw Error($"{argument}.struct_size", size, $"at most {sizeof(T)}, or zeros behind that");
        Buffer.MemoryCopy(data, &defaults, sizeof(T), Math.Min((long)size, sizeof(T)));
        return defaults;
    }

    [DoesNotReturn]
    private static void ThrowInt(string argument, long value) => throw Error(argument, value, "a number of 32 bits");

    [DoesNotReturn]
    private static void ThrowFlag(string argument, int value) => throw Error(argument, value, "0 or 1");

    /// <summary>Four strides as C has them in a struct.</summary>
    [InlineArray(4)]
    public struct Strides
    {
        private long stride;
    }
}
