using System.Reflection;

namespace SimdConv.Tests.Overflow;

/// <summary>Arguments of public methods with numbers in them put near the limits of 32 and 64 bits.</summary>
internal static class NearLimits
{
    /// <summary>Roots of 2^31, 2^16, 2^30 and 2^31, and what lies beside them; Array.MaxLength.</summary>
    public static readonly int[] Large =
        [
            46_340, 46_341, 65_535, 65_536, (1 << 30) - 1, 1 << 30, (1 << 30) + 1, Array.MaxLength, Array.MaxLength + 1,
            int.MaxValue - 1, int.MaxValue,
        ];

    private static readonly int[] Numbers = [0, 1, -1, int.MinValue, int.MinValue + 1, .. Large];

    private static readonly long[] Strides =
        [0, 1, -1, long.MinValue, int.MaxValue, 1L << 31, 1L << 32, (1L << 62) - 1, 1L << 62, long.MaxValue - 1, long.MaxValue];

    /// <summary>
    /// The value with one number near a limit: the number itself, a stride, a thread count, or a property of a shape.
    /// </summary>
    public static IEnumerable<object> Of(object? value) => value switch
    {
        int => Numbers.Select(number => (object)number),
        Conv2DShape or ConvTranspose2DShape or Pool2DShape or ImageLayout or ColumnLayout or Execution =>
            value.GetType().GetProperties()
            .Where(property => property.CanWrite).SelectMany(property => Of(value, property)),
        _ => [],
    };

    private static IEnumerable<object> Of(object value, PropertyInfo property)
    {
        Type type = property.PropertyType;
        IEnumerable<object> numbers = type == typeof(int) || type == typeof(int?) ? Numbers.Select(number => (object)number)
            : type == typeof(nint) ? Strides.Select(stride => (object)(nint)stride) : [];
        MethodInfo clone = value.GetType().GetMethod("<Clone>$")
            ?? typeof(object).GetMethod("MemberwiseClone", BindingFlags.NonPublic | BindingFlags.Instance)!;
        foreach (object number in numbers)
        {
            object copy = clone.Invoke(value, null)!;
            property.SetValue(copy, number);
            yield return copy;
        }
    }
}
