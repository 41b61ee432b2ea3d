using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Temper.Contracts.Models;
using Temper.Mixture.Sources;

namespace Temper.Planning.Models;

/// <summary>
/// A model folder in Hugging Face's layout, as far as it can be told without reading the weights: <c>config.json</c>, and
/// <c>model.safetensors</c> or shards of it listed in <c>model.safetensors.index.json</c>.
/// </summary>
public static class T5Files
{
    /// <summary>The configuration.</summary>
    public const string Config = "config.json";

    /// <summary>The weights, where one file holds them.</summary>
    public const string SingleFile = "model.safetensors";

    /// <summary>The list of the files that hold the weights, where several do.</summary>
    public const string IndexFile = "model.safetensors.index.json";

    private const string GenerationConfig = "generation_config.json";
    private const string Head = "lm_head.weight";

    // Weights in the formats of other programs, which are not read.
    private static readonly string[] s_otherFormats = ["pytorch_model.bin", "pytorch_model.bin.index.json", "tf_model.h5", "flax_model.msgpack"];

    /// <summary>The shape of the model in <paramref name="folder"/>; whether its head is its own may be told by the names of the weights.</summary>
    /// <exception cref="InvalidDataException">A file is missing or unreadable; says what was found and what to do.</exception>
    /// <exception cref="FormatException">The configuration is not one that is computed here.</exception>
    public static T5Config ReadConfig(string folder)
    {
        var path = Path.Combine(folder, Config);
        var generation = Path.Combine(folder, GenerationConfig);
        try
        {
            return T5ConfigJson.Parse(Text(path), () => HasHead(folder), File.Exists(generation) ? Text(generation) : null);
        }
        catch (FormatException e)
        {
            // Its message begins with the name of the file.
            throw new FormatException(Path.Combine(folder, e.Message), e);
        }
    }

    /// <summary>The safetensors files of <paramref name="folder"/>, which exist.</summary>
    /// <exception cref="InvalidDataException">There are none, or not all; says what was found and what to do.</exception>
    public static string[] Weights(string folder)
    {
        var index = Path.Combine(folder, IndexFile);
        var files = File.Exists(index) ? Shards(folder, index) : [Path.Combine(folder, SingleFile)];
        return Array.Find(files, file => !File.Exists(file)) is { } missing ? throw new InvalidDataException(Missing(folder, missing)) : files;
    }

    private static bool HasHead(string folder) => Weights(folder).Any(file => SafeTensorsHeader.Shapes(file).ContainsKey(Head));

    private static string Missing(string folder, string missing)
    {
        var found = s_otherFormats.Where(name => File.Exists(Path.Combine(folder, name))).ToList();
        return found.Count == 0
            ? $"{folder} has no {Path.GetFileName(missing)}. Put the weights there in the safetensors format."
            : $"{folder} has its weights in {string.Join(" and ", found)}, which is not read, and no {Path.GetFileName(missing)}. "
                + "Convert it with Hugging Face's transformers: T5ForConditionalGeneration.from_pretrained(folder).save_pretrained(folder, safe_serialization=True).";
    }

    private static string Text(string path)
    {
        var bytes = File.ReadAllBytes(path);
        return GitLfsPointer.Problem(bytes) is { } problem ? throw new InvalidDataException($"'{path}' cannot be used: {problem}.") : Encoding.UTF8.GetString(bytes);
    }

    private static string[] Shards(string folder, string index)
    {
        try
        {
            var map = JsonNode.Parse(Text(index))?["weight_map"]?.AsObject() ?? throw new InvalidDataException($"'{index}' has no weight_map.");
            var names = map.Select(entry => entry.Value?.GetValue<string>() ?? "").Distinct(StringComparer.Ordinal).ToArray();
            return Array.Find(names, name => name.Length == 0 || Path.GetFileName(name) != name) is { } outside
                ? throw new InvalidDataException($"'{index}' points to '{outside}', which is no file beside it.")
                : Array.ConvertAll(names, name => Path.Combine(folder, name));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"'{index}' is not an index of shards: {e.Message}", e);
        }
    }
}
