using System.Buffers.Binary;
using System.Text;
using ScottPlot;
using SkiaSharp;

namespace SimdConv.Cli;

/// <summary>
/// A font of dots for systems without any, so that plots have labels there too: letters of 5 x 7 squares, built as a TrueType
/// font in memory. It has the characters that the plots use.
/// </summary>
internal sealed class DotFont : IFontResolver
{
    private const int Dot = 100, Em = 1000, Ascent = 800, Descent = -200, Advance = 600, Rows = 7;

    // Seven rows to the base line, and two below it where a letter has a descender.
    private const string Glyphs = """
        0 .###./#...#/#..##/#.#.#/##..#/#...#/.###.
        1 ..#../.##../..#../..#../..#../..#../.###.
        2 .###./#...#/....#/..##./.#.../#..../#####
        3 .###./#...#/....#/..##./....#/#...#/.###.
        4 ...#./..##./.#.#./#..#./#####/...#./...#.
        5 #####/#..../####./....#/....#/#...#/.###.
        6 ..##./.#.../#..../####./#...#/#...#/.###.
        7 #####/....#/...#./..#../.#.../.#.../.#...
        8 .###./#...#/#...#/.###./#...#/#...#/.###.
        9 .###./#...#/#...#/.####/....#/...#./.##..
        . ...../...../...../...../...../.##../.##..
        , ...../...../...../...../...../..##./..##./...#./..#..
        : ...../.##../.##../...../.##../.##../.....
        - ...../...../...../####./...../...../.....
        + ...../..#../..#../#####/..#../..#../.....
        E #####/#..../#..../####./#..../#..../#####
        L #..../#..../#..../#..../#..../#..../#####
        N #...#/##..#/#.#.#/#.#.#/#..##/#...#/#...#
        a ...../...../.###./....#/.####/#...#/.####
        b #..../#..../####./#...#/#...#/#...#/####.
        c ...../...../.####/#..../#..../#..../.####
        d ....#/....#/.####/#...#/#...#/#...#/.####
        e ...../...../.###./#...#/#####/#..../.###.
        f ..##./.#..#/.#.../###../.#.../.#.../.#...
        g ...../...../.####/#...#/#...#/#...#/.####/....#/.###.
        h #..../#..../####./#...#/#...#/#...#/#...#
        i ..#../...../.##../..#../..#../..#../.###.
        j ...#./...../..##./...#./...#./...#./...#./#..#./.##..
        k #..../#..../#..#./#.#../##.../#.#../#..#.
        l .##../..#../..#../..#../..#../..#../.###.
        m ...../...../##.#./#.#.#/#.#.#/#.#.#/#.#.#
        n ...../...../####./#...#/#...#/#...#/#...#
        o ...../...../.###./#...#/#...#/#...#/.###.
        p ...../...../####./#...#/#...#/#...#/####./#..../#....
        q ...../...../.####/#...#/#...#/#...#/.####/....#/....#
        r ...../...../#.##./##..#/#..../#..../#....
        s ...../...../.####/#..../.###./....#/####.
        t .#.../.#.../####./.#.../.#.../.#..#/..##.
        u ...../...../#...#/#...#/#...#/#..##/.##.#
        v ...../...../#...#/#...#/#...#/.#.#./..#..
        w ...../...../#...#/#.#.#/#.#.#/#.#.#/.#.#.
        x ...../...../#...#/.#.#./..#../.#.#./#...#
        y ...../...../#...#/#...#/#...#/#...#/.####/....#/.###.
        z ...../...../#####/...#./..#../.#.../#####
        """;

    private readonly byte[] file = Build();

    /// <summary>Becomes the default font if the system has none.</summary>
    public static void UseIfNeeded()
    {
        // Skia lists a family without a name where there are none.
        if (SKFontManager.Default.FontFamilies.All(string.IsNullOrEmpty) && !Fonts.FontResolvers.OfType<DotFont>().Any())
            Fonts.FontResolvers.Insert(0, new DotFont());
    }

    public SKTypeface? CreateTypeface(string fontName, bool bold, bool italic)
    {
        using SKData data = SKData.CreateCopy(file);
        return SKTypeface.FromData(data);
    }

    public SKTypeface? CreateTypeface(string fontName, FontWeight weight, FontSlant slant, FontSpacing spacing) =>
        CreateTypeface(fontName, bold: false, italic: false);

