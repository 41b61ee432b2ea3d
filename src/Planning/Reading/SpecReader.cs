using System.Text.Json.Nodes;
using Temper.Contracts.Specs;
using Temper.Mixture.Tasks;
using Temper.Planning.Runs;

namespace Temper.Planning.Reading;

/// <summary>Reads a <see cref="RunSpec"/> from YAML or JSON text. Checks shape, types and ranges; meaning is for <see cref="RunPlanner"/>.</summary>
public static class SpecReader
{
    /// <summary>
    /// Reads a spec. JSON is YAML too, but text that begins with a brace is read as strict JSON, whose errors are plainer.
    /// </summary>
    /// <returns>The spec, or every mistake that was found.</returns>
    public static SpecResult<RunSpec> Read(string text)
    {
        var errors = new List<SpecError>();
        var spec = Read(text, errors);
        return new SpecResult<RunSpec>(errors.Count == 0 ? spec : null, errors);
    }

    /// <summary>Reads what can be read: with errors the result lacks what was wrong. Null if the text is no document at all.</summary>
    internal static RunSpec? Read(string text, List<SpecError> errors) =>
        Document(text, errors) is { } document ? SpecBinder.Bind<RunSpec>(document, errors) : null;

    /// <summary>The text as a tree, not yet understood; null, and an error, if it is no document at all.</summary>
    internal static JsonNode? Document(string text, List<SpecError> errors) =>
        text.TrimStart().StartsWith('{') ? JsonText.Parse(text, errors) : YamlText.Parse(text, errors);
}

/// <summary>A value, or every reason why there is none.</summary>
/// <param name="Value">The value; null exactly when there are errors.</param>
/// <param name="Errors">What is wrong.</param>
public sealed record SpecResult<T>(T? Value, IReadOnlyList<SpecError> Errors)
    where T : class;
