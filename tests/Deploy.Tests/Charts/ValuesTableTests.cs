using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using YamlDotNet.RepresentationModel;

namespace Temper.Deploy.Tests.Charts;

/// <summary>The table in the chart's README, the schema and the defaults speak of the same values.</summary>
public sealed partial class ValuesTableTests
{
    private static readonly JsonObject s_schema = (JsonObject)JsonNode.Parse(File.ReadAllText(Path.Combine(Chart.Folder, "values.schema.json")))!;

    [Fact]
    public void Every_value_of_the_schema_is_explained_and_no_other()
    {
        var explained = Rows().Select(row => row.Name).Where(name => name != "agents");

        // `global` is Helm's own.
        Assert.Equal(Leaves(s_schema, "").Where(name => name != "global").Order(StringComparer.Ordinal), explained.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_defaults_in_the_table_are_the_defaults()
    {
        var values = new YamlStream();
        using var reader = File.OpenText(Path.Combine(Chart.Folder, "values.yaml"));
        values.Load(reader);
        foreach (var (name, shown) in Rows())
        {
            if (Literal().Match(shown) is { Success: true } literal && Find(values.Documents[0].RootNode, name.Replace("*", "cpu", StringComparison.Ordinal)) is YamlScalarNode value)
            {
                Assert.Equal((name, literal.Groups[1].Value.Trim('"')), (name, value.Value));
            }
        }
    }

    [Fact]
    public void No_level_of_the_schema_takes_what_it_does_not_know() => Assert.All(Objects(s_schema), one =>
        Assert.True(one["additionalProperties"] is JsonObject or JsonValue, one.ToJsonString()));

    private static IEnumerable<(string Name, string Default)> Rows() => Row().Matches(File.ReadAllText(Path.Combine(Chart.Folder, "README.md")).Split("\n## ").Single(part => part.StartsWith("Values", StringComparison.Ordinal))).Select(match => (match.Groups[1].Value, match.Groups[2].Value));

    private static IEnumerable<string> Leaves(JsonNode schema, string path)
    {
        var children = (schema["properties"] as JsonObject ?? []).Select(pair => (pair.Key, pair.Value!));
        if (schema["additionalProperties"] is JsonObject any && any["properties"] is not null)
        {
            children = children.Append(("*", any));
        }

        return children.Any() ? children.SelectMany(child => Leaves(child.Item2, path.Length == 0 ? child.Item1 : $"{path}.{child.Item1}")) : [path];
    }

    private static IEnumerable<JsonObject> Objects(JsonNode schema) => schema switch
    {
        JsonObject one => one.SelectMany(pair => pair.Value is null ? [] : Objects(pair.Value)).Concat(one["properties"] is JsonObject && (string?)one["type"] == "object" ? [one] : []),
        JsonArray many => many.SelectMany(one => one is null ? [] : Objects(one)),
        _ => [],
    };

    private static YamlNode? Find(YamlNode node, string path) => path.Split('.').Aggregate<string, YamlNode?>(node, (at, name) => at is YamlMappingNode map && map.Children.TryGetValue(name, out var child) ? child : null);

    [GeneratedRegex(@"^\| `([^`]+)` \| (.*?) \|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex("^`([^`]*)`$")]
    private static partial Regex Literal();
}
