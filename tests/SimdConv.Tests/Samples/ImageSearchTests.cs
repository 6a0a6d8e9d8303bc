using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using SimdConv.Samples.ImageSearch;
using SkiaSharp;

namespace SimdConv.Tests.Samples;

/// <summary>The sample host: answers over HTTP, in a browser, and what it refuses.</summary>
public sealed class ImageSearchTests : IAsyncLifetime
{
    private readonly string folder = Directory.CreateTempSubdirectory("simdconv-pictures").FullName;
    private readonly HttpClient client = new();
    private Features? features;
    private WebApplication? service;

    public async Task InitializeAsync()
    {
        for (int i = 0; i < 3; i++)
        {
            File.WriteAllBytes(Path.Combine(folder, $"stripes{i}.png"), Stripes(i));
            File.WriteAllBytes(Path.Combine(folder, $"discs{i}.png"), Discs(i));
        }

        File.WriteAllText(Path.Combine(folder, "damaged.png"), "no picture");
        if (!File.Exists(Options.ResNet18))
            return;
        features = new Features(Options.ResNet18, contexts: 2);
        service = await Service.CreateAsync(folder, "http://127.0.0.1:0", features);
        await service.StartAsync();
        client.BaseAddress = new Uri(service.Urls.Single());
    }

    public async Task DisposeAsync()
    {
        client.Dispose();
        if (service is not null)
            await service.DisposeAsync();
        features?.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [SkippableFact]
    public async Task PicturesOfOneKindAreFoundFirst()
    {
        RequireModel();
        (string Name, double Similarity)[] alike = await SearchAsync(Stripes(1));
        Assert.Equal("stripes1.png", alike[0].Name);
        Assert.Equal(1, alike[0].Similarity, 1e-4);
        Assert.All(alike[..3], one => Assert.StartsWith("stripes", one.Name, StringComparison.Ordinal));
        Assert.Equal(6, alike.Length);
        alike = await SearchAsync(Discs(7));
        Assert.All(alike[..3], one => Assert.StartsWith("discs", one.Name, StringComparison.Ordinal));
        Assert.Equal(Stripes(2), await client.GetByteArrayAsync("pictures/stripes2.png"));
    }

    [SkippableFact]
    public async Task RequestsAtOnceGetTheSameAnswers()
    {
        RequireModel();
        (string Name, double Similarity)[] one = await SearchAsync(Discs(5));
        (string Name, double Similarity)[][] all =
            await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => SearchAsync(Discs(5))));
        Assert.All(all, other => Assert.Equal(one, other));
    }

    [SkippableFact]
    public async Task WhatIsNoPictureIsOneLine()
    {
        RequireModel();
        await RefusesAsync(HttpStatusCode.BadRequest, new byte[100], "is no picture that can be read");
        await RefusesAsync(HttpStatusCode.BadRequest, [], "has no body");
        await RefusesAsync(HttpStatusCode.BadRequest, Stripes(1)[..200], "the picture is damaged");
        await RefusesAsync(HttpStatusCode.RequestEntityTooLarge, new byte[Gallery.MostBytes + 1], "the file is too large");
        Assert.Equal(HttpStatusCode.NotFound,
            (await client.GetAsync(new Uri("pictures/damaged.png", UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound,
            (await client.GetAsync(new Uri("pictures/..%2f..%2fetc%2fpasswd", UriKind.Relative))).StatusCode);
    }

    [Fact]
    public async Task NoModelAndNoPicturesAreNamed()
    {
        Assert.StartsWith("no model: ", Assert.Throws<SearchException>(() => new Features("no-such.onnx", 1)).Message);
        Assert.Contains("--pictures is missing", Assert.Throws<SearchException>(() => Options.Parse([])).Message);
        if (features is not null)
        {
            Assert.StartsWith("no pictures: ",
                (await Assert.ThrowsAsync<SearchException>(() => Gallery.OfAsync("no-such-folder", features))).Message);
        }
    }

    [SkippableFact]
    public async Task ThePageShowsThemInChromium()
    {
        RequireModel();
        string? browser = new[] { "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome" }
            .FirstOrDefault(File.Exists);
        Skip.If(browser is null, "Chromium isn't installed.");
        string profile = Path.Combine(folder, "profile");
        ProcessStartInfo info = new(browser!)
        {
            ArgumentList =
            {
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", $"--user-data-dir={profile}",
                "--virtual-time-budget=20000", "--timeout=20000", "--dump-dom", $"{client.BaseAddress}?like=discs1.png",
            },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(info)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string page = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(page.Contains("discs1.png 1.000", StringComparison.Ordinal), $"{page}\n{await errors}");
        Assert.Contains("<img src=\"pictures/stripes0.png\"", page, StringComparison.Ordinal);
    }

    private static void RequireModel() =>
        Skip.IfNot(File.Exists(Options.ResNet18), $"The package with ResNet-18 isn't restored: {Options.ResNet18}.");

    private async Task<(string Name, double Similarity)[]> SearchAsync(byte[] picture)
    {
        using HttpResponseMessage answer =
            await client.PostAsync(new Uri("search", UriKind.Relative), new ByteArrayContent(picture));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        JsonElement json = await answer.Content.ReadFromJsonAsync<JsonElement>();
        return [.. json.GetProperty("alike").EnumerateArray().Select(one =>
            (one.GetProperty("name").GetString()!, one.GetProperty("similarity").GetDouble()))];
    }

    private async Task RefusesAsync(HttpStatusCode status, byte[] picture, string message)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, "search") { Content = new ByteArrayContent(picture) };
        request.Headers.ExpectContinue = true;
        using HttpResponseMessage answer = await client.SendAsync(request);
        Assert.Equal(status, answer.StatusCode);
        string said = (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("error").GetString()!;
        Assert.Contains(message, said, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', said);
    }

    private static byte[] Stripes(int seed) => Draw((canvas, paint) =>
    {
        for (int i = 0; i < 16; i += 2)
            canvas.DrawRect(0, (20 * i) + seed, 320, 20, paint);
    });

    private static byte[] Discs(int seed) => Draw((canvas, paint) =>
    {
        for (int i = 0; i < 5; i++)
            canvas.DrawCircle(40 + (60 * i) + seed, 60 + (37 * ((i * 3) % 5)), 25, paint);
    });

    private static byte[] Draw(Action<SKCanvas, SKPaint> draw)
    {
        using SKBitmap bitmap = new(320, 320);
        using SKCanvas canvas = new(bitmap);
        using SKPaint paint = new() { Color = SKColors.DarkRed };
        canvas.Clear(SKColors.LightYellow);
        draw(canvas, paint);
        canvas.Flush();
        using SKData data = bitmap.Encode(SKEncodedImageFormat.Png, 90);
        return data.ToArray();
    }
}
