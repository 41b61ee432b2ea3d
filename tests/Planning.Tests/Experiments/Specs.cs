using Temper.Contracts.Experiments;
using Temper.Mixture.Tasks;
using Temper.Planning.Experiments;
using Temper.Planning.Reading;

namespace Temper.Planning.Tests.Experiments;

/// <summary>Small experiments on tasks that need no files.</summary>
internal static class Specs
{
    public const string Base = """
        base:
          tasks:
            months: {builtin: months}
            days: {builtin: days}
          model: {size: tiny, d_model: 32, dropout: 0}
          training: {steps: 60, batch: 8, input_length: 64, target_length: 32}
        """;

    public static ExperimentSpec Read(string kind)
    {
        var result = ExperimentReader.Read($"name: demo\n{Base}\n{kind}");
        Assert.Empty(result.Errors);
        return result.Value!;
    }

    public static IReadOnlyList<SpecError> Mistakes(string kind) => MistakesOf($"name: demo\n{Base}\n{kind}");

    public static IReadOnlyList<SpecError> MistakesOf(string text) =>
        ExperimentPlanner.ReadAndPlan(text, "x", _ => "/out", new PlanningContext([AppContext.BaseDirectory])).Errors;

    public static SpecResult<PlannedExperiment> Plan(ExperimentSpec spec) =>
        ExperimentPlanner.Plan(spec, "x", "/out", new PlanningContext([AppContext.BaseDirectory]));

    public static PlannedExperiment Planned(string kind)
    {
        var result = Plan(Read(kind));
        Assert.Empty(result.Errors);
        return result.Value!;
    }
}
