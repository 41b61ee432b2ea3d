using System.Text.Json.Nodes;
using Temper.Contracts.Agents;
using Temper.Contracts.Models;
using Temper.Contracts.Specs;
using Temper.Mixture.Tasks;
using Temper.TestKit;
using Temper.Worker.Checkpoints;
using Temper.Worker.Collectives;
using Temper.Worker.Tests.Training;

namespace Temper.Worker.Tests.Formats;

/// <summary>What a run leaves on disk: a later version must be able to go on from it, and other programs read the model.</summary>
public sealed class FolderFormatTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("temper-formats-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Where_training_stood() => FormatFile.IsOf<CheckpointState>("checkpoint-state", ProtocolJson.Write, ProtocolJson.Read<CheckpointState>, ProtocolJson.Options);

    [Fact]
    public void What_a_rank_offers_the_others() =>
        FormatFile.IsOf<RankOffer>("rank-offer", offer => offer.Write(), offer => RankOffer.ReadAll([offer])[0], ProtocolJson.Options);

    [Theory]
    [InlineData("v1_0-adafactor", ModelFamily.V1_0, OptimizerKind.Adafactor)]
    [InlineData("v1_1-adamw", ModelFamily.V1_1, OptimizerKind.Adamw)]
    public void The_folder_of_a_run(string name, ModelFamily family, OptimizerKind optimizer)
    {
        var spec = new RunSpec(
            "formats",
            new Dictionary<string, TaskSpec> { ["months"] = new(Builtin: "months") },
            new TrainingSpec(2, Batch: 4, InputLength: 32, TargetLength: 16, Optimizer: new OptimizerSpec(optimizer), CheckpointEvery: 1),
            Model: new ModelSpec(Family: family, DModel: 16, DFf: 32, DKv: 8, Heads: 2, Layers: 1, Dropout: 0),
            Evaluation: new EvaluationSpec(FinalMaxExamples: 2));
        TrainingRun.Train(spec, _folder);

        var files = new DirectoryInfo(_folder).EnumerateFiles("*", SearchOption.AllDirectories)
            .OrderBy(file => Path.GetRelativePath(_folder, file.FullName), StringComparer.Ordinal)
            .Select(file => string.Join('\n', Content(file).Prepend(Path.GetRelativePath(_folder, file.FullName))));
        FormatFile.Is($"folder-{name}.txt", string.Join('\n', files));
    }

    /// <summary>Of JSON the keys, of weights the names, types and shapes: their values are those of a processor.</summary>
    private static IEnumerable<string> Content(FileInfo file) => file.Extension switch
    {
        ".json" => Keys(JsonNode.Parse(File.ReadAllText(file.FullName))!, "").Distinct().Order(StringComparer.Ordinal).Select(key => $"  {key}"),
        ".safetensors" => Tensors(File.ReadAllBytes(file.FullName)),
        _ => [],
    };

    private static IEnumerable<string> Keys(JsonNode? node, string path) => node switch
    {
        JsonObject parts => parts.SelectMany(part => Keys(part.Value, path.Length == 0 ? part.Key : $"{path}.{part.Key}")),
        JsonArray elements => elements.SelectMany(element => Keys(element, $"{path}[]")),
        _ => [path],
    };

    // A length of eight bytes, a JSON header, then the numbers (https://github.com/huggingface/safetensors).
    private static IEnumerable<string> Tensors(byte[] file) => JsonNode.Parse(file.AsSpan(8, (int)BitConverter.ToInt64(file)).ToArray())!.AsObject()
        .Select(tensor => tensor.Key == "__metadata__" ? $"  __metadata__ {tensor.Value!.ToJsonString()}" : $"  {tensor.Key} {tensor.Value!["dtype"]} {tensor.Value["shape"]!.ToJsonString()}");
}
