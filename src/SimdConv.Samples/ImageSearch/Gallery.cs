namespace SimdConv.Samples.ImageSearch;

/// <summary>The pictures of a folder, and their features.</summary>
public sealed class Gallery
{
    /// <summary>Bytes of the largest file.</summary>
    public const int MostBytes = 16 << 20;

    private static readonly string[] Endings = [".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp"];
    private readonly Features features;
    private readonly Dictionary<string, (string Path, float[] Features)> pictures = new(StringComparer.Ordinal);

    private Gallery(Features features) => this.features = features;

    /// <summary>Pictures that can be found.</summary>
    public int Count => pictures.Count;

    /// <summary>Files of the folder that are left out, and why.</summary>
    public List<string> LeftOut { get; } = [];

    /// <exception cref="SearchException">There is no such folder, or it has no picture.</exception>
    public static async Task<Gallery> OfAsync(string folder, Features features)
    {
        if (!Directory.Exists(folder))
            throw new SearchException($"no pictures: there is no folder {folder}");
        Gallery gallery = new(features);
        foreach (string path in Directory.EnumerateFiles(folder).Where(IsPicture).Order(StringComparer.Ordinal))
        {
            try
            {
                if (new FileInfo(path).Length > MostBytes)
                    throw new SearchException($"it has more than {MostBytes:N0} bytes");
                float[] found = await features.OfAsync(await File.ReadAllBytesAsync(path), CancellationToken.None);
                gallery.pictures[Path.GetFileName(path)] = (path, found);
            }
            catch (Exception e) when (e is SearchException or IOException or UnauthorizedAccessException)
            {
                gallery.LeftOut.Add($"{Path.GetFileName(path)}: {e.Message}");
            }
        }

        return gallery.Count > 0 ? gallery
            : throw new SearchException(
                $"no pictures: the folder {folder} has none that can be read ({string.Join(", ", Endings)})");
    }

    /// <summary>The file of a picture; null for any other name.</summary>
    public string? PathOf(string name) =>
        pictures.TryGetValue(name, out (string Path, float[] Features) found) ? found.Path : null;

    /// <summary>The pictures that look most like a given one, the most alike first.</summary>
    /// <exception cref="SearchException">This is no picture, or it is too large.</exception>
    public async Task<IReadOnlyList<Alike>> SearchAsync(byte[] file, int count, CancellationToken cancellation)
    {
        float[] asked = await features.OfAsync(file, cancellation);
        return [.. pictures
            .Select(picture => new Alike(picture.Key, Product(asked, picture.Value.Features)))
            .OrderByDescending(alike => alike.Similarity).ThenBy(alike => alike.Name, StringComparer.Ordinal).Take(count)];
    }

    private static bool IsPicture(string path) =>
        Endings.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    private static float Product(float[] a, float[] b)
    {
        float sum = 0;
        for (int i = 0; i < a.Length; i++)
            sum += a[i] * b[i];
        return sum;
    }
}