    private static byte[] Build()
    {
        // Glyph 0 stands for characters that are not there, glyph 1 is the space: both are empty.
        List<(char Letter, string[] Rows)> glyphs = [('\0', []), (' ', [])];
        glyphs.AddRange(Glyphs.Split('\n').Select(line => (line[0], line[2..].TrimEnd().Split('/'))));
        glyphs.Sort(2, glyphs.Count - 2, Comparer<(char Letter, string[])>.Create((x, y) => x.Letter.CompareTo(y.Letter)));

        Writer outlines = new(), locations = new(), metrics = new(), map = new();
        int mostContours = 0;
        foreach ((_, string[] rows) in glyphs)
        {
            locations.U32(outlines.Length);
            mostContours = Math.Max(mostContours, WriteOutline(outlines, rows));
            metrics.U16(Advance).U16(0);
        }

        locations.U32(outlines.Length);
        int characters = glyphs.Count - 1;
        map.U16(0).U16(1).U16(3).U16(10).U32(12).U16(12).U16(0).U32(16 + (12 * characters)).U32(0).U32(characters);
        for (int i = 1; i < glyphs.Count; i++)
            map.U32(glyphs[i].Letter).U32(glyphs[i].Letter).U32(i);

        Writer head = new Writer().U32(0x10000).U32(0x10000).U32(0).U32(0x5F0F3CF5).U16(0).U16(Em).U32(0).U32(0).U32(0).U32(0)
            .U16(0).U16(Descent).U16(Advance).U16(Ascent).U16(0).U16(8).U16(2).U16(1).U16(0);
        Writer horizontal =
            new Writer().U32(0x10000).U16(Ascent).U16(Descent).U16(0).U16(Advance).U16(0).U16(0).U16(Advance).U16(1);
        for (int i = 0; i < 7; i++)
            horizontal.U16(0);
        horizontal.U16(glyphs.Count);
        Writer limits = new Writer().U32(0x10000).U16(glyphs.Count).U16(4 * mostContours).U16(mostContours).U16(0).U16(0).U16(1);
        for (int i = 0; i < 8; i++)
            limits.U16(0);
        return Assemble(
            [
                ("cmap", map), ("glyf", outlines), ("head", head), ("hhea", horizontal), ("hmtx", metrics), ("loca", locations),
                ("maxp", limits),
            ]);
    }

    /// <summary>Writes a rectangle for every run of dots in a row, and returns how many that are.</summary>
    private static int WriteOutline(Writer to, string[] rows)
    {
        List<(int Left, int Bottom, int Right)> runs = [];
        foreach ((int row, string dots) in rows.Index())
        {
            for (int start = dots.IndexOf('#', StringComparison.Ordinal); start >= 0;)
            {
                int end = start;
                while (end < dots.Length && dots[end] == '#')
                    end++;
                runs.Add((start * Dot, (Rows - 1 - row) * Dot, end * Dot));
                start = dots.IndexOf('#', end);
            }
        }

        if (runs.Count == 0)
            return 0;
        to.U16(runs.Count).U16(0).U16(Descent).U16(Advance).U16(Ascent);
        for (int i = 1; i <= runs.Count; i++)
            to.U16((4 * i) - 1);
        to.U16(0);
        for (int i = 0; i < 4 * runs.Count; i++)
            to.U8(1); // A point on the curve, its coordinates 16-bit steps from the last one's.
        int x = 0, y = 0;
        foreach ((int left, _, int right) in runs)
        {
            to.U16(left - x).U16(0).U16(right - left).U16(0);
            x = right;
        }

        foreach ((_, int bottom, _) in runs)
        {
            to.U16(bottom - y).U16(Dot).U16(0).U16(-Dot);
            y = bottom;
        }

        to.Pad();
        return runs.Count;
    }

    private static byte[] Assemble((string Tag, Writer Table)[] tables)
    {
        Writer directory = new Writer().U32(0x10000).U16(tables.Length).U16(64).U16(2).U16((16 * tables.Length) - 64),
            body = new();
        foreach ((string tag, Writer table) in tables)
        {
            directory.U32(BinaryPrimitives.ReadInt32BigEndian(Encoding.ASCII.GetBytes(tag))).U32(0);
            directory.U32(12 + (16 * tables.Length) + body.Length).U32(table.Length);
            body.Append(table).Pad();
        }

        return directory.Append(body).ToArray();
    }

    /// <summary>Big-endian numbers, one after the other.</summary>
    private sealed class Writer
    {
        private readonly List<byte> bytes = [];

        public int Length => bytes.Count;

        public void U8(byte value) => bytes.Add(value);

        public Writer U16(int value)
        {
            bytes.Add((byte)(value >> 8));
            bytes.Add((byte)value);
            return this;
        }

        public Writer U32(int value) => U16(value >> 16).U16(value);

        public Writer Append(Writer other)
        {
            bytes.AddRange(other.bytes);
            return this;
        }

        public void Pad()
        {
            while (bytes.Count % 4 != 0)
                bytes.Add(0);
        }

        public byte[] ToArray() => [.. bytes];
    }
}
