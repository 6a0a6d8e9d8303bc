using System.Runtime.InteropServices;

namespace SimdConv.Cli.Data;

/// <summary>The sum of an image's pixels, and that of their squares.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct PixelSums(double Sum, double Squares);
