using System.Buffers.Binary;
using System.Text;
using Temper.Contracts.Runs;
using Temper.Contracts.Specs;
using Temper.Planning.Reading;
using Temper.Planning.Runs;

namespace Temper.Planning.Tests.Specs;

public sealed class CarriedOptimizerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("temper-carried-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("", "adafactor", "There is no optimizer's state to go on with")]
    [InlineData("init_from: 'run:trained'", "adamw", "Write training.optimizer.kind: adafactor")]
    [InlineData("init_from: 'run:trained'", "adafactor", null)]
    [InlineData("init_from: 'run:trained'", "adafactor, min_dim_size_to_factor: 8", "factors second moments from 128 on")]
    [InlineData("init_from: 'run:evaluated'", "adafactor", "trains no steps")]
    [InlineData("init_from: model", "adafactor", "no checkpoint of these weights")]
    [InlineData("init_from: checkpoint", "adafactor", null)]
    [InlineData("init_from: checkpoint", "adamw", "Write training.optimizer.kind: adafactor")]
    [InlineData("init_from: out/model", "adafactor", null)]
    [InlineData("init_from: other/model", "adafactor", "no checkpoint of these weights")]
    [InlineData("members: [checkpoint, checkpoint], combine: weights", "adafactor", "There is no optimizer's state to go on with")]
    public void An_optimizer_is_carried_from_a_checkpoint_of_the_same_weights_and_kind(string model, string optimizer, string? problem)
    {
        Model("model", 'a');
        State(Model("checkpoint", 'a'));
        Model("out/model", 'b');
        State(Model("out/checkpoints/step-00000001-epoch-1", 'a'));
        State(Model("out/checkpoints/step-00000002-epoch-1", 'b'));
        Model("other/model", 'b');
        State(Model("other/checkpoints/step-00000002-epoch-1", 'a'));

        var planned = Plan("training: {steps: 2, batch: 2, optimizer: {kind: " + optimizer + "}}\nmodel: {carry_optimizer: true, " + model + "}\n");

        var messages = planned.Errors.Where(error => error.Path == "model.carry_optimizer").Select(error => error.Message).ToList();
        if (problem is null)
        {
            Assert.Empty(planned.Errors);
        }
        else
        {
            Assert.Contains(problem, Assert.Single(messages), StringComparison.Ordinal);
        }
    }

    private SpecResult<PlannedRun> Plan(string text)
    {
        const string Head = "name: a\ntasks: {months: {builtin: months}}\n";
        OriginRun? Find(string id) => id switch
        {
            "trained" => Run(id, "training: {steps: 2, optimizer: {kind: adafactor}}"),
            "evaluated" => Run(id, "training: {steps: 0}\nmodel: {init_from: model}"),
            _ => null,
        };
        OriginRun Run(string id, string run) => new(id, SpecReader.Read(Head + run).Value!, [_folder], Path.Combine(_folder, id), RunPhase.Running);
        return new RunPlanner(new PlanningContext([_folder], FindRun: Find)).ReadAndPlan(Head + text);
    }

    private string Model(string name, char weights)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder, name)).FullName;
        File.WriteAllText(
            Path.Combine(folder, "config.json"),
            """{"model_type": "t5", "vocab_size": 384, "d_model": 8, "d_kv": 4, "d_ff": 8, "num_heads": 2, "num_layers": 1, "feed_forward_proj": "gated-gelu", "tie_word_embeddings": false}""");
        Tensors(Path.Combine(folder, "model.safetensors"), "lm_head.weight", weights);
        return folder;
    }

    private static void State(string folder) => Tensors(Path.Combine(folder, "optimizer.safetensors"), "shared.weight/rows", 'a');

    private static void Tensors(string file, string name, char content)
    {
        var header = Encoding.UTF8.GetBytes("{\"" + name + "\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}");
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        File.WriteAllBytes(file, [.. length, .. header, .. Encoding.UTF8.GetBytes(new string(content, 4))]);
    }
}
