using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text.Json;
using Spectre.Console;

namespace SimdConv.Cli.Commands;

/// <summary><c>simdconv info</c></summary>
internal static class InfoCommand
{
    public static Command Create()
    {
        Option<bool> json = Options.Json();
        Command command = new("info",
            "Tells this CPU, the instruction-set tiers that run on it, their GEMM tiles and block sizes, and how fast "
            + "one core multiplies and adds.") { json };
        command.SetAction(parsed =>
        {
            Run(parsed.GetValue(json));
            return 0;
        });
        return command;
    }

    private static void Run(bool asJson)
    {
        IReadOnlyList<SimdTier> available = Tiers.Available();
        List<Tier> tiers = [];
        foreach (SimdTier tier in Enum.GetValues<SimdTier>())
        {
            bool isAvailable = available.Contains(tier);
            tiers.Add(new Tier(Tiers.NameOf(tier), isAvailable, tier == SimdSupport.Best, isAvailable && SimdSupport.Fuses(tier),
                isAvailable ? SimdSupport.MeasureFmaPeak<float>(tier) : null));
        }

        IReadOnlyList<CpuCache> caches = SimdSupport.Caches;
        (double issued, double shared) = IssueLoop.Measure();
        PrintTables(tiers, caches);
        Console.Out.WriteLine($"Instructions without multiply-adds: {Screen.Number(issued, "0.0")} a nanosecond at best; "
            + $"below 80 % of that in {Screen.Number(shared * 100, "0")} % of short windows, when other work shared the core.");
        if (asJson)
            JsonLine.Print(json => WriteJson(json, tiers, caches, (issued, shared)));
    }

    private static void PrintTables(List<Tier> tiers, IReadOnlyList<CpuCache> caches)
    {
        Console.Out.WriteLine($"CPU      {Machine.CpuName()}, {Environment.ProcessorCount} logical processors");
        IEnumerable<string> described = caches.Select(cache => $"L{cache.Level} {KindOf(cache)} {Describe(cache.Bytes)}");
        Console.Out.WriteLine($"caches   {(caches.Count == 0 ? "unknown" : string.Join(", ", described))}");
        Console.Out.WriteLine($"runtime  {RuntimeInformation.FrameworkDescription}, {RuntimeInformation.RuntimeIdentifier}");
        Table table = Screen.Table("tier", "available", "active", "fuses", "FMA peak, GFLOP/s");
        foreach (Tier tier in tiers)
        {
            table.AddCells(tier.Name, YesOrNo(tier.Available), YesOrNo(tier.Active), YesOrNo(tier.Fuses),
                tier.Peak is { } peak ? Screen.Number(peak, "0.0") : "-");
        }

        Screen.Output.Write(table);
        Table tiles = Screen.Table("tier", "type", "MR x NR", "MC", "KC", "NC");
        foreach (KernelInfo tile in KernelInfo.All)
        {
            tiles.AddCells(Tiers.NameOf(tile.Tier), TypeName(tile), $"{tile.MR} x {tile.NR}",
                Screen.Number(tile.MC, "0"), Screen.Number(tile.KC, "0"), Screen.Number(tile.NC, "0"));
        }

        Screen.Output.Write(tiles);
        Console.Out.WriteLine("The peak is that of float on one thread, multiply and add counted as two.");
    }

    private static void WriteJson(
        Utf8JsonWriter json, List<Tier> tiers, IReadOnlyList<CpuCache> caches, (double PerNanosecond, double SharedShare) issued)
    {
        json.WriteString("cpu", Machine.CpuName());
        json.WriteNumber("logical_processors", Environment.ProcessorCount);
        json.WriteStartArray("caches");
        foreach (CpuCache cache in caches)
        {
            json.WriteStartObject();
            json.WriteNumber("level", cache.Level);
            json.WriteString("kind", KindOf(cache));
            json.WriteNumber("bytes", cache.Bytes);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteString("runtime", RuntimeInformation.FrameworkDescription);
        json.WriteString("active", tiers.Single(tier => tier.Active).Name);
        json.WriteNumber("fma_peak_gflops", tiers.Max(tier => tier.Peak) ?? 0);
        json.WriteNumber("instructions_per_ns", issued.PerNanosecond);
        json.WriteNumber("shared_windows", issued.SharedShare);
        json.WriteStartArray("tiers");
        foreach (Tier tier in tiers)
        {
            json.WriteStartObject();
            json.WriteString("tier", tier.Name);
            json.WriteBoolean("available", tier.Available);
            json.WriteBoolean("active", tier.Active);
            json.WriteBoolean("fuses", tier.Fuses);
            if (tier.Peak is { } peak)
                json.WriteNumber("fma_peak_gflops", peak);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("tiles");
        foreach (KernelInfo tile in KernelInfo.All)
        {
            json.WriteStartObject();
            json.WriteString("tier", Tiers.NameOf(tile.Tier));
            json.WriteString("type", TypeName(tile));
            json.WriteNumber("mr", tile.MR);
            json.WriteNumber("nr", tile.NR);
            json.WriteNumber("mc", tile.MC);
            json.WriteNumber("kc", tile.KC);
            json.WriteNumber("nc", tile.NC);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static string TypeName(KernelInfo tile) => tile.ElementType == typeof(float) ? "float" : "double";

    private static string KindOf(CpuCache cache) => cache.Kind.ToString().ToLowerInvariant();

    private static string YesOrNo(bool value) => value ? "yes" : "no";

    private static string Describe(long bytes) =>
        bytes >= 1 << 20 && bytes % (1 << 20) == 0 ? $"{bytes >> 20} MB" : $"{bytes >> 10} KB";

    private sealed record Tier(string Name, bool Available, bool Active, bool Fuses, double? Peak);
}
