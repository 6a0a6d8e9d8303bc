using System.Globalization;

namespace SimdConv.Cli.Verification;

/// <summary>
/// A convolution as one line of text, such as
/// <c>n=2,c=16,h=10,w=10,k=16,r=3,s=3,stride=1x1,pad=1x1x1x1,dilation=1x1,groups=1</c>: heights before widths, padding top, left,
/// bottom, right. The last four may be left out.
/// </summary>
internal sealed partial record ShapeLine(int N, Conv2DShape Shape) : ICheckable
{
    /// <summary>Minutes of work for the oracle, which goes twelve times through them.</summary>
    private const long MaxMultiplyAdds = 1L << 33;

    private static readonly string[] Required = ["n", "c", "h", "w", "k", "r", "s"];

    private static readonly string[] Known = [.. Required, "stride", "pad", "dilation", "groups"];

    /// <summary>Reads a line, or says why it is none.</summary>
    public static ShapeLine? TryParse(string text, out string reason)
    {
        try
        {
            reason = "";
            return Parse(text);
        }
        catch (Exception error) when (error is FormatException or ArgumentOutOfRangeException)
        {
            // An ArgumentOutOfRangeException appends the parameter's name and value in lines of their own.
            reason = error.Message.Split('\n')[0];
            int parameter = reason.IndexOf(" (Parameter", StringComparison.Ordinal);
            reason = (parameter < 0 ? reason : reason[..parameter]).TrimEnd('.');
            return null;
        }
    }

    /// <summary>Multiply-adds of one direction.</summary>
    public long MultiplyAdds => (long)N * Shape.K * Shape.P * Shape.Q * Shape.Taps;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"n={N},c={Shape.C},h={Shape.H},w={Shape.W},k={Shape.K},r={Shape.R},s={Shape.S},"
        + $"stride={Shape.StrideH}x{Shape.StrideW},pad={Shape.PadTop}x{Shape.PadLeft}x{Shape.PadBottom}x{Shape.PadRight},"
        + $"dilation={Shape.DilationH}x{Shape.DilationW},groups={Shape.Groups}");

    private static ShapeLine Parse(string text)
    {
        Dictionary<string, string> fields = new(StringComparer.Ordinal);
        foreach (string field in text.Split(','))
        {
            int equals = field.IndexOf('=', StringComparison.Ordinal);
            string key = (equals < 0 ? field : field[..equals]).Trim();
            if (equals < 0 || !Known.Contains(key))
                throw new FormatException(
                    $"'{field.Trim()}' is no field; expected {string.Join(", ", Known)}, each with = and its value");
            if (!fields.TryAdd(key, field[(equals + 1)..].Trim()))
                throw new FormatException($"{key} is given twice");
        }

        foreach (string key in Required)
        {
            if (!fields.ContainsKey(key))
                throw new FormatException($"{key} is missing");
        }

        int[] stride = Sizes("stride", "1x1"), pad = Sizes("pad", "0x0x0x0"), dilation = Sizes("dilation", "1x1");
        Conv2DShape shape = new(Size("c"), Size("h"), Size("w"), Size("k"), Size("r"), Size("s"))
        {
            StrideH = stride[0],
            StrideW = stride[1],
            PadTop = pad[0],
            PadLeft = pad[1],
            PadBottom = pad[2],
            PadRight = pad[3],
            DilationH = dilation[0],
            DilationW = dilation[1],
            Groups = Sizes("groups", "1")[0],
        };
        shape.Validate();
        ShapeLine line = new(Size("n"), shape);
        line.RequireFeasible();
        return line;

        int Size(string key) => Sizes(key, "0")[0];

        int[] Sizes(string key, string like)
        {
            string value = fields.GetValueOrDefault(key, like);
            string[] parts = value.Split('x');
            int[] sizes = new int[parts.Length];
            bool valid = parts.Length == like.Split('x').Length;
            for (int i = 0; i < parts.Length && valid; i++)
                valid = int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out sizes[i]);
            string expected = like.Length == 1 ? "a number" : $"numbers like {like}";
            return valid ? sizes : throw new FormatException($"{key} is '{value}'; expected {expected} up to {int.MaxValue}");
        }
    }

    /// <summary>Refuses what would take longer or need more memory than a check is worth.</summary>
    private void RequireFeasible()
    {
        Int128 pixels = (Int128)N * Shape.P * Shape.Q;
        Int128 columns = pixels * Shape.C * Shape.R * Shape.S, work = pixels * Shape.K * Shape.Taps;
        Int128 images = (Int128)N * Shape.C * Shape.H * Shape.W, outputs = pixels * Shape.K;
        Int128 largest = Int128.Max(columns, Int128.Max(images, outputs));
        if (largest > Array.MaxLength)
            throw new FormatException($"an array of {largest} elements is too large; expected at most {Array.MaxLength}");
        if (work > MaxMultiplyAdds)
            throw new FormatException($"{work} multiply-adds are too many to check; expected at most {MaxMultiplyAdds}");

        // Each in double, as computed, as expected, as the bound's gauge and as data; the index table; some room.
        Int128 bytes = sizeof(double) * 4 * (columns + images + outputs + Shape.WeightCount);
        long available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2;
        if (bytes > available)
            throw new FormatException(
                $"checking it takes {bytes >> 20} MiB; expected at most {available >> 20}, half of this machine's memory");
    }
}
