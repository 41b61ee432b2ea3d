using System.Text.Json.Nodes;
using Temper.Contracts.Specs;
using Temper.Planning.Models;
using Temper.TestKit;
using Temper.Worker.Model;
using Temper.Worker.SafeTensors;

namespace Temper.Worker.Tests.Model;

/// <summary><c>shared/oracles/tiny_t5</c>: two more tiny models, and what another implementation computes with them in fp64.</summary>
internal static class TinyOracle
{
    public static JsonNode Golden() => JsonNode.Parse(File.ReadAllText(Repository.Shared("oracles/tiny_t5/golden.json")))!;

    public static IEnumerable<JsonNode> Models() => Golden()["models"]!.AsArray().Select(model => model!);

    public static T5Model Open(JsonNode one)
    {
        var path = Path.Combine(Repository.Shared("oracles/tiny_t5"), one["model"]!.GetValue<string>());
        var config = T5ConfigJson.Parse(File.ReadAllText($"{path}.config.json"));
        var model = new T5Model(config, Precision.Fp32);
        T5Folder.Load([$"{path}.safetensors"], model);
        return model;
    }

    public static int[] Ids(JsonNode ids) => [.. ids.AsArray().Select(id => id!.GetValue<int>())];

    public static ModelBatch Batch(JsonNode forward)
    {
        var (inputs, labels) = (forward["input_ids"]!.AsArray(), forward["labels"]!.AsArray());
        return new ModelBatch(
            inputs.Count, inputs[0]!.AsArray().Count, labels[0]!.AsArray().Count,
            [.. inputs.SelectMany(row => Ids(row!))], [.. labels.SelectMany(row => Ids(row!))]);
    }
}
