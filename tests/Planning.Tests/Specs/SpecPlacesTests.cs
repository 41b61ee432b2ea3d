using Temper.Planning.Reading;

namespace Temper.Planning.Tests.Specs;

public class SpecPlacesTests
{
    private const string Yaml = """
        name: demo
        workers: 3
        tasks:
          a:
            builtin: months
          a.b:
            train:
              files:
                - one.tsv
                - two.tsv
        training: {steps: 10, batch: 4}
        """;

    [Theory]
    [InlineData("name", 1)]
    [InlineData("tasks", 3)]
    [InlineData("tasks.a.builtin", 5)]
    [InlineData("tasks.a.b", 6)]
    [InlineData("tasks.a.b.train.files[1]", 10)]
    [InlineData("training.batch", 11)]
    public void A_path_is_found_at_its_line(string path, int line) => Assert.Equal(line, SpecPlaces.LineOf(Yaml, path));

    [Theory]
    [InlineData("tasks.a.rate", 4)]
    [InlineData("tasks.a.b.train.files[7]", 8)]
    [InlineData("training.optimizer.kind", 11)]
    public void What_is_not_there_is_found_at_what_should_hold_it(string path, int line) => Assert.Equal(line, SpecPlaces.LineOf(Yaml, path));

    [Theory]
    [InlineData("$")]
    [InlineData("?data")]
    [InlineData("mixture.strategy")]
    [InlineData("")]
    public void What_is_nowhere_in_the_text_has_no_line(string path) => Assert.Null(SpecPlaces.LineOf(Yaml, path));

    [Fact]
    public void A_text_that_is_no_YAML_is_broken_where_reading_it_ended() => Assert.Equal(2, SpecPlaces.LineOf("name: x\nworkers: @2\n", "$"));

    [Fact]
    public void A_text_that_is_nested_without_end_harms_nobody() => Assert.Equal(1, SpecPlaces.LineOf(new string('[', 200_000), "tasks"));

    [Fact]
    public void JSON_has_lines_too() => Assert.Equal(3, SpecPlaces.LineOf("{\n  \"name\": \"x\",\n  \"workers\": 2\n}", "workers"));

    [Fact]
    public void What_is_wrong_with_the_runs_of_an_experiment_is_found_in_base() =>
        Assert.Equal(4, SpecPlaces.LineOf("name: x\nensemble: {members: 2}\nbase:\n  training: {steps: 10}\n", "runs.member-1.0.training.batch"));
}
