using SimdConv.Samples.ImageSearch;
using SimdConv.Samples.OnnxNetwork;

// Options: --pictures FOLDER [--model FILE] [--packed FILE] [--urls URLS] [--contexts N].
try
{
    Dictionary<string, string> options = Options.Parse(args);
    string model = options.GetValueOrDefault("--model") ?? Options.ResNet18;
    if (options.TryGetValue("--packed", out string? packed))
    {
        if (!File.Exists(packed))
            Network.Pack(model, packed);
        model = packed;
    }

    using Features features = new(model, Options.Contexts(options));
    await using WebApplication service = await Service.CreateAsync(options["--pictures"],
        options.GetValueOrDefault("--urls") ?? "http://127.0.0.1:5018", features);
    await service.StartAsync();
    Console.WriteLine($"listening: {string.Join(" ", service.Urls)}");
    await service.WaitForShutdownAsync();
    return 0;
}
catch (Exception e) when (e is SearchException or NetworkException or IOException or UnauthorizedAccessException
    or FormatException)
{
    Console.Error.WriteLine($"error: {e.Message.ReplaceLineEndings(" ")}");
    return 1;
}
