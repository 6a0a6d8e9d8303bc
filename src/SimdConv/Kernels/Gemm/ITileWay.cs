namespace SimdConv.Kernels;

internal interface ITileWay
{
    static abstract TileWay Value { get; }
}

internal readonly struct Strided : ITileWay { public static TileWay Value => TileWay.Strided; }

internal readonly struct Indexed : ITileWay { public static TileWay Value => TileWay.Indexed; }

internal readonly struct Placed : ITileWay { public static TileWay Value => TileWay.Placed; }

internal readonly struct Chosen : ITileWay { public static TileWay Value => TileWay.Chosen; }

internal readonly struct Panel : ITileWay { public static TileWay Value => TileWay.Panel; }

internal readonly struct PacksA : ITileWay { public static TileWay Value => TileWay.PacksA; }

internal readonly struct PacksB : ITileWay { public static TileWay Value => TileWay.PacksB; }

internal readonly struct Raw : ITileWay { public static TileWay Value => TileWay.Raw; }
