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
        var golden = Repository.Shared($"golden/{name}");
        var model = Directory.CreateDirectory(_folder["model"]).FullName;
        File.Copy(Path.Combine(golden, "config.json"), Path.Combine(model, "config.json"));
        File.Copy(Path.Combine(golden, "after_12_adafactor_steps.safetensors"), Path.Combine(model, "model.safetensors"));
        var (ids, rows) = Inputs(Path.Combine(golden, "case.safetensors"));
        File.WriteAllLines(_folder["rows.jsonl"], Enumerable.Range(0, rows).Select(row => $"{{\"input_ids\":[{string.Join(',', ids.Skip(row * (ids.Length / rows)).Take(ids.Length / rows))}]}}"));

        var (exit, output) = await TemperProcess.Run("decode", "--model", model, "--input", _folder["rows.jsonl"], "--output", _folder["out.jsonl"], "--max-new-tokens", "24");

        Assert.True(exit == 0, output);
        var expected = JsonNode.Parse(File.ReadAllText(Path.Combine(golden, "expected.json")))!["greedy"]!.AsArray()
            .Select(row => row!.AsArray().Select(id => (int)id!).TakeWhile(id => id != 1));
        var decoded = File.ReadLines(_folder["out.jsonl"]).Select(line => JsonNode.Parse(line)!["output_ids"]!.AsArray().Select(id => (int)id!));
        Assert.Equal(expected, decoded);
    }

    // The one tensor of int64 ids that is needed; the reader of the program is not the judge of itself.
    private static (long[] Ids, int Rows) Inputs(string file)
    {
        var bytes = File.ReadAllBytes(file);
        var header = BitConverter.ToInt32(bytes, 0);
        var entry = JsonNode.Parse(bytes.AsSpan(8, header))!["input_ids"]!;
        var (start, end) = ((int)entry["data_offsets"]![0]!, (int)entry["data_offsets"]![1]!);
        var data = bytes.AsSpan(8 + header + start, end - start);
        var ids = new long[data.Length / sizeof(long)];
        Buffer.BlockCopy(data.ToArray(), 0, ids, 0, data.Length);
        Assert.Equal("I64", (string)entry["dtype"]!);
        return (ids, (int)entry["shape"]![0]!);
    }
}
