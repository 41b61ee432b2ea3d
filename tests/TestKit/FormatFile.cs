using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Temper.TestKit;

/// <summary>
/// Golden files of what is written to disk or sent to others, in <c>tests/Formats</c>. They hold names as they are written, never those of types:
/// renaming a type or a property must not change one. What an earlier version wrote must stay readable.
/// </summary>
public static class FormatFile
{
    private static readonly JsonSerializerOptions s_readable = new() { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Compares the format of a document with its file: all keys, and all words of all enums.</summary>
    /// <param name="name">Name of the file, without its extension.</param>
    /// <param name="write">Writes a document as the program does.</param>
    /// <param name="read">Reads it as the program does; null for what the program only writes.</param>
    /// <param name="words">How enums are written.</param>
    public static void IsOf<T>(string name, Func<T, string> write, Func<string, T>? read, JsonSerializerOptions words)
    {
        var filled = new Filled();
        var written = write(filled.Of<T>());
        var enums = filled.Enums
            .Select(type => new JsonArray([.. Enum.GetValues(type).Cast<object>().Select(value => JsonSerializer.SerializeToNode(value, type, words))]))
            .OrderBy(array => array.ToJsonString(), StringComparer.Ordinal);
        Is($"{name}.json", new JsonObject { ["document"] = JsonNode.Parse(written), ["words"] = new JsonArray([.. enums]) }.ToJsonString(s_readable));
        if (read is not null)
        {
            var kept = JsonNode.Parse(File.ReadAllText(Path.Combine(Repository.Root, Folder, $"{name}.json")))!["document"]!.ToJsonString();
            Assert.Equal(JsonNode.Parse(kept)!.ToJsonString(s_readable), JsonNode.Parse(write(read(kept)))!.ToJsonString(s_readable));
        }
    }

    /// <summary>Compares any text with its file.</summary>
    public static void Is(string file, string made) => CheckedIn.Is(Path.Combine(Folder, file), made);

    /// <summary>JSON on several lines.</summary>
    public static string Readable(string json) => JsonNode.Parse(json)!.ToJsonString(s_readable);

    private static string Folder => Path.Combine("tests", "Formats");
}
