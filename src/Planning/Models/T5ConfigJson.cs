using System.Text.Json;
using System.Text.Json.Nodes;
using Temper.Contracts.Models;
using Temper.Mixture.Vocabularies;

namespace Temper.Planning.Models;

/// <summary>Reads and writes <see cref="T5Config"/> as Hugging Face's <c>config.json</c>.</summary>
public static class T5ConfigJson
{
    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true };

    /// <summary>Parses a <c>config.json</c>; keys that do not shape the computation are ignored.</summary>
    /// <remarks>
    /// transformers 5 writes <c>tie_word_embeddings: true</c> for every model, since the stacks share their embedding, and beside it
    /// <c>scale_decoder_outputs</c>, which transformers 4 does not know: there the model has a head of its own where the weights hold one.
    /// </remarks>
    /// <param name="json">The file's text.</param>
    /// <param name="hasHead">Whether the weights hold an output matrix; asked only where the configuration leaves it open.</param>
    /// <param name="generationJson">The text of <c>generation_config.json</c>, which may name other special ids; null if there is none.</param>
    /// <exception cref="FormatException">Not a T5 configuration, or one that this implementation does not compute: all reasons at once.</exception>
    public static T5Config Parse(string json, Func<bool>? hasHead = null, string? generationJson = null)
    {
        var root = Root(json, "config.json");
        var problems = new List<string>();
        var modelType = Read(root, "model_type", "t5", problems);
        if (modelType is not ("t5" or "mt5"))
        {
            problems.Add($"model_type is '{modelType}'; only 't5' and 'mt5' are known.");
        }

        var projection = Read(root, "feed_forward_proj", "relu", problems);
        if (projection is not ("relu" or "gated-gelu"))
        {
            problems.Add($"feed_forward_proj is '{projection}'; only 'relu' and 'gated-gelu' are known.");
        }

        CheckSpecialIds(root, "", problems);
        if (generationJson is not null)
        {
            CheckSpecialIds(Root(generationJson, "generation_config.json"), "generation_config.json: ", problems);
        }

        var tied = Read(root, "tie_word_embeddings", true, problems);
        bool? scaled = null;
        if (root["scale_decoder_outputs"] is not null)
        {
            var scales = Read(root, "scale_decoder_outputs", tied, problems);
            tied = tied && !(hasHead?.Invoke() ?? false);
            scaled = scales == tied ? null : scales;
        }

        var layers = Read(root, "num_layers", 6, problems);
        var config = new T5Config(
            Read(root, "vocab_size", 32128, problems),
            Read(root, "d_model", 512, problems),
            Read(root, "d_kv", 64, problems),
            Read(root, "d_ff", 2048, problems),
            Read(root, "num_heads", 8, problems),
            layers,
            Read(root, "num_decoder_layers", layers, problems),
            projection == "gated-gelu",
            tied,
            Read(root, "dropout_rate", 0.1, problems),
            Read(root, "relative_attention_num_buckets", 32, problems),
            Read(root, "relative_attention_max_distance", 128, problems),
            Read(root, "layer_norm_epsilon", 1e-6, problems),
            scaled);
        problems.AddRange(config.Problems());
        return problems.Count == 0 ? config : throw new FormatException($"config.json: {string.Join(' ', problems)}");
    }

    /// <summary>The configuration in Hugging Face's form.</summary>
    public static string Format(T5Config config)
    {
        var root = Published(config);
        if (config.ScaledOutput is { } scaled)
        {
            root["scale_decoder_outputs"] = scaled;
        }

        return root.ToJsonString(s_indented);
    }

    private static JsonObject Published(T5Config config) => new()
    {
        ["architectures"] = new JsonArray("T5ForConditionalGeneration"),
        ["model_type"] = "t5",
        ["is_encoder_decoder"] = true,
        ["vocab_size"] = config.VocabularySize,
        ["d_model"] = config.ModelSize,
        ["d_kv"] = config.HeadSize,
        ["d_ff"] = config.HiddenSize,
        ["num_heads"] = config.Heads,
        ["num_layers"] = config.EncoderLayers,
        ["num_decoder_layers"] = config.DecoderLayers,
        ["feed_forward_proj"] = config.Gated ? "gated-gelu" : "relu",
        ["dense_act_fn"] = config.Gated ? "gelu_new" : "relu",
        ["is_gated_act"] = config.Gated,
        ["tie_word_embeddings"] = config.Tied,
        ["relative_attention_num_buckets"] = config.Buckets,
        ["relative_attention_max_distance"] = config.MaxDistance,
        ["layer_norm_epsilon"] = config.NormEpsilon,
        ["dropout_rate"] = config.Dropout,
        ["pad_token_id"] = SpecialIds.Pad,
        ["eos_token_id"] = SpecialIds.Eos,
        ["decoder_start_token_id"] = SpecialIds.Pad,
    };

    private static JsonObject Root(string json, string file)
    {
        try
        {
            return JsonNode.Parse(json) as JsonObject ?? throw new FormatException($"{file} is not a JSON object.");
        }
        catch (JsonException e)
        {
            throw new FormatException($"{file} is not JSON: {e.Message}", e);
        }
    }

    /// <summary>Vocabularies, batches and decoders all count on T5's own special ids: a model with others would be computed wrongly.</summary>
    private static void CheckSpecialIds(JsonObject root, string where, List<string> problems)
    {
        foreach (var (key, id, use) in new[]
        {
            ("pad_token_id", SpecialIds.Pad, "padding"),
            ("eos_token_id", SpecialIds.Eos, "the end of a sequence"),
            ("decoder_start_token_id", SpecialIds.Pad, "the decoder's first input"),
        })
        {
            if (root[key] is { } node && !(node is JsonValue value && value.TryGetValue<int>(out var given) && given == id))
            {
                problems.Add($"{where}{key} is {node.ToJsonString()}; {use} is id {id} here, in training, scoring and decoding. Use a model with T5's special ids (0 padding and start, 1 end, 2 unknown).");
            }
        }
    }

    private static T Read<T>(JsonObject root, string key, T otherwise, List<string> problems)
    {
        if (root[key] is not { } node)
        {
            return otherwise;
        }

        if (node is JsonValue value && value.TryGetValue<T>(out var read))
        {
            return read;
        }

        problems.Add($"{key} is {node.ToJsonString()}, not a {typeof(T).Name}.");
        return otherwise;
    }
}
