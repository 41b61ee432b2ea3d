using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Temper.Mixture.Tasks;

namespace Temper.Planning.Reading;

/// <summary>Strict JSON: no duplicate keys, no depth that could exhaust a stack.</summary>
internal static class JsonText
{
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 32, AllowDuplicateProperties = false };

    /// <summary>Parses <paramref name="text"/>; null and an error when it is not JSON.</summary>
    public static JsonNode? Parse(string text, List<SpecError> errors)
    {
        try
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            CheckTexts(bytes);
            if (JsonNode.Parse(bytes, documentOptions: Options) is { } node)
            {
                return node;
            }

            errors.Add(new SpecError("$", "The document is null. Write an object with the keys of a run."));
        }
        catch (JsonException e)
        {
            errors.Add(new SpecError("$", $"This is not valid JSON: {e.Message}"));
        }

        return null;
    }

    // The tree keeps texts as they are written: half a character would be found by whoever asks for the value.
    private static void CheckTexts(byte[] text)
    {
        var reader = new Utf8JsonReader(text, new JsonReaderOptions { MaxDepth = Options.MaxDepth });
        while (reader.Read())
        {
            if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName))
            {
                continue;
            }

            try
            {
                _ = reader.GetString();
            }
            catch (InvalidOperationException)
            {
                throw new JsonException($"The text at byte {reader.TokenStartIndex} holds half of a surrogate pair. Write both halves, or the character itself.");
            }
        }
    }
}
