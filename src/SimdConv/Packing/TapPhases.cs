namespace SimdConv.Packing;

/// <summary>
/// All positions of the target along one axis, by phases: positions that are neighbours in the source and see the same taps.
/// </summary>
/// <param name="Size">Pixels of the source.</param>
/// <param name="Stride">From one position to the next, in the source.</param>
/// <param name="Step">The same in the target.</param>
/// <param name="Phases">All positions of the target.</param>
internal sealed record TapPhases(int Size, int Stride, int Step, TapPhases.Phase[] Phases)
{
    /// <summary>So many times more taps than a position can see are worth cutting the positions in parts.</summary>
    private const int LeastTapsPerSeen = 4;

    /// <summary>Positions from the target's pixel Origin on.</summary>
    public readonly record struct Phase(int Origin, int Count, (int Kernel, int Offset)[] Taps);

    /// <summary>The taps of the forward pass along one axis.</summary>
    public static TapPhases Window(int kernel, int dilation, int pad, int positions, int stride, int size, UnseenTaps unseen)
    {
        List<(int, int)> taps = [];
        for (int tap = 0; tap < kernel; tap++)
        {
            long offset = ((long)tap * dilation) - pad, first = Shapes.DivideUp(Math.Max(0, -offset), stride);
            if (unseen == UnseenTaps.Moved)
                offset = Math.Clamp(offset, Math.Max(int.MinValue, (-(positions - 1L) * stride) - 1), size);
            if (unseen != UnseenTaps.LeftOut || (first < positions && (first * stride) + offset < size))
                taps.Add((tap, (int)offset));
        }

        return new(size, stride, 1, [new(0, positions, [.. taps])]);
    }

    /// <summary>
    /// The phases of one axis of the input gradient, each with its taps, which see the <paramref name="windows"/>.
    /// </summary>
    public static TapPhases OfStride(
        int size, int kernel, int stride, int pad, int dilation, int windows, UnseenTaps unseen)
    {
        // Pixel origin + i*stride lies under tap t of window i + (origin + pad - t*dilation) / stride.
        Phase[] phases = new Phase[Math.Min(stride, size)];
        List<(int, int)>?[] taps = new List<(int, int)>?[phases.Length];
        for (int tap = kernel - 1; tap >= 0; tap--)
        {
            long at = ((long)tap * dilation) - pad, origin = ((at % stride) + stride) % stride, offset = (origin - at) / stride;
            if (origin >= phases.Length)
                continue;
            if (unseen != UnseenTaps.LeftOut || (offset < windows && Count((int)origin) + offset > 0))
                (taps[origin] ??= []).Add((tap, (int)offset));
        }

        for (int origin = 0; origin < phases.Length; origin++)
            phases[origin] = new(origin, Count(origin), taps[origin] is { } some ? [.. some] : []);
        return new(windows, 1, stride, phases);

        int Count(int origin) => Shapes.DivideUp(size - origin, stride);
    }

    /// <summary>
    /// Phases in parts of neighbouring positions, where these see few of all taps: of a kernel that is much larger than the
    /// source, each position meets as many taps as the source has pixels. The taps of a part are about twice as many.
    /// </summary>
    public TapPhases Parts()
    {
        return Array.TrueForAll(Phases, phase => phase.Taps.Length <= LeastTapsPerSeen) ? this
            : this with { Phases = [.. Phases.SelectMany(Cut)] };

        IEnumerable<Phase> Cut(Phase phase)
        {
            if (phase.Taps.Length <= LeastTapsPerSeen)
                return [phase];
            IEnumerable<long> distances = phase.Taps.Zip(phase.Taps.Skip(1), (tap, next) => (long)next.Offset - tap.Offset);
            long apart = distances.DefaultIfEmpty(1).Min();
            if (phase.Taps.Length <= LeastTapsPerSeen * (((Size - 1) / apart) + 1))
                return [phase];

            // Parts are as long as a multiple of the distance between taps, so that the taps of different parts have the same
            // offsets and one grid can stand for most parts.
            long unit = apart / Shapes.CommonDivisor(apart, Stride);
            long count = Math.Min(phase.Count, Shapes.RoundUp(Shapes.DivideUp(Size, Stride), unit));
            return Enumerable.Range(0, (int)Shapes.DivideUp(phase.Count, count))
                .Select(i => Part(phase, (int)(i * count), (int)Math.Min(count, phase.Count - (i * count))));
        }

        Phase Part(Phase phase, int start, int count)
        {
            long first = (long)start * Stride;
            (int from, int to) = TapAxis.Seen(phase.Taps, first, first + ((count - 1L) * Stride), Size);
            IEnumerable<(int, int)> taps = phase.Taps[from..to].Select(tap => (tap.Kernel, (int)(tap.Offset + first)));
            return new(phase.Origin + (start * Step), count, [.. taps]);
        }
    }

    /// <summary>
    /// An axis for each phase; where they are merged, one for all of the same length whose taps have the same offsets, and are
    /// equally far apart in the kernel.
    /// </summary>
    public TapAxis[] Axes(bool areMerged) => areMerged && Phases.Length > 1
        ? [.. Phases.GroupBy(phase => phase, new Alike()).Select(alike => AxisOf([.. alike]))]
        : Array.ConvertAll(Phases, phase => AxisOf([phase]));

    private TapAxis AxisOf(Phase[] phases) => new()
    {
        Count = phases[0].Count,
        Size = Size,
        Stride = Stride,
        Origin = phases[0].Origin,
        Step = Step,
        Taps = phases[0].Taps,
        Phases = Array.ConvertAll(phases, phase => (phase.Origin - phases[0].Origin,
            phase.Taps.Length == 0 ? 0 : phase.Taps[0].Kernel - phases[0].Taps[0].Kernel)),
    };

    private sealed class Alike : IEqualityComparer<Phase>
    {
        public bool Equals(Phase x, Phase y)
        {
            bool alike = x.Count == y.Count && x.Taps.Length == y.Taps.Length;
            for (int i = 0; alike && i < x.Taps.Length; i++)
                alike = x.Taps[i].Offset == y.Taps[i].Offset
                    && x.Taps[i].Kernel - x.Taps[0].Kernel == y.Taps[i].Kernel - y.Taps[0].Kernel;
            return alike;
        }

        public int GetHashCode(Phase phase) =>
            HashCode.Combine(phase.Count, phase.Taps.Length, phase.Taps.Length == 0 ? 0 : phase.Taps[0].Offset);
    }
}
