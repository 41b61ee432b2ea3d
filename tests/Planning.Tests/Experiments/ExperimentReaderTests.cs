using System.Text.Json;
using Temper.Contracts.Agents;
using Temper.Contracts.Experiments;
using Temper.Contracts.Specs;
using Temper.Mixture.Mixing;
using Temper.Planning.Reading;

namespace Temper.Planning.Tests.Experiments;

public class ExperimentReaderTests
{
    [Fact]
    public void A_stage_is_what_it_changes_of_base()
    {
        var spec = Specs.Read(
            """
            comparison:
              recipes:
                plain: {stages: [{}]}
                longer:
                  stages:
                    - training: {steps: 500}
                      tasks: {arithmetic: {builtin: arithmetic}}
                    - tasks: [days]
                      model: {dropout: 0.3}
            """);

        var (plain, longer) = (spec.Comparison!.Recipes["plain"].Stages[0], spec.Comparison.Recipes["longer"].Stages);
        Assert.Equal(Json(spec.Base), Json(plain));
        Assert.Equal((500, 8), (longer[0].Training.Steps, longer[0].Training.Batch));
        Assert.Equal(["arithmetic"], longer[0].Tasks.Keys);
        Assert.Equal(["days"], longer[1].Tasks.Keys);
        Assert.Equal((0.3, 32), (longer[1].Model.Dropout, longer[1].Model.DModel));
        Assert.Equal("demo", longer[1].Name);
    }

    [Fact]
    public void Null_in_a_stage_takes_away_what_base_has()
    {
        var spec = Specs.Read("ensemble: {parent: {model: {d_model: null}}}");

        Assert.Null(spec.Ensemble!.Parent!.Model.DModel);
        Assert.Equal(32, spec.Base.Model.DModel);
    }

    [Fact]
    public void A_mistake_in_base_is_told_once_where_it_was_made()
    {
        var result = ExperimentReader.Read(
            """
            name: demo
            base:
              tasks: {months: {builtin: months}}
              training: {steps: many}
              sed: 1
            comparison:
              recipes:
                a: {stages: [{}]}
                b: {stages: [{training: {batch: -1}}, {}]}
            """);

        Assert.Equal(
            ["base.sed", "base.training.steps", "comparison.recipes.b.stages[0].training.batch"],
            result.Errors.Select(error => error.Path).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("mixture_study: {mixtures: [{strategy: equal}]}\nensemble: {}", "$")]
    [InlineData("question: why?", "$")]
    [InlineData("ensembel: {}", "ensembel")]
    [InlineData("ensemble: {parent: {name: x}}", "ensemble.parent.name")]
    [InlineData("ensemble: {parent: {tasks: [moths]}}", "ensemble.parent.tasks[0]")]
    [InlineData("mixture_study: {mixtures: [{strategy: equl}]}", "mixture_study.mixtures[0].strategy")]
    [InlineData("mixture_study: {mixtures: [{}]}", "mixture_study.mixtures[0].strategy")]
    [InlineData("scaling: {compute: 1}", "scaling.compute")]
    [InlineData("comparison: {}", "comparison.recipes")]
    [InlineData("ensemble: [1]", "ensemble")]
    [InlineData("comparison: {recipes: {a: {stages: {}}, b: {stages: [{}]}}}", "comparison.recipes.a.stages")]
    public void A_mistake_is_told_with_its_place(string kind, string path) =>
        Assert.Contains(path, Specs.Mistakes(kind).Select(error => error.Path));

    [Fact]
    public void Mistakes_of_form_and_of_meaning_are_listed_together() => Assert.Equal(
        ["base.tasks.a.builtin", "base.training.bach", "base.training.batch", "mixture_study.mixtures[0].strategy", "mixture_study.seeds"],
        Specs.MistakesOf(
            """
            name: demo
            base:
              tasks: {a: {builtin: moths}}
              training: {steps: 5, bach: 3, batch: 7, micro_batches: 2}
            mixture_study: {mixtures: [{strategy: equl}], seeds: [1, 1]}
            """).Select(error => error.Path).Order(StringComparer.Ordinal));

    [Fact]
    public void A_name_in_base_is_refused_since_runs_are_named_after_the_experiment() =>
        Assert.Contains("base.name", ExperimentReader.Read("name: demo\nbase: {name: x, tasks: {m: {builtin: months}}, training: {steps: 1}}\nensemble: {}").Errors.Select(error => error.Path));

    [Fact]
    public void A_short_text_does_not_become_a_large_one()
    {
        var many = string.Join(", ", Enumerable.Repeat("{}", 20_000));
        var result = ExperimentReader.Read($"name: demo\n{Specs.Base}\ncomparison: {{recipes: {{a: {{stages: [{many}]}}}}}}");

        Assert.Contains(result.Errors, error => error.Path.StartsWith("comparison.recipes.a.stages[", StringComparison.Ordinal) && error.Message.Contains("shorter base"));
    }

    [Theory]
    [InlineData("mixture_study: {mixtures: [{strategy: temperature, temperature: 2, cap: 10}], grid: {temperatures: [1, 2], caps: [5]}, seeds: [1, 2]}")]
    [InlineData("ensemble: {members: 3, parent: {training: {steps: 10}}}")]
    [InlineData("scaling: {compute: 2, pretrain: {seed: 3}, larger: [{layers: 4}]}")]
    [InlineData("comparison: {recipes: {a: {stages: [{}]}, b: {stages: [{}, {}], each_task: true}}}")]
    public void What_is_stored_is_read_again(string kind)
    {
        var spec = Specs.Read(kind);
        var options = new JsonSerializerOptions(ProtocolJson.Options) { IgnoreReadOnlyProperties = true };
        var stored = JsonSerializer.Serialize(spec, options);

        Assert.Equal(stored, JsonSerializer.Serialize(JsonSerializer.Deserialize<ExperimentSpec>(stored, options), options));
        Assert.Equal(spec.Kind, JsonSerializer.Deserialize<ExperimentSpec>(stored, options)!.Kind);
    }

    [Fact]
    public void Explicit_rates_are_part_of_a_mixture()
    {
        var spec = Specs.Read("mixture_study: {alone: false, mixtures: [{strategy: explicit, rates: {months: 3, days: 1}}]}");

        var run = Specs.Plan(spec).Value!.Layout.Runs.Single().Spec;
        Assert.Equal(MixingStrategy.Explicit, run.Mixture.Strategy);
        Assert.Equal((3, 1), (run.Tasks["months"].Rate, run.Tasks["days"].Rate));
    }

    private static string Json(RunSpec spec) => JsonSerializer.Serialize(spec, ProtocolJson.Options);
}
