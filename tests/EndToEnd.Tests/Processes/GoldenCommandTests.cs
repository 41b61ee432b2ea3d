using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Temper.TestKit;

namespace Temper.EndToEnd.Tests.Processes;

/// <summary>The commands against recorded truth.</summary>
[Collection("processes")]
public sealed class GoldenCommandTests : IDisposable
{
    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Tokenize_gives_the_ids_of_the_reference()
    {
        var rows = File.ReadLines(Repository.Shared("oracles/tokenizer/t5_spm_golden.jsonl")).Select(line => JsonNode.Parse(line)!)
            .Where(row => !((string)row["text"]!).Contains('\n')).ToList();
        File.WriteAllText(_folder["text.txt"], string.Concat(rows.Select(row => (string)row["text"]! + "\n")));

        var (exit, output) = await TemperProcess.Run("tokenize", "--vocab", Repository.Shared("data/t5_vocab/spiece.model"), "--input", _folder["text.txt"], "--output", _folder["ids.txt"]);

        Assert.True(exit == 0, output);
        Assert.Equal(rows.Select(row => string.Join(' ', row["ids"]!.AsArray().Select(id => (int)id!))), File.ReadLines(_folder["ids.txt"]));
    }

    [Theory]
    [InlineData("t5_v1_0_11")]
    [InlineData("t5_v1_1_11")]
    public async Task Decode_takes_ids_as_they_are_and_needs_no_vocabulary(string name)
    {
        var model = Model(name);
        File.WriteAllLines(_folder["rows.jsonl"], Rows<long>(name, "input_ids").Select(row => $"{{\"input_ids\":[{string.Join(',', row)}]}}"));

        var (exit, output) = await TemperProcess.Run("decode", "--model", model, "--input", _folder["rows.jsonl"], "--output", _folder["out.jsonl"], "--max-new-tokens", "24");

        Assert.True(exit == 0, output);
        var expected = JsonNode.Parse(File.ReadAllText(Repository.Shared($"golden/{name}/expected.json")))!["greedy"]!.AsArray()
            .Select(row => row!.AsArray().Select(id => (int)id!).TakeWhile(id => id != 1));
        var decoded = File.ReadLines(_folder["out.jsonl"]).Select(line => JsonNode.Parse(line)!["output_ids"]!.AsArray().Select(id => (int)id!));
        Assert.Equal(expected, decoded);
    }

    [Fact]
    public async Task An_ensemble_scores_by_the_mean_of_the_references_logits_however_it_is_named()
    {
        string[] models = [Model("t5_v1_0_11", "model.safetensors"), Model("t5_v1_1_11", "model.safetensors")];
        var (ids, labels) = (Rows<long>("t5_v1_0_11", "input_ids"), Rows<long>("t5_v1_0_11", "labels"));
        File.WriteAllLines(_folder["rows.jsonl"], ids.Zip(labels, (row, targets) =>
            $"{{\"input_ids\":[{string.Join(',', row)}],\"target_ids\":[{string.Join(',', targets.Where(id => id >= 0))}]}}"));
        var expected = Rows<float>("t5_v1_0_11", "logits").Zip(Rows<float>("t5_v1_1_11", "logits"), labels).Select(row => Score(row.First, row.Second, row.Third));

        var together = await Ask("score", "--model", models[0], "--model", models[1]);

        Assert.All(expected.Zip(together), pair => Assert.Equal(pair.First, (double)JsonNode.Parse(pair.Second)!["score"]!, 1e-3));
        Assert.Equal(together, await Ask("score", "--model", Ensemble("both", ["t5_v1_0_11", "t5_v1_1_11"])));
    }

