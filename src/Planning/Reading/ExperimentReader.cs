using System.Text.Json.Nodes;
using Temper.Contracts.Experiments;
using Temper.Mixture.Tasks;
using Temper.Planning.Experiments;

namespace Temper.Planning.Reading;

/// <summary>
/// Reads an <see cref="ExperimentSpec"/> from YAML or JSON. Stages, parents and larger models are written as what they change of <c>base</c>: a JSON
/// merge patch (RFC 7396), except that <c>tasks</c> takes the place of the base's tasks as a whole, and may be a list of names of those to keep.
/// Checks shape, types and ranges; meaning is for <see cref="ExperimentPlanner"/>.
/// </summary>
public static class ExperimentReader
{
    // What base is written behind so many changes of it may grow to: a short text must not become gigabytes.
    private const int MaxNodes = 200_000;
    private const string Tasks = "tasks";
    private const string Name = "name";

    /// <summary>The keys of the kinds of questions, of which a spec has exactly one.</summary>
    internal static IReadOnlyList<string> Kinds { get; } = ["mixture_study", "ensemble", "scaling", "comparison"];

    /// <summary>Reads a spec: the spec, or every mistake that was found.</summary>
    public static SpecResult<ExperimentSpec> Read(string text)
    {
        var errors = new List<SpecError>();
        var spec = Read(text, errors);
        return new SpecResult<ExperimentSpec>(errors.Count == 0 ? spec : null, errors);
    }

    /// <summary>Reads what can be read: with errors the result lacks what was wrong. Null if the text is no document at all.</summary>
    internal static ExperimentSpec? Read(string text, List<SpecError> errors)
    {
        if (SpecReader.Document(text, errors) is not { } document)
        {
            return null;
        }

        var patched = document is JsonObject root ? Complete(root, errors) : [];
        var spec = SpecBinder.Bind<ExperimentSpec>(document, errors);
        if (document is JsonObject given && Kinds.Count(given.ContainsKey) != 1)
        {
            errors.Add(new SpecError("$", $"An experiment asks one question. Write one of {string.Join(", ", Kinds)}."));
        }

        // A mistake in base shows again wherever base was completed from it: it is told where it was made.
        var told = errors.ToHashSet();
        errors.RemoveAll(error => Beginnings(error.Path).Any(place => patched.TryGetValue(place, out var origin)
            && told.Contains(error with { Path = $"{origin}{error.Path[place.Length..]}" })));
        return spec;
    }

    // Of base.model.size: base, base.model.
    private static IEnumerable<string> Beginnings(string path) => path.Index().Where(character => character.Item == '.').Select(dot => path[..dot.Index]);

    /// <summary>Puts base behind everything that changes it.</summary>
    /// <returns>The places that were completed, and what of.</returns>
    private static Dictionary<string, string> Complete(JsonObject root, List<SpecError> errors)
    {
        var places = new Dictionary<string, string>(StringComparer.Ordinal);
        if (root["base"] is not JsonObject @base)
        {
            return places;
        }

        var room = MaxNodes / Math.Max(1, Nodes(@base));
        var name = root[Name]?.DeepClone();
        NameIt(@base, name, "base", errors);
        Patch(root["ensemble"], "parent", "ensemble");
        Patch(root["scaling"], "pretrain", "scaling");
        PatchAll((root["scaling"] as JsonObject)?["larger"], "scaling.larger", @base["model"] as JsonObject ?? [], "base.model");
        foreach (var (recipe, node) in (root["comparison"] as JsonObject)?["recipes"] as JsonObject ?? [])
        {
            PatchAll((node as JsonObject)?["stages"], $"comparison.recipes.{recipe}.stages", @base, "base");
        }

        return places;

        void Patch(JsonNode? owner, string key, string path)
        {
            if ((owner as JsonObject)?[key] is JsonObject patch)
            {
                owner[key] = Merge(@base, patch, $"{path}.{key}", "base");
            }
        }

        void PatchAll(JsonNode? list, string path, JsonObject origin, string originPath)
        {
            for (var i = 0; i < ((list as JsonArray)?.Count ?? 0); i++)
            {
                if (list![i] is JsonObject patch)
                {
                    list[i] = Merge(origin, patch, $"{path}[{i}]", originPath);
                }
            }
        }

        JsonObject Merge(JsonObject origin, JsonObject patch, string path, string originPath)
        {
            if (places.Count == room)
            {
                errors.Add(new SpecError(path, $"Written out, base and {room + 1} changes of it have more than {MaxNodes} values. Write fewer stages, or a shorter base."));
            }

            places.Add(path, originPath);
            if (places.Count > room)
            {
                return (JsonObject)patch.DeepClone();
            }

            if (originPath == "base")
            {
                NameIt(patch, name, path, errors);
                TakeTasks(@base, patch, path, errors);
            }

            return Merged(origin, patch);
        }
    }

    // Runs of an experiment are named by it.
    private static void NameIt(JsonObject run, JsonNode? name, string path, List<SpecError> errors)
    {
        if (run.ContainsKey(Name))
        {
            errors.Add(new SpecError($"{path}.{Name}", "The runs of an experiment are named after it. Leave the name out."));
        }

        // Whatever is wrong with the experiment's own name is told there.
        run[Name] = name is JsonValue value && value.TryGetValue<string>(out var text) && text.Length is > 0 and <= 40 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') && char.IsAsciiLetterOrDigit(text[0])
            ? text
            : "unnamed";
    }

    private static void TakeTasks(JsonObject @base, JsonObject patch, string path, List<SpecError> errors)
    {
        if (patch[Tasks] is not JsonArray names)
        {
            return;
        }

        var known = @base[Tasks] as JsonObject ?? [];
        var taken = new JsonObject();
        foreach (var (i, node) in names.Index())
        {
            if (node is JsonValue value && value.TryGetValue<string>(out var task) && known.ContainsKey(task))
            {
                taken[task] = known[task]?.DeepClone();
            }
            else
            {
                errors.Add(new SpecError($"{path}.{Tasks}[{i}]", $"{node?.ToJsonString() ?? "This"} is no task of base. Name one of {string.Join(", ", known.Select(pair => pair.Key))}, or write the tasks out by name."));
            }
        }

        patch[Tasks] = taken;
    }

    private static int Nodes(JsonNode? node) => node switch
    {
        JsonObject map => 1 + map.Sum(pair => Nodes(pair.Value)),
        JsonArray list => 1 + list.Sum(Nodes),
        _ => 1,
    };

    private static JsonObject Merged(JsonObject origin, JsonObject patch)
    {
        var result = (JsonObject)origin.DeepClone();
        foreach (var (key, node) in patch)
        {
            if (node is null)
            {
                result.Remove(key);
            }
            else
            {
                result[key] = node is JsonObject inner && key != Tasks && result[key] is JsonObject known ? Merged(known, inner) : node.DeepClone();
            }
        }

        return result;
    }
}
