using Temper.Contracts.Specs;
using Temper.Mixture.Batching;
using Temper.Mixture.Objectives;
using Temper.Mixture.Vocabularies;
using Temper.Planning.Models;
using Temper.Planning.Reading;
using Temper.Planning.Runs;
using Temper.Planning.Tasks;
using Temper.TestKit;

namespace Temper.Planning.Tests.Specs;

/// <summary><c>examples/pretrain.yaml</c> over the texts that it names.</summary>
public class PretrainingExampleTests
{
    private static readonly string Text = File.ReadAllText(Path.Combine(Repository.Root, "examples", "pretrain.yaml"));

    [Fact]
    public void It_can_be_planned()
    {
        var result = new RunPlanner(new PlanningContext([Repository.Shared("data")])).ReadAndPlan(Text);

        Assert.Empty(result.Errors);
        Assert.Equal(["botchan", "shakespeare", "wikipedia", "wikitext"], result.Value!.Plan.Tasks.Select(task => task.Name));
        Assert.All(result.Value.Plan.Tasks, task => Assert.InRange(task.Epochs, 3, 5));
    }

    [Fact]
    public void Its_comment_says_how_long_chunks_and_targets_are()
    {
        var training = SpecReader.Read(Text).Value!.Training;
        var lengths = SpanLengths.Fitting(training.InputLength, new SpanCorruptionSpec());

        Assert.Equal((training.InputLength, training.TargetLength), (lengths.Inputs, lengths.Targets));
        Assert.Contains($": {lengths.Tokens} tokens of text", Text);
    }

    [Fact]
    public void Every_row_of_several_epochs_has_the_promised_lengths_and_gives_its_text_back()
    {
        var root = Repository.Shared("data");
        var spec = SpecReader.Read(Text).Value!;
        Assert.True(VocabularyOpener.TryOpen(spec.Vocabulary, [root], out var vocabulary, out _));
        var tasks = TaskSet.Load(spec, [root], vocabulary, () => { });

        foreach (var (i, task) in tasks.Tasks.Index())
        {
            var text = Assert.IsType<CorruptedText>(tasks.Sources[i]);
            var tokens = task.Train.SelectMany(document => document.Inputs.Split('\n')).SelectMany(vocabulary.Encode).CountBy(id => id).ToDictionary();
            foreach (var epoch in Enumerable.Range(0, 3))
            {
                // Each token of each document once; one that would be alone in the last chunk is left out.
                var missing = tokens.ToDictionary();
                foreach (var (id, count) in Enumerable.Range(0, text.Count).SelectMany(chunk => text.Chunk(chunk, epoch)).CountBy(id => id))
                {
                    missing[id] -= count;
                }

                Assert.All(missing.Values, count => Assert.InRange(count, 0, 1));
                Assert.InRange(missing.Values.Sum(), 0, 1);
                for (var index = 0; index < text.Count; index++)
                {
                    CheckRow(text, index, epoch, spec, vocabulary);
                }
            }
        }
    }

    [Fact]
    public void Marks_of_headings_and_documents_are_no_text()
    {
        var root = Repository.Shared("data");
        var spec = SpecReader.Read(Text).Value!;
        Assert.True(VocabularyOpener.TryOpen(spec.Vocabulary, [root], out var vocabulary, out _));
        var tasks = TaskSet.Load(spec, [root], vocabulary, () => { });

        Assert.Equal("Homarus gammarus", tasks.Tasks[3].Train[0].Inputs);
        Assert.Equal("Anarchism", tasks.Tasks[2].Train[0].Inputs);
        Assert.DoesNotContain(tasks.Tasks[3].Train.SelectMany(row => row.Inputs.Split('\n')), line => line.StartsWith('=') || line.EndsWith('='));
        Assert.DoesNotContain(tasks.Tasks[2].Train, row => row.Inputs.Contains("<doc", StringComparison.Ordinal));
    }

    private static void CheckRow(CorruptedText text, int index, int epoch, RunSpec spec, IVocabulary vocabulary)
    {
        var row = text.Row(index, epoch);
        var lengths = text.Lengths(index, epoch);
        Assert.Equal(lengths, (row.Inputs.Length, row.Targets.Length));
        Assert.True(lengths.Inputs <= spec.Training.InputLength && lengths.Targets <= spec.Training.TargetLength);
        if (index < text.Count - 1)
        {
            Assert.Equal((spec.Training.InputLength, spec.Training.TargetLength), lengths);
        }

        var (inputs, targets) = (row.Inputs[..^1].ToArray(), row.Targets[..^1].ToArray());
        var sentinels = targets.Where(id => id > vocabulary.Sentinel(vocabulary.SentinelCount - 1) - 1).ToList();
        var restored = inputs.SelectMany(id => sentinels.IndexOf(id) is var span and >= 0 ? Span(span) : [id]);
        Assert.True(text.Chunk(index, epoch).SequenceEqual(restored), $"{text.Name} {index} of epoch {epoch}");

        int[] Span(int span)
        {
            var start = Array.IndexOf(targets, sentinels[span]) + 1;
            var end = span + 1 < sentinels.Count ? Array.IndexOf(targets, sentinels[span + 1]) : targets.Length;
            return targets[start..end];
        }
    }
}
