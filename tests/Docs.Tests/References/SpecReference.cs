using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Temper.Docs.Tests.References;

/// <summary>A schema as a page for people: a table for each object, with the places where it is written.</summary>
/// <param name="schema">The schema.</param>
/// <param name="links">Where objects are described that are no tables of this page: definition → link.</param>
internal sealed class SpecReference(JsonObject schema, IReadOnlyDictionary<string, string> links)
{
    private readonly JsonObject _definitions = schema["$defs"]!.AsObject();
    private readonly List<(string Definition, List<(string Place, string Meaning)> Places)> _met = [];

    /// <summary>The tables.</summary>
    /// <param name="top">Heading of the table of the whole document.</param>
    public string Page(string top)
    {
        Meet(schema, "");
        var page = new StringBuilder();
        page.Append(CultureInfo.InvariantCulture, $"## {top}\n\n");
        Table(page, schema);
        foreach (var (definition, places) in _met)
        {
            page.Append(CultureInfo.InvariantCulture, $"\n## {definition}\n\n");
            foreach (var (place, meaning) in places)
            {
                page.Append(CultureInfo.InvariantCulture, $"- `{place}`: {Words(meaning)}\n");
            }

            page.Append('\n');
            Table(page, _definitions[definition]!.AsObject());
        }

        return page.ToString();
    }

    /// <summary>The objects of the schema, by name.</summary>
    public static IEnumerable<string> Definitions(JsonObject schema) => schema["$defs"]!.AsObject().Select(pair => pair.Key);

    // Objects in the order in which a reader comes across them, each with all places where it may stand.
    private void Meet(JsonObject @object, string path)
    {
        foreach (var (key, node) in @object["properties"]!.AsObject())
        {
            var place = path.Length == 0 ? key : $"{path}.{key}";
            var (reference, within) = Reference(node!.AsObject(), place);
            if (reference is null || links.ContainsKey(reference))
            {
                continue;
            }

            var meaning = (string)node["description"]!;
            var known = _met.Find(met => met.Definition == reference).Places;
            if (known is not null)
            {
                known.Add((within, meaning));
                continue;
            }

            _met.Add((reference, [(within, meaning)]));
            Meet(_definitions[reference]!.AsObject(), within);
        }
    }

    private static (string? Definition, string Place) Reference(JsonObject node, string place) => node switch
    {
        _ when (string?)node["$ref"] is { } reference => (reference["#/$defs/".Length..], place),
        _ when node["anyOf"] is JsonArray ways => ways.Select(way => Reference(way!.AsObject(), place)).FirstOrDefault(way => way.Item1 is not null),
        _ when node["items"] is JsonObject items => Reference(items, $"{place}[i]"),
        _ when node["additionalProperties"] is JsonObject entry => Reference(entry, $"{place}.NAME"),
        _ => (null, place),
    };

    private void Table(StringBuilder page, JsonObject @object)
    {
        var required = (@object["required"] as JsonArray ?? []).Select(key => (string)key!).ToHashSet(StringComparer.Ordinal);
        page.Append("| key | type | default | range | meaning |\n|---|---|---|---|---|\n");
        foreach (var (key, node) in @object["properties"]!.AsObject())
        {
            var otherwise = required.Contains(key) ? "**required**" : node!["default"] is { } value ? $"`{Literal(value)}`" : "";
            page.Append(CultureInfo.InvariantCulture, $"| `{key}` | {Type(node!.AsObject())} | {otherwise} | {Range(node)} | {Words((string)node["description"]!)} |\n");
        }
    }

    private string Type(JsonObject node) => node switch
    {
        _ when (string?)node["$ref"] is { } reference => Link(reference["#/$defs/".Length..]),
        _ when node["anyOf"] is JsonArray ways => string.Join(" or ", ways.Select(way => Type(way!.AsObject())).Where(type => type != "nothing")),
        _ when node["enum"] is JsonArray values => string.Join(", ", values.Where(value => value is not null).Select(value => $"`{value}`")),
        _ => Types(node) switch
        {
            ["array"] => $"list of {Many(Type(node["items"]!.AsObject()))}",
            ["object"] => $"name: {Type(node["additionalProperties"]!.AsObject())}",
            ["integer"] => "whole number",
            ["number", ..] => "number",
            ["boolean"] => "true or false",
            ["string", ..] => "text",
            [] => "nothing",
            var other => throw new InvalidOperationException($"No word for {string.Join(", ", other)}."),
        },
    };

    private static string Many(string type) => type is "text" or "number" or "whole number" ? $"{type}s" : type;

    private static List<string> Types(JsonObject node) =>
        [.. (node["type"] is JsonArray types ? types.Select(type => (string)type!) : [(string)node["type"]!]).Where(type => type != "null")];

    private string Link(string definition) => links.TryGetValue(definition, out var link) ? link : $"[{definition}](#{definition})";

    private static string Range(JsonNode node) => (node["minimum"], node["maximum"]) switch
    {
        ({ } least, { } most) => $"{Number(least)} to {Number(most)}",
        ({ } least, null) => $"at least {Number(least)}",
        _ => "",
    };

    private static string Literal(JsonNode value) => value.GetValueKind() == JsonValueKind.Number ? Number(value) : value.ToJsonString().Trim('"');

    private static string Number(JsonNode number)
    {
        var value = number.GetValue<decimal>();
        return value.ToString(value is >= 0.001m or 0 ? "#,0.#####" : "0.##e-0", CultureInfo.InvariantCulture);
    }

    // What Markdown would take for a tag or for the end of a cell.
    private static string Words(string text) => text.Replace("<", "\\<", StringComparison.Ordinal).Replace("|", "\\|", StringComparison.Ordinal);
}
