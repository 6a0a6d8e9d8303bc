namespace SimdConv.Simd;

/// <summary>
/// How instructions on registers of 256 bits are encoded, which decides how many of these registers they can name.
/// </summary>
internal interface IEncoding
{
    static abstract int Registers { get; }
}

/// <summary>The encoding of AVX and AVX2.</summary>
internal readonly struct Vex : IEncoding { public static int Registers => 16; }

/// <summary>The encoding of AVX-512VL.</summary>
internal readonly struct Evex : IEncoding { public static int Registers => 32; }
