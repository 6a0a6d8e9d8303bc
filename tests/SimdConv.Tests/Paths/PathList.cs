using SimdConv.Tests.Support;

namespace SimdConv.Tests.Paths;

/// <summary>The list of paths as files, to be read: path, shape, and what the library says of it.</summary>
internal static class PathList
{
    /// <summary>
    /// What the short run checks: all paths of float in the best tier, of others every second or third one, other ones at each
    /// commit.
    /// </summary>
    public static IEnumerable<TPath> Sample<TPath, T>(SimdTier tier, IEnumerable<TPath> paths, int every = 2)
    {
        bool isWhole = (tier == SimdSupport.Best && typeof(T) == typeof(float) && every == 2) || Effort.IsLong;
        return paths.Where((_, i) => isWhole || ((uint)i + Properties.Seed) % (uint)every == 0);
    }

    public static void Write(string name, IEnumerable<object> paths)
    {
        string folder = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "paths")).FullName;
        File.WriteAllLines(Path.Combine(folder, name + ".txt"), paths.Select(path => $"{path}"));
    }
}
