using System.Text.Json;

namespace Temper.Mixture.Sources;

/// <summary>
/// Reads JSON Lines: one object a line. Nested values are reached by path (<c>answer/text</c>, <c>choices/0</c>);
/// numbers and booleans keep their JSON spelling, null is an absent column. A name that holds a slash itself must not be the path of another value.
/// Blank lines are skipped.
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
        Flatten(place, document.RootElement, "", columns, values);
        return new Row(place, columns, values);
    }

    private static void Flatten(string place, JsonElement element, string path, Dictionary<string, int> columns, List<string> values)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var property in element.EnumerateObject())
                {
                    Flatten(place, property.Value, Join(path, property.Name), columns, values);
                }

                break;
            case JsonValueKind.Array:
                foreach (var (index, item) in element.EnumerateArray().Index())
                {
                    Flatten(place, item, Join(path, $"{index}"), columns, values);
                }

                break;
            case JsonValueKind.Null:
                break;
            default:
                Add(place, path, element, columns, values);
                break;
        }
    }

    private static void Add(string place, string path, JsonElement element, Dictionary<string, int> columns, List<string> values)
    {
        // Names within an object differ, so one of the two holds a slash itself.
        if (columns.ContainsKey(path))
        {
            throw new SourceException(place, $"There are two values for '{path}': one under that name, and one that is nested. Rename one of them.");
        }

        columns[path] = values.Count;
        values.Add(element.ValueKind == JsonValueKind.String ? element.GetString()! : element.GetRawText());
    }

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}/{name}";
}
