using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace SimdConv.Cli.Data;

/// <summary>
/// The head of a NumPy array file, versions 1 to 3: six magic bytes, two of version, the length of the text, then a Python
/// literal such as {'descr': '&lt;f4', 'fortran_order': False, 'shape': (6, 1, 5, 5), }.
/// </summary>
internal sealed record NpyHeader(string Descr, bool FortranOrder, int[] Shape)
{
    private const int MaxTextBytes = 1 << 16;

    private static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    public static string Describe(ReadOnlySpan<int> shape) =>
        shape.Length == 1 ? $"({shape[0]},)" : $"({string.Join(", ", shape.ToArray())})";

    /// <exception cref="FormatException">The bytes are no such header; the message says why.</exception>
    public static NpyHeader Read(Stream file)
    {
        Span<byte> start = stackalloc byte[12];
        Fill(file, start[..10]);
        if (!start[..6].SequenceEqual(Magic))
            throw new FormatException("it has no NumPy magic");
        int version = start[6];
        long length = BinaryPrimitives.ReadUInt16LittleEndian(start[8..]);
        if (version is 2 or 3)
        {
            Fill(file, start[10..]);
            length = BinaryPrimitives.ReadUInt32LittleEndian(start[8..]);
        }
        else if (version != 1)
        {
            throw new FormatException($"its format version is {version}; expected 1, 2 or 3");
        }

        if (length > MaxTextBytes)
            throw new FormatException($"its header claims {length} bytes; expected at most {MaxTextBytes}");
        byte[] text = new byte[length];
        Fill(file, text);
        return new Parser(Encoding.UTF8.GetString(text)).Header();
    }

    /// <summary>Writes a version 1 header that ends at a multiple of 64 bytes, as NumPy's own do.</summary>
    public void Write(Stream file)
    {
        string text =
            $"{{'descr': '{Descr}', 'fortran_order': {(FortranOrder ? "True" : "False")}, 'shape': {Describe(Shape)}, }}";
        int length = ((10 + text.Length + 1 + 63) / 64 * 64) - 10;
        byte[] bytes = new byte[10 + length];
        Magic.CopyTo(bytes);
        bytes[6] = 1;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(8), (ushort)length);
        Encoding.ASCII.GetBytes(text.PadRight(length - 1) + "\n", bytes.AsSpan(10));
        file.Write(bytes);
    }

    private static void Fill(Stream file, Span<byte> bytes)
    {
        if (file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length)
            throw new FormatException("it ends inside its header");
    }

    /// <summary>Reads the one form of Python dictionary that a header may be.</summary>
    private ref struct Parser(string text)
    {
        private readonly string text = text;
        private int at;

        public NpyHeader Header()
        {
            string? descr = null;
            bool? fortran = null;
            int[]? shape = null;
            Expect('{');
            while (!Take('}'))
            {
                string key = Quoted();
                Expect(':');
                if (key == "descr" && descr is null)
                    descr = Quoted();
                else if (key == "fortran_order" && fortran is null)
                    fortran = Boolean();
                else if (key == "shape" && shape is null)
                    shape = Tuple();
                else
                    throw Bad($"an unexpected or repeated key '{key}'");
                if (!Take(','))
                {
                    Expect('}');
                    break;
                }
            }

            SkipSpaces();
            if (at != text.Length)
                throw Bad("text after its dictionary");
            if (descr is null || fortran is null || shape is null)
                throw Bad("no descr, fortran_order or shape");
            return new NpyHeader(descr, fortran.Value, shape);
        }

        private string Quoted()
        {
            SkipSpaces();
            char quote = at < text.Length ? text[at] : '\0';
            int end = quote is '\'' or '"' ? text.IndexOf(quote, at + 1) : -1;
            if (end < 0)
                throw Bad("something else where a string should be");
            string value = text[(at + 1)..end];
            at = end + 1;
            return value;
        }

        private bool Boolean()
        {
            SkipSpaces();
            foreach ((string word, bool value) in ((string, bool)[])[("True", true), ("False", false)])
            {
                if (string.CompareOrdinal(text, at, word, 0, word.Length) == 0)
                {
                    at += word.Length;
                    return value;
                }
            }

            throw Bad("something else where True or False should be");
        }

        private int[] Tuple()
        {
            List<int> sizes = [];
            Expect('(');
            while (!Take(')'))
            {
                SkipSpaces();
                int start = at;
                while (at < text.Length && char.IsAsciiDigit(text[at]))
                    at++;
                if (!int.TryParse(text.AsSpan(start, at - start), NumberStyles.None, CultureInfo.InvariantCulture, out int size))
                    throw Bad("something else where a size should be");
                sizes.Add(size);
                if (at < text.Length && text[at] == 'L')
                    at++; // Python 2's long integers
                if (!Take(','))
                {
                    Expect(')');
                    break;
                }
            }

            return [.. sizes];
        }

        private void SkipSpaces()
        {
            while (at < text.Length && text[at] is ' ' or '\n')
                at++;
        }

        private bool Take(char wanted)
        {
            SkipSpaces();
            if (at >= text.Length || text[at] != wanted)
                return false;
            at++;
            return true;
        }

        private void Expect(char wanted)
        {
            if (!Take(wanted))
                throw Bad($"no '{wanted}' where one should be");
        }

        private static FormatException Bad(string what) => new($"its header has {what}");
    }
}