    [Fact]
    public async Task An_ensemble_of_one_answers_as_its_member_does()
    {
        var model = Model("t5_v1_1_11");
        var ensemble = Ensemble("one", ["t5_v1_1_11"]);
        File.WriteAllLines(_folder["rows.jsonl"], Rows<long>("t5_v1_1_11", "input_ids").Select((row, i) => $"{{\"input_ids\":[{string.Join(',', row)}],\"target_ids\":[{i + 2},3,1]}}"));

        foreach (var command in (string[])["score", "decode"])
        {
            Assert.Equal(await Ask(command, "--model", model), await Ask(command, "--model", ensemble));
        }
    }

    [Fact]
    public async Task An_ensemble_is_not_exported_nor_part_of_another()
    {
        var model = Model("t5_v1_0_11");
        var ensemble = Ensemble("both", ["t5_v1_0_11", "t5_v1_1_11"]);
        Model("t5_v1_1_11");
        File.WriteAllText(_folder["rows.jsonl"], "{\"input_ids\":[5,1]}");

        var export = await TemperProcess.Run("export", ensemble, "--output", _folder["exported"]);
        var decode = await TemperProcess.Run("decode", "--model", model, "--model", ensemble, "--input", _folder["rows.jsonl"], "--output", _folder["out.jsonl"]);

        foreach (var (exit, output) in ((int, string)[])[export, decode])
        {
            Assert.Equal(1, exit);
            Assert.Equal($"temper: {ensemble} is an ensemble and has no weights of its own. Name its members in its place: {model}, {_folder["t5_v1_1_11"]}.", output.Trim());
        }

        Assert.False(Directory.Exists(_folder["exported"]));
    }

    /// <summary>The log probability of the labels under the mean of two models' logits; labels below zero are none.</summary>
    private static double Score(float[] one, float[] other, long[] labels)
    {
        var size = one.Length / labels.Length;
        return labels.Index().Where(target => target.Item >= 0).Sum(target =>
        {
            var logits = Enumerable.Range(target.Index * size, size).Select(i => ((double)one[i] + other[i]) / 2).ToList();
            return logits[(int)target.Item] - Math.Log(logits.Sum(Math.Exp));
        });
    }

    private async Task<string[]> Ask(string command, params string[] models)
    {
        var (exit, output) = await TemperProcess.Run([command, .. models, "--input", _folder["rows.jsonl"], "--output", _folder["out.jsonl"]]);
        Assert.True(exit == 0, output);
        return File.ReadAllLines(_folder["out.jsonl"]);
    }

    /// <summary>A folder with golden weights, without a vocabulary.</summary>
    private string Model(string name, string weights = "after_12_adafactor_steps.safetensors")
    {
        var golden = Repository.Shared($"golden/{name}");
        var model = Directory.CreateDirectory(_folder[name]).FullName;
        File.Copy(Path.Combine(golden, "config.json"), Path.Combine(model, "config.json"));
        File.Copy(Path.Combine(golden, weights), Path.Combine(model, "model.safetensors"));
        return model;
    }

    private string Ensemble(string name, string[] members)
    {
        var folder = Directory.CreateDirectory(_folder[name]).FullName;
        File.WriteAllText(Path.Combine(folder, "ensemble.json"), new JsonObject { ["members"] = new JsonArray([.. members.Select(member => JsonValue.Create($"../{member}"))]) }.ToJsonString());
        return folder;
    }

    // A tensor of a golden case, a row an item; the reader of the program is not the judge of itself.
    private static T[][] Rows<T>(string name, string tensor)
        where T : unmanaged
    {
        var bytes = File.ReadAllBytes(Repository.Shared($"golden/{name}/case.safetensors"));
        var header = BitConverter.ToInt32(bytes, 0);
        var entry = JsonNode.Parse(bytes.AsSpan(8, header))![tensor]!;
        var (start, end) = ((int)entry["data_offsets"]![0]!, (int)entry["data_offsets"]![1]!);
        var values = MemoryMarshal.Cast<byte, T>(bytes.AsSpan(8 + header + start, end - start)).ToArray();
        return [.. values.Chunk(values.Length / (int)entry["shape"]![0]!)];
    }
}
