using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace SimdConv.Mutants;

/// <summary>
/// Applies each mutant of mutants.txt in turn to a copy of the source and runs the tests that have to notice. Arguments choose
/// mutants by a part of their name; "check" only looks whether every edit can be made. Exit code 1: some mutant survived.
/// </summary>
internal static class Program
{
    public static int Main(string[] arguments)
    {
        string repository = Path.GetFullPath(Path.Combine(Folder(), "..", ".."));
        Mutant[] mutants = Mutant.Read(Path.Combine(Folder(), "mutants.txt"));
        string[] faults = [.. mutants.Select(mutant => Fault(mutant, repository)).OfType<string>()];
        foreach (string fault in faults)
            Console.Error.WriteLine(fault);
        if (faults.Length > 0)
            return 2;
        Console.WriteLine($"{mutants.Length} mutants, {mutants.Select(mutant => mutant.File).Distinct().Count()} files");
        if (arguments is ["check"])
            return 0;

        if (arguments.Length > 0)
            mutants = [
                .. mutants.Where(mutant =>
                    arguments.Any(part => mutant.Name.Contains(part, StringComparison.OrdinalIgnoreCase)))];
        if (mutants.Length == 0)
        {
            Console.Error.WriteLine(
                $"No mutant's name has '{string.Join("' or '", arguments)}' in it; expected 'check', or "
                + "parts of names in mutants.txt.");
            return 2;
        }

        Stopwatch clock = Stopwatch.StartNew();
        using Scratch scratch = new(repository);
        scratch.RequireHealth(mutants);
        Console.WriteLine($"{clock.Elapsed:mm\\:ss}  the source as it is passes");
        List<string> survivors = [];
        foreach (IGrouping<string, Mutant> project in mutants.GroupBy(mutant => mutant.Project))
        {
            foreach (Mutant mutant in project)
            {
                string? killer = scratch.Kill(mutant);
                Console.WriteLine(
                    $"{clock.Elapsed:mm\\:ss}  {(killer is null ? "SURVIVED" : "killed  ")}  "
                    + $"{mutant.Name}{(killer is null ? "" : $"  by {killer}")}");
                if (killer is null)
                    survivors.Add(mutant.Name);
            }

            scratch.Restore(project.Key);
        }

        Console.WriteLine(
            $"{mutants.Length - survivors.Count} of {mutants.Length} mutants killed in {clock.Elapsed.TotalMinutes:F1} minutes");
        foreach (string survivor in survivors)
            Console.WriteLine($"survived: {survivor}");
        return survivors.Count == 0 ? 0 : 1;
    }

    private static string? Fault(Mutant mutant, string repository)
    {
        try
        {
            mutant.Apply(repository);
            return null;
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            return e.Message;
        }
    }

    private static string Folder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
