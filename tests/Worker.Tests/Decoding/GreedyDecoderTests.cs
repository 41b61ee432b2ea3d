using System.Text.Json.Nodes;
using Temper.Worker.Decoding;
using Temper.Worker.SafeTensors;
using Temper.Worker.Tests.Model;

namespace Temper.Worker.Tests.Decoding;

public class GreedyDecoderTests
{
    [Theory, InlineData("t5_v1_0_11"), InlineData("t5_v1_1_11")]
    public void Ids_are_those_of_the_reference(string name)
    {
        using var golden = new Golden(name);
        using var model = golden.Model();
        T5Folder.Load([Path.Combine(golden.Folder, "after_12_adafactor_steps.safetensors")], model);

        var decoded = GreedyDecoder.Decode(
            model, golden.Batch.Rows, golden.Batch.InputLength, golden.Batch.InputIds, golden.Expected["greedy_max_new_tokens"]!.GetValue<int>());

        Assert.Equal(golden.Expected["greedy"]!.AsArray().Select(Ids), decoded);
        static int[] Ids(JsonNode? row) => [.. row!.AsArray().Select(id => id!.GetValue<int>()).TakeWhile(id => id != 1)];
    }

    [Fact]
    public void Ids_are_those_of_the_second_oracle()
    {
        foreach (var one in TinyOracle.Models())
        {
            using var model = TinyOracle.Open(one);
            foreach (var generated in one["generate"]!.AsArray().Where(generated => generated!["num_beams"]!.GetValue<int>() == 1))
            {
                var inputs = TinyOracle.Ids(generated!["input_ids"]!);
                var expected = TinyOracle.Ids(generated["output_ids"]!)[1..];

                // The reference pads a row that is done with 0, and its limit counts the start id.
                var decoded = GreedyDecoder.Decode(model, 1, inputs.Length, inputs, generated["max_length"]!.GetValue<int>() - 1)[0];
                Assert.Equal(expected.TakeWhile(id => id != 1), decoded);
            }
        }
    }
}
