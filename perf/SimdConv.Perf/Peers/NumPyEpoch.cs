using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using SimdConv.Cli.Data;
using SimdConv.Perf.Suites;

namespace SimdConv.Perf.Peers;

/// <summary>LeNet-5 with im2col in NumPy, in a Python process that is asked for a few steps.</summary>
internal sealed class NumPyEpoch : EpochContestant
{
    // The child needs no more images than its few steps read.
    private const int Batches = 20;

    private static string python = "python3";

    private readonly Process child;

    public NumPyEpoch(DigitSet data, float[] initial, int threads)
        : base("numpy")
    {
        child = Start(python, threads, Path.Combine(AppContext.BaseDirectory, "Peers", "numpy_lenet5.py"));
        int images = Math.Min(Batches, data.Count / EpochSuite.BatchSize) * EpochSuite.BatchSize;
        Stream input = child.StandardInput.BaseStream;
        input.Write(BitConverter.GetBytes(images));
        input.Write(MemoryMarshal.AsBytes<float>(initial));
        DigitSet first = data.Slice(0, images);
        input.Write(MemoryMarshal.AsBytes(first.Images.Span));
        input.Write(first.Labels.Span);
        input.Flush();
    }

    public override int FixedRepetitions => 5;

    public override int CheckedCalls => 5;

    public override int MaxSamples => 2;

    /// <summary>
    /// Finds a Python that has NumPy: the path's, or else the system's own, whose packages the distribution installs.
    /// </summary>
    public static bool TryLoad(int threads, out string said)
    {
        List<string> reasons = [];
        foreach (string candidate in new[] { "python3", "/usr/bin/python3" })
        {
            try
            {
                using Process probe = Start(candidate, threads, "-c", "import numpy; print(numpy.__version__)");
                string version = probe.StandardOutput.ReadToEnd(), error = probe.StandardError.ReadToEnd();
                probe.WaitForExit();
                if (probe.ExitCode == 0)
                {
                    python = candidate;
                    said = version.Trim();
                    return true;
                }

                reasons.Add($"{candidate}: {error.Trim().Split('\n')[^1]}");
            }
            catch (Win32Exception e)
            {
                reasons.Add(e.Message);
            }
        }

        said = string.Join("; ", reasons);
        return false;
    }

    public override void Run(int times)
    {
        child.StandardInput.WriteLine(FormattableString.Invariant($"{Losses.Count} {times}"));
        child.StandardInput.Flush();
        string answer = child.StandardOutput.ReadLine()
            ?? throw new InvalidOperationException($"numpy ended: {child.StandardError.ReadToEnd().Trim().Split('\n')[^1]}");
        Losses.AddRange(answer.Split(' ').Select(loss => double.Parse(loss, CultureInfo.InvariantCulture)));
    }

    protected override void Call() => Run(1);

    public override void Dispose()
    {
        child.StandardInput.Close();
        if (!child.WaitForExit(TimeSpan.FromSeconds(5)))
            child.Kill();
        child.Dispose();
    }

    private static Process Start(string program, int threads, params ReadOnlySpan<string> arguments)
    {
        ProcessStartInfo info = new(program)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string argument in arguments)
            info.ArgumentList.Add(argument);
        // Its idle threads are not to spin on into the next participant's turn: see OpenBlas.
        info.Environment["OPENBLAS_THREAD_TIMEOUT"] = "22";
        foreach (string variable in new[] { "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS" })
            info.Environment[variable] = threads.ToString(CultureInfo.InvariantCulture);
        return Process.Start(info)!;
    }
}
