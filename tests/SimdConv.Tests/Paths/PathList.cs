namespace SimdConv.Tests.Paths;

/// <summary>The list of paths as files, to be read: path, shape, and what the library says of it.</summary>
internal static class PathList
{
    public static void Write(string name, IEnumerable<object> paths)
    {
        string folder = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "paths")).FullName;
        File.WriteAllLines(Path.Combine(folder, name + ".txt"), paths.Select(path => $"{path}"));
    }
}
