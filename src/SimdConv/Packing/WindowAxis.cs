namespace SimdConv.Packing;

/// <summary>One axis of windows over an image: tap t of window i is pixel Starts[i] + t*Dilation.</summary>
internal sealed class WindowAxis
{
    private WindowAxis(int windows, int size, int dilation)
    {
        Windows = windows;
        Size = size;
        Dilation = dilation;
        Starts = new int[windows];
        Taps = new (int, int)[windows];
        Counts = new int[windows];
        Meets = new (int, int, int)[size];
    }

    /// <summary>
    /// PyTorch's adaptive windows: window i is pixels i*size/windows to (i+1)*size/windows, rounded down and up.
    /// </summary>
    public WindowAxis(int windows, int size)
        : this(windows, size, dilation: 1)
    {
        WindowStep = -1;
        for (int i = windows - 1; i >= 0; i--)
        {
            Starts[i] = (int)((long)i * size / windows);
            Counts[i] = (int)Shapes.DivideUp((i + 1L) * size, windows) - Starts[i];
            Taps[i] = (0, Counts[i]);
            for (int pixel = Starts[i]; pixel < Starts[i] + Counts[i]; pixel++)
                Meets[pixel] = (i, pixel - Starts[i], Meets[pixel].Count + 1);
        }
    }

    public WindowAxis(int windows, int kernel, int size, int stride, int padBefore, int padAfter, int dilation, bool includePad)
        : this(windows, size, dilation)
    {
        Stride = stride;
        Reach = (int)((kernel - 1L) * dilation / stride);
        int common = (int)Shapes.CommonDivisor(stride, dilation);
        (WindowStep, TapStep) = (dilation / common, stride / common);
        for (int i = 0; i < windows; i++)
        {
            long start = ((long)i * stride) - padBefore;
            Starts[i] = (int)start;
            long first = Math.Min(kernel, Shapes.DivideUp(Math.Max(0, -start), dilation));
            Taps[i] = ((int)first, (int)Math.Clamp(Shapes.DivideUp(size - start, dilation), first, kernel));

            // PyTorch's rule: taps behind the end of the padding never count, those in the padding only if it counts.
            Counts[i] = includePad
                ? (int)Math.Clamp(Shapes.DivideUp((long)size + padAfter - start, dilation), 0, kernel)
                : Taps[i].Last - Taps[i].First;
        }

        Phases = FindPhases(kernel, padBefore);
        int[] phaseOf = new int[Math.Min(kernel, TapStep)];
        for (int i = 0; i < Phases.Length; i++)
        {
            WindowPhase phase = Phases[i];
            if (phase.Taps == 0)
                continue;
            phaseOf[phase.FirstTap] = i;
            for (long pixel = phase.Pixel; pixel < size; pixel += stride)
                Meets[pixel] = Meet(pixel + padBefore, phase.FirstTap);
        }

        Alike = new int[windows];
        for (int i = windows - 1; i >= 0; i--)
            Alike[i] = i + 1 < windows && Taps[i] == Taps[i + 1] && Counts[i] == Counts[i + 1] ? Alike[i + 1] + 1 : 1;
        AlikePixels = new int[size];
        for (int pixel = size - 1; pixel >= 0; pixel--)
        {
            bool alike = pixel + (long)stride < size
                && Meets[pixel + stride] == (Meets[pixel].Window + 1, Meets[pixel].Tap, Meets[pixel].Count);
            AlikePixels[pixel] = alike ? AlikePixels[pixel + stride] + 1 : 1;
        }

        Places = new (int, int)[kernel];
        for (int tap = 0; tap < kernel; tap++)
        {
            long at = (long)tap * dilation;
            Places[tap] = (phaseOf[tap % TapStep], (int)(at / stride));
        }

        (int, int, int) Meet(long at, int tap)
        {
            long window = (at - ((long)tap * dilation)) / stride;
            long beyond = Math.Max(0, (window - windows + WindowStep) / WindowStep);
            window -= beyond * WindowStep;
            long first = tap + (beyond * TapStep);
            return at < (long)tap * dilation || window < 0 || first >= kernel
                ? default
                : ((int)window, (int)first, (int)Math.Min((kernel - 1 - first) / TapStep, window / WindowStep) + 1);
        }
    }

