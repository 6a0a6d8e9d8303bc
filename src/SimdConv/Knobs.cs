namespace SimdConv;
#pragma warning disable
public static class Knobs { public static int ST = 8; public static long PF = 1L << 60; public static int X, Y, Z; }
