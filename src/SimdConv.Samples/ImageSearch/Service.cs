using System.Reflection;

namespace SimdConv.Samples.ImageSearch;

/// <summary>
/// The page and the answers: GET / is the page, POST /search takes a picture, GET /pictures/NAME gives one of the folder.
/// </summary>
public static class Service
{
    private const int Answers = 8;

    /// <summary>Callers that are answered or wait; more are asked to come back.</summary>
    private const int MostConnections = 64;

    /// <exception cref="SearchException">There are no pictures.</exception>
    public static async Task<WebApplication> CreateAsync(string pictures, string urls, Features features)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.UseUrls(urls).ConfigureKestrel(options =>
        {
            options.Limits.MaxRequestBodySize = Gallery.MostBytes;
            options.Limits.MaxConcurrentConnections = MostConnections;
        });
        Gallery gallery = await Gallery.OfAsync(pictures, features);
        foreach (string left in gallery.LeftOut)
            await Console.Error.WriteLineAsync($"left out: {left}");
        byte[] page = Resource("page.html");
        WebApplication service = builder.Build();
        service.MapGet("/", () => Results.Bytes(page, "text/html; charset=utf-8"));
        service.MapGet("/pictures/{name}", (string name) =>
            gallery.PathOf(name) is { } path ? Results.File(Path.GetFullPath(path), TypeOf(path)) : Results.NotFound());
        service.MapPost("/search", request => SearchAsync(request, gallery));
        return service;
    }

    private static async Task SearchAsync(HttpContext context, Gallery gallery)
    {
        try
        {
            byte[] file = await BodyAsync(context);
            IReadOnlyList<Alike> alike = await gallery.SearchAsync(file, Answers, context.RequestAborted);
            await context.Response.WriteAsJsonAsync(new { alike });
        }
        catch (SearchException e)
        {
            await FailAsync(context, StatusCodes.Status400BadRequest, e.Message);
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            await FailAsync(context, e.StatusCode, $"the file is too large; expected at most {Gallery.MostBytes:N0} bytes");
        }
    }

    /// <summary>The file that was sent, which Kestrel bounds.</summary>
    private static async Task<byte[]> BodyAsync(HttpContext context)
    {
        using MemoryStream body = new();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        return body.Length > 0 ? body.ToArray() : throw new SearchException("the request has no body; expected a picture");
    }

    private static Task FailAsync(HttpContext context, int status, string error)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(new { error });
    }

    private static string TypeOf(string path) => Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".png" => "image/png",
        ".webp" => "image/webp",
        ".gif" => "image/gif",
        ".bmp" => "image/bmp",
        _ => "image/jpeg",
    };

    private static byte[] Resource(string name)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)!;
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