    /// <summary>
    /// The residues modulo the stride that taps or pixels have, ascending, each with the first tap that has it.
    /// </summary>
    private WindowPhase[] FindPhases(int kernel, int padBefore)
    {
        int taps = Math.Min(kernel, TapStep), pixels = Math.Min(Stride, Size), before = padBefore % Stride;
        int[] residues = new int[checked(taps + pixels)], firstTaps = new int[residues.Length];
        for (int tap = 0; tap < taps; tap++)
            (residues[tap], firstTaps[tap]) = ((int)((long)tap * Dilation % Stride), tap);
        for (int pixel = 0; pixel < pixels; pixel++)
            (residues[taps + pixel], firstTaps[taps + pixel]) = ((int)(((long)pixel + padBefore) % Stride), kernel);
        Array.Sort(residues, firstTaps);
        List<WindowPhase> phases = new(Math.Max(taps, pixels));
        for (int i = 0; i < residues.Length; i++)
        {
            // A residue that both a tap and a pixel have is in the list twice.
            (int residue, int firstTap) = (residues[i], firstTaps[i]);
            if (i + 1 < residues.Length && residues[i + 1] == residue)
                firstTap = Math.Min(firstTap, firstTaps[++i]);
            int pixel = residue < before ? residue - before + Stride : residue - before;
            phases.Add(
                new(pixel, (int)(((long)pixel + padBefore) / Stride), pixel < Size ? ((Size - 1 - pixel) / Stride) + 1 : 0,
                    firstTap,
                firstTap < kernel ? ((kernel - 1 - firstTap) / TapStep) + 1 : 0));
        }

        return [.. phases];
    }

    public int Windows { get; }

    /// <summary>Pixels of the image.</summary>
    public int Size { get; }

    public int Stride { get; }

    public int Dilation { get; }

    /// <summary>The first pixel of each window; may lie before the image.</summary>
    public int[] Starts { get; }

    /// <summary>
    /// For each window its taps [First, Last) that are in the image; a convolution may have windows without any.
    /// </summary>
    public (int First, int Last)[] Taps { get; }

    /// <summary>For each window what it counts for in an average: the divisor is the product over both axes.</summary>
    public int[] Counts { get; }

    /// <summary>
    /// For each pixel the first window that sees it, by which tap, and how many windows do. Each further window is WindowStep
    /// windows earlier and sees the pixel TapStep taps later, so that taps ascend. Adaptive windows ascend instead.
    /// </summary>
    public (int Window, int Tap, int Count)[] Meets { get; }

    /// <summary>See <see cref="Meets"/>.</summary>
    public int WindowStep { get; }

    /// <summary>See <see cref="Meets"/>.</summary>
    public int TapStep { get; }

    /// <summary>For each window how many from it on have the same taps and the same count.</summary>
    public int[] Alike { get; } = [];

    /// <summary>
    /// For each pixel how many pixels from it on, a stride apart, are seen by the next windows in the same way.
    /// </summary>
    public int[] AlikePixels { get; } = [];

    /// <summary>How many strides the last tap of a window reads further than its first one.</summary>
    public int Reach { get; }

    /// <summary>
    /// The pixels by what they are modulo the stride, as far as there are pixels or taps; empty for adaptive windows.
    /// </summary>
    public WindowPhase[] Phases { get; } = [];

    /// <summary>
    /// For each tap its phase, and how many elements behind the window's own index it reads in the row of that phase.
    /// </summary>
    public (int Phase, int Step)[] Places { get; } = [];
}

/// <summary>Pixels that are equal modulo the stride: Pixel, Pixel + stride, and so on.</summary>
/// <param name="Pixel">The first one.</param>
/// <param name="Place">The pixel's index in the padded row of its phase, in which the taps of window i begin at index i.</param>
/// <param name="Count">How many there are.</param>
/// <param name="FirstTap">The first tap that meets them; the next ones are TapStep later each.</param>
/// <param name="Taps">How many taps do.</param>
internal readonly record struct WindowPhase(int Pixel, int Place, int Count, int FirstTap, int Taps);
