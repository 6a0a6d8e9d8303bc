namespace SimdConv.Bits;

/// <summary>The commands of this program, which tests/arm64 runs too.</summary>
public static class BitsCommand
{
    /// <summary>
    /// <c>record</c> prints bits.txt, by the best tier on one thread. <c>check FILE [THREADS ...]</c> compares with it what each
    /// tier that fuses gives on each number of threads; the exit code is 1 if a line differs.
    /// </summary>
    public static int Run(string[] arguments)
    {
        if (arguments is ["record"])
        {
            foreach (BitCase each in BitCase.All)
                Console.WriteLine(each.Line(default));
            return 0;
        }

        if (arguments is not ["check", string file, .. string[] counts]
            || !counts.All(count => int.TryParse(count, out int threads) && threads > 0))
        {
            Console.Error.WriteLine("usage: SimdConv.Bits record | check FILE [THREADS ...]");
            return 2;
        }

        string[] recorded = File.ReadAllLines(file);
        int[] threadCounts = counts.Length > 0 ? [.. counts.Select(int.Parse)] : [1, 2, 3, 7, 70];
        int differing = 0, lines = 0;
        foreach (SimdTier tier in SimdSupport.Available)
        {
            if (!SimdSupport.Fuses(tier))
            {
                Console.WriteLine($"{tier}: skipped, it does not fuse multiply and add in this process");
                continue;
            }

            foreach (int threads in threadCounts)
            {
                string[] computed = [.. BitCase.All.Select(each => each.Line(new Execution(threads, Tier: tier)))];
                string[] wrong = [.. computed.Except(recorded), .. recorded.Except(computed).Select(line => $"recorded: {line}")];
                foreach (string line in wrong)
                    Console.WriteLine($"{tier} on {threads} threads: {line}");
                differing += wrong.Length;
                lines += computed.Length;
            }

            Console.WriteLine($"{tier}: {BitCase.All.Count} cases on {string.Join(", ", threadCounts)} threads");
        }

        Console.WriteLine($"{lines} results compared, {differing} differ");
        return lines > 0 && differing == 0 ? 0 : 1;
    }
}
