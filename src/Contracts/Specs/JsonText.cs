using System.Text.Json;
using System.Text.Json.Nodes;
using Temper.Mixture.Tasks;

namespace Temper.Contracts.Specs;

/// <summary>Strict JSON: no duplicate keys, no depth that could exhaust a stack.</summary>
internal static class JsonText
{
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 32, AllowDuplicateProperties = false };

    /// <summary>Parses <paramref name="text"/>; null and an error when it is not JSON.</summary>
    public static JsonNode? Parse(string text, List<SpecError> errors)
    {
        try
        {
            if (JsonNode.Parse(text, documentOptions: Options) is { } node)
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
}
