using Temper.Planning.Reading;
using Temper.Planning.Runs;

namespace Temper.Planning.Tests.Specs;

/// <summary>Rates that are none, and tasks that have none because they are only evaluated.</summary>
public sealed class RatesTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("temper-rates-").FullName;

    public RatesTests() => File.WriteAllLines(Path.Combine(_root, "rows.tsv"), ["x\ty", "w1\t1", "w2\t0", "w3\t1"]);

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData("1e308", "1E+308 is too large to be compared with others")]
    [InlineData("-1", "-1 is not a rate")]
    public void A_number_that_is_no_rate_is_one_mistake_with_its_place(string rate, string message)
    {
        var error = Assert.Single(Plan("explicit", 10, ("a", $"train: {Files}, rate: {rate}"), ("b", $"train: {Files}, rate: 1")).Errors);

        Assert.Equal("tasks.a.rate", error.Path);
        Assert.Contains(message, error.Message);
    }

    [Theory]
    [InlineData("0", "rate: 3")]
    [InlineData("1e-12", "rate: 1e12")]
    public void Rates_that_can_be_compared_are_taken(string rate, string other) =>
        Assert.Empty(Plan("explicit", 10, ("a", $"train: {Files}, rate: {rate}"), ("b", $"train: {Files}, {other}")).Errors);

    [Theory]
    [InlineData("proportional", "")]
    [InlineData("equal", "")]
    [InlineData("explicit", ", rate: 2")]
    public void A_task_that_is_only_evaluated_has_the_rate_0(string strategy, string rate)
    {
        var planned = Plan(strategy, 10, ("dev", $"validation: {Files}"), ("test", $"test: {Files}"), ("train", $"train: {Files}{rate}"));

        Assert.Empty(planned.Errors);
        Assert.Equal([0, 0, 1], planned.Value!.Plan.Tasks.Select(task => task.Rate));
        Assert.Equal([3, 0, 0], planned.Value.Plan.Tasks.Select(task => task.ValidationExamples));
        Assert.Equal([0, 3, 0], planned.Value.Plan.Tasks.Select(task => task.TestExamples));
        Assert.Equal([0, 0, 3], planned.Value.Plan.Tasks.Select(task => task.TrainExamples));
    }

    [Theory]
    [InlineData("proportional", "", "tasks", "No task has training rows. Give at least one task train, or write training.steps: 0")]
    [InlineData("explicit", ", rate: 1", "tasks.dev.rate", "Nothing can be drawn from dev, which has no training rows.")]
    public void Nothing_can_be_drawn_from_it(string strategy, string rate, string path, string message)
    {
        var error = Plan(strategy, 10, ("dev", $"validation: {Files}{rate}")).Errors[0];

        Assert.Equal(path, error.Path);
        Assert.StartsWith(message, error.Message);
    }

    [Theory]
    [InlineData("equal")]
    [InlineData("explicit")]
    public void A_cap_that_would_be_ignored_is_refused(string strategy)
    {
        var error = Assert.Single(Plan($"{strategy}, cap: 100", 10, ("a", $"train: {Files}{(strategy == "explicit" ? ", rate: 1" : "")}")).Errors);

        Assert.Equal("mixture.cap", error.Path);
        Assert.StartsWith("A cap on sizes counts only with mixture.strategy: proportional or temperature.", error.Message);
    }

    private static string Files => "{files: [rows.tsv]}";

    private SpecResult<PlannedRun> Plan(string strategy, int steps, params (string Name, string Task)[] tasks) => new RunPlanner(new PlanningContext([_root])).ReadAndPlan($$"""
        name: rates
        model: {d_model: 16}
        mixture: {strategy: {{strategy}}}
        training: {steps: {{steps}}, batch: 4, input_length: 16, target_length: 8, precision: fp32}
        tasks:
          {{string.Join("\n  ", tasks.Select(task => $$"""{{task.Name}}: {{{task.Task}}, inputs: "{x}", targets: "{y}", metrics: [exact_match]}"""))}}
        """);
}
