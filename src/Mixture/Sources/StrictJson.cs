using System.Text.Json;

namespace Temper.Mixture.Sources;

/// <summary>Rows of JSON Lines, strictly: an object a line, no name twice in an object, no half characters.</summary>
public static class StrictJson
{
    /// <summary>Parses a line.</summary>
    /// <param name="place">File and line, for messages.</param>
    /// <param name="json">The line.</param>
    /// <exception cref="SourceException">It is not an object, a name stands twice in an object, or a text holds half of a surrogate pair.</exception>
    public static JsonDocument ParseObject(string place, string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        var document = Parse(place, json);
        try
        {
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw new SourceException(place, $"The line is a JSON {document.RootElement.ValueKind}, not an object. JSON Lines needs one {{...}} a line.");
            }

            Check(place, document.RootElement, mayHoldHalves: json.Contains(@"\ud", StringComparison.OrdinalIgnoreCase));
            return document;
        }
        catch (Exception e)
        {
            document.Dispose();
            throw e is InvalidOperationException
                ? new SourceException(place, "A string holds half of a surrogate pair (\\ud800 to \\udfff). Write the whole pair, or the character itself.", e)
                : e;
        }
    }

    private static JsonDocument Parse(string place, string json)
    {
        try
        {
            return JsonDocument.Parse(json);
        }
        catch (JsonException e)
        {
            throw new SourceException(place, $"The line is not valid JSON near byte {e.BytePositionInLine}. JSON Lines needs one whole object a line.", e);
        }
    }

    // The document keeps texts as they are written: half a character would be found by whoever asks for the value, or never.
    private static void Check(string place, JsonElement element, bool mayHoldHalves)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                var names = new HashSet<string>(StringComparer.Ordinal);
                foreach (var property in element.EnumerateObject())
                {
                    if (!names.Add(property.Name))
                    {
                        throw new SourceException(place, $"The name '{property.Name}' stands twice in an object. Which of the two counts nobody can know: remove one.");
                    }

                    Check(place, property.Value, mayHoldHalves);
                }

                break;
            case JsonValueKind.Array:
                foreach (var item in element.EnumerateArray())
                {
                    Check(place, item, mayHoldHalves);
                }

                break;
            case JsonValueKind.String when mayHoldHalves:
                _ = element.GetString();
                break;
        }
    }
}
