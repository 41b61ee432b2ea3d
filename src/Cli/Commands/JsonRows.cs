using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Temper.Cli.Files;
using Temper.Mixture.Sources;
using Temper.Worker.Models;

namespace Temper.Cli.Commands;

/// <summary>Rows of JSON Lines as the commands that use a model take and give them.</summary>
internal static class JsonRows
{
    // People read these files too: letters stay letters.
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>All rows; blank lines are none.</summary>
    /// <exception cref="SourceException">A line is no text or no JSON object, or a name stands twice in an object; names the line.</exception>
    public static List<JsonObject> Read(FileInfo file) =>
    [
        .. InputLines.Read(file)
            .Where(line => !string.IsNullOrWhiteSpace(line.Text))
            .Select(line => Parse($"{file.Name}:{line.Number}", line.Text)),
    ];

    /// <summary>Writes all rows.</summary>
    public static void Write(OutputFile file, IEnumerable<JsonObject> rows) => file.Write(writer =>
    {
        foreach (var row in rows)
        {
            writer.WriteLine(row.ToJsonString(Readable));
        }
    });

    /// <summary>The ids of a field: given as ids, or as text, which gets its end of sequence.</summary>
    /// <param name="row">The row.</param>
    /// <param name="number">Its number, from 1, for messages.</param>
    /// <param name="textKey"><c>inputs</c> or <c>targets</c>.</param>
    /// <param name="idsKey"><c>input_ids</c> or <c>target_ids</c>.</param>
    /// <param name="models">What is asked, for its vocabulary and the range of ids.</param>
    /// <param name="encode">Text to ids.</param>
    public static int[] Ids(JsonObject row, int number, string textKey, string idsKey, ModelSet models, Func<string, int[]> encode)
    {
        if (row[idsKey] is JsonArray array)
        {
            return [.. array.Select(item => Id(item, number, idsKey, models))];
        }

        if (row[textKey] is not JsonValue value || value.GetValueKind() != JsonValueKind.String)
        {
            throw new InvalidDataException($"Row {number} has neither \"{textKey}\" (a text) nor \"{idsKey}\" (a list of ids). Give one of them.");
        }

        return models.Vocabulary is null
            ? throw new InvalidDataException($"Row {number} has text, but the model folder has no vocabulary. {models.VocabularyRemedy} Or give \"{idsKey}\".")
            : Known(encode(value.GetValue<string>()), number, textKey, models);
    }

    /// <summary>The ids of a text; a vocabulary may have more ids than the model's table has rows.</summary>
    private static int[] Known(int[] ids, int number, string key, ModelSet models) => Array.FindIndex(ids, id => id >= models.VocabularySize) is var at && at >= 0
        ? throw new InvalidDataException($"Row {number}: \"{key}\" holds id {ids[at]}, and the table of {models.Name} ends at {models.VocabularySize - 1}: the vocabulary in the folder is that of another model. Put the right one there.")
        : ids;

    private static JsonObject Parse(string place, string line)
    {
        using var document = StrictJson.ParseObject(place, line);
        return JsonObject.Create(document.RootElement.Clone())!;
    }

    private static int Id(JsonNode? item, int number, string key, ModelSet models) =>
        item is JsonValue value && value.TryGetValue<int>(out var id) && id >= 0 && id < models.VocabularySize
            ? id
            : throw new InvalidDataException($"Row {number}: {item?.ToJsonString() ?? "null"} in \"{key}\" is no id of this model. Ids are whole numbers from 0 to {models.VocabularySize - 1}.");
}
