using Temper.Mixture.Examples;
using Temper.Mixture.Tasks;
using Temper.TestKit;

namespace Temper.Mixture.Tests.Tasks;

public class RealTasksTests
{
    [Theory]
    [InlineData("sst2", 67349, 872, 0)]
    [InlineData("cola", 8551, 1043, 0)]
    [InlineData("mrpc", 3668, 408, 1725)]
    [InlineData("rte", 2490, 277, 0)]
    [InlineData("stsb", 5749, 1500, 1379)]
    [InlineData("wnli", 635, 71, 0)]
    [InlineData("trec", 5452, 500, 0)]
    [InlineData("multi30k_en_de", 29000, 1014, 1000)]
    public void Every_row_of_a_public_task_is_loaded(string name, int train, int validation, int test)
    {
        var task = Load(name);

        Assert.Equal((train, validation, test), (task.Train.Count, task.Validation.Count, task.Test.Count));
    }

    [Theory]
    [InlineData("sst2", "sst2 sentence: hide new secretions from the parental units ", "negative")]
    [InlineData("cola", "cola sentence: Our friends won't buy this analysis, let alone the next one we propose.", "acceptable")]
    [InlineData("rte", "rte sentence1: No Weapons of Mass Destruction Found in Iraq Yet. sentence2: Weapons of Mass Destruction Found in Iraq.", "not_entailment")]
    [InlineData("stsb", "stsb sentence1: A plane is taking off. sentence2: An air plane is taking off.", "5.0")]
    [InlineData("wnli", "wnli sentence1: I stuck a pin through a carrot. When I pulled the pin out, it had a hole. sentence2: The carrot had a hole.", "entailment")]
    [InlineData("trec", "trec question: How did serfdom develop in and then leave Russia ?", "description")]
    [InlineData("multi30k_en_de", "translate English to German: Two young, White males are outside near many bushes.", "Zwei junge weiße Männer sind im Freien in der Nähe vieler Büsche.")]
    [InlineData("mrpc", "mrpc sentence1: Amrozi accused his brother, whom he called \"the witness\", of deliberately distorting his evidence. sentence2: Referring to him as only \"the witness\", Amrozi accused his brother of deliberately distorting his evidence.", "equivalent")]
    public void The_first_training_row_reads_as_T5_wrote_it(string name, string inputs, string targets)
    {
        var first = Load(name).Train[0];

        Assert.Equal(new TextExample(inputs, targets), first);
    }

    [Fact]
    public void Scores_of_similarity_are_rounded_to_fifths_as_T5_rounds_them()
    {
        var task = Load("stsb");

        Assert.Equal(26, task.Labels!.Count);
        Assert.Equal("4.8", task.Validation[1].Targets);
        Assert.All(task.Train.Concat(task.Validation).Concat(task.Test), example => Assert.Contains(example.Targets, task.Labels));
    }

    [Fact]
    public void No_question_of_QNLI_is_both_trained_on_and_validated()
    {
        var task = Load("qnli");
        var trained = task.Train.Select(Question).ToHashSet();

        Assert.Equal(5463, task.Train.Count + task.Validation.Count);
        Assert.InRange(task.Validation.Count, 900, 1300);
        Assert.DoesNotContain(task.Validation, example => trained.Contains(Question(example)));

        static string Question(TextExample example) => example.Inputs[..example.Inputs.IndexOf(" sentence: ", StringComparison.Ordinal)];
    }

    [Fact]
    public void Every_public_task_passes_its_check()
    {
        string[] roots = [Repository.Shared("data")];

        Assert.All(RealTasks.All, task => Assert.Empty(TaskLoader.Check($"tasks.{task.Key}", task.Value, roots)));
    }

    private static TaskData Load(string name) => TaskLoader.Load(name, RealTasks.All[name], [Repository.Shared("data")], TestContext.Current.CancellationToken);
}
