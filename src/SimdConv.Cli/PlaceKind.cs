namespace SimdConv.Cli;

/// <summary>What a path leads to.</summary>
internal enum PlaceKind
{
    /// <summary>Nothing yet.</summary>
    Missing,

    /// <summary>A file that another one may take the place of.</summary>
    Regular,

    /// <summary>A folder.</summary>
    Folder,

    /// <summary>A named or anonymous pipe.</summary>
    Pipe,

    /// <summary>A terminal, the null device, or anything else that is written where it is.</summary>
    Device,
}
