using System.Text.Json;

namespace Temper.Mixture.Sources;

/// <summary>
/// Reads JSON Lines: one object a line. Nested values are reached by path (<c>answer/text</c>, <c>choices/0</c>);
/// numbers and booleans keep their JSON spelling, null is an absent column. Blank lines are skipped.
/// </summary>
internal static class JsonRows
{
    public static IEnumerable<Row> Read(SourceFile file, SourceShape shape) =>
        TextLines.Read(file, shape.Encoding)
            .Where(line => !string.IsNullOrWhiteSpace(line.Text))
            .Select(line => Parse(file.At(line.Number), line.Text));

    private static Row Parse(string place, string json)
    {
        var columns = new Dictionary<string, int>(StringComparer.Ordinal);
        var values = new List<string>();
        using var document = StrictJson.ParseObject(place, json);
        Flatten(document.RootElement, "", columns, values);
        return new Row(place, columns, values);
    }

    private static void Flatten(JsonElement element, string path, Dictionary<string, int> columns, List<string> values)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var property in element.EnumerateObject())
                {
                    Flatten(property.Value, Join(path, property.Name), columns, values);
                }

                break;
            case JsonValueKind.Array:
                foreach (var (index, item) in element.EnumerateArray().Index())
                {
                    Flatten(item, Join(path, $"{index}"), columns, values);
                }

                break;
            case JsonValueKind.Null:
                break;
            default:
                Add(path, element, columns, values);
                break;
        }
    }

    private static void Add(string path, JsonElement element, Dictionary<string, int> columns, List<string> values)
    {
        columns[path] = values.Count;
        values.Add(element.ValueKind == JsonValueKind.String ? element.GetString()! : element.GetRawText());
    }

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}/{name}";
}
