using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Temper.Mixture.Tasks;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Temper.Planning.Reading;

/// <summary>
/// YAML as a JSON tree, with the types of YAML 1.2's core schema. Bounded: an alias that stands for a lot is counted each time it is
/// used, so that a few lines cannot grow into gigabytes.
/// </summary>
internal static class YamlText
{
    private const int MaxNodes = 100_000;
    private const int MaxDepth = 32;

    /// <summary>Parses <paramref name="text"/>; null and an error when it is not one YAML document of bounded size.</summary>
    public static JsonNode? Parse(string text, List<SpecError> errors)
    {
        try
        {
            var stream = Load(text);
            if (stream.Documents.Count != 1)
            {
                errors.Add(new SpecError("$", $"There are {stream.Documents.Count} YAML documents. Write exactly one."));
                return null;
            }

            var nodes = 0;
            if (Convert(stream.Documents[0].RootNode, 0, ref nodes) is { } root)
            {
                return root;
            }

            errors.Add(new SpecError("$", "The document is empty. Write an object with the keys of a run."));
        }
        catch (YamlException e)
        {
            errors.Add(new SpecError("$", $"This is not valid YAML, line {e.Start.Line}, column {e.Start.Column}: {e.Message}"));
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or OverflowException)
        {
            // So the parser fails at some texts that are broken in rare ways, without a place.
            errors.Add(new SpecError("$", $"This is not valid YAML: {e.Message}"));
        }

        return null;
    }

    /// <summary>The documents of a text whose depth is bounded.</summary>
    /// <exception cref="YamlException">It is no YAML, or nested too deep.</exception>
    public static YamlStream Load(string text)
    {
        CheckDepth(text);
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        return stream;
    }

    // Before the tree is built: building it takes a stack frame for each level.
    private static void CheckDepth(string text)
    {
        var parser = new Parser(new StringReader(text));
        var depth = 0;
        while (parser.MoveNext())
        {
            depth += parser.Current!.NestingIncrease;
            // A document and its stream count as levels of their own.
            if (depth > MaxDepth + 2)
            {
                throw new YamlException(parser.Current.Start, parser.Current.End, $"Values are nested more than {MaxDepth} levels deep.");
            }
        }
    }

    private static JsonNode? Convert(YamlNode node, int depth, ref int nodes)
    {
        if (++nodes > MaxNodes)
        {
            throw new YamlException(node.Start, node.End, $"With its aliases written out the document has more than {MaxNodes} values.");
        }

        if (depth > MaxDepth)
        {
            throw new YamlException(node.Start, node.End, $"Values are nested more than {MaxDepth} levels deep.");
        }

        switch (node)
        {
            case YamlMappingNode mapping:
                var result = new JsonObject();
                foreach (var (key, value) in mapping.Children)
                {
                    if (key is not YamlScalarNode { Value: { } name })
                    {
                        throw new YamlException(key.Start, key.End, "A key must be a plain text.");
                    }

                    result.Add(name, Convert(value, depth + 1, ref nodes));
                }

                return result;
            case YamlSequenceNode sequence:
                var items = new JsonArray();
                foreach (var item in sequence.Children)
                {
                    items.Add(Convert(item, depth + 1, ref nodes));
                }

                return items;
            default:
                return Scalar((YamlScalarNode)node);
        }
    }

    private static JsonValue? Scalar(YamlScalarNode node)
    {
        var text = node.Value ?? "";
        if (node.Style is not (ScalarStyle.Plain or ScalarStyle.Any))
        {
            return JsonValue.Create(text);
        }

        return text switch
        {
            "" or "~" or "null" or "Null" or "NULL" => null,
            "true" or "True" or "TRUE" => JsonValue.Create(true),
            "false" or "False" or "FALSE" => JsonValue.Create(false),
            _ => Number(text) ?? JsonValue.Create(text),
        };
    }

    // Numbers keep the digits that were written (as a JSON element), so that 1.0 can still be read as the text "1.0".
    private static JsonValue? Number(string text)
    {
        if (!(char.IsAsciiDigit(text[0]) || (text[0] is '-' or '+' or '.' && text.Length > 1)))
        {
            return null;
        }

        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) || !double.IsFinite(number))
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(text);
            return JsonValue.Create(document.RootElement.Clone());
        }
        catch (JsonException)
        {
            // YAML knows spellings that JSON does not, such as .5, +1 and 007.
            return JsonValue.Create(number);
        }
    }
}
