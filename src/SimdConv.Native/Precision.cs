namespace SimdConv.Native;

/// <summary>simdconv_type.</summary>
internal static class Precision
{
    public static bool IsDouble(int type, string argument) =>
        type is 0 or 1 ? type == 1 : throw Arguments.Error(argument, type, "SIMDCONV_F32 or SIMDCONV_F64");
}
