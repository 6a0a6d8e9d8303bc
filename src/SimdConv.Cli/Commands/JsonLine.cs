using System.Text;
using System.Text.Json;

namespace SimdConv.Cli.Commands;

/// <summary>Writes one JSON object as one line of standard output.</summary>
internal static class JsonLine
{
    public static void Print(Action<Utf8JsonWriter> writeMembers)
    {
        using MemoryStream text = new();
        using (Utf8JsonWriter json = new(text))
        {
            json.WriteStartObject();
            writeMembers(json);
            json.WriteEndObject();
        }

        Console.Out.WriteLine(Encoding.UTF8.GetString(text.GetBuffer(), 0, (int)text.Length));
    }

    /// <summary>Writes a number; null where JSON has none for it.</summary>
    public static void WriteFinite(this Utf8JsonWriter json, string name, double value)
    {
        if (double.IsFinite(value))
            json.WriteNumber(name, value);
        else
            json.WriteNull(name);
    }
}
