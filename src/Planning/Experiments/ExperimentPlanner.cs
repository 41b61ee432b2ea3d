using System.Globalization;
using Temper.Contracts.Experiments;
using Temper.Contracts.Runs;
using Temper.Contracts.Specs;
using Temper.Mixture.Mixing;
using Temper.Mixture.Tasks;
using Temper.Planning.Reading;
using Temper.Planning.Runs;

namespace Temper.Planning.Experiments;

/// <summary>Checks what an experiment means and works out its runs and what they will cost.</summary>
public static class ExperimentPlanner
{
    /// <summary>How far the cost of a row may lie from what it claims.</summary>
    public const double CostTolerance = 0.02;

    /// <summary>The experiment's runs with their plans, or every mistake.</summary>
    /// <param name="spec">A spec that <see cref="ExperimentReader"/> accepted.</param>
    /// <param name="experimentId">Its id, part of the ids of its runs.</param>
    /// <param name="outputDirectory">Its output folder.</param>
    /// <param name="context">What runs are checked against.</param>
    public static SpecResult<PlannedExperiment> Plan(ExperimentSpec spec, string experimentId, string outputDirectory, PlanningContext context)
    {
        var errors = new List<SpecError>();
        CheckKind(spec, errors);
        var known = new Dictionary<string, OriginRun>();
        var planner = new RunPlanner(context with { FindRun = id => known.GetValueOrDefault(id) ?? context.FindRun?.Invoke(id) });
        CheckBase(spec, planner, errors);
        if (errors.Count > 0 || Expand(spec, experimentId, planner, errors) is not { } layout)
        {
            return new SpecResult<PlannedExperiment>(null, errors);
        }

        var runs = new List<PlannedRun>();
        foreach (var run in layout.Runs)
        {
            var planned = planner.Plan(run.Spec);
            known[run.RunId] = new OriginRun(run.RunId, planned.Value?.Spec ?? run.Spec, context.DataRoots, OutputOf(outputDirectory, run.Key), RunPhase.Queued);
            // What is wrong with one run is mostly wrong with its sisters.
            errors.AddRange(planned.Errors.Where(error => !errors.Exists(e => e.Message == error.Message)).Select(error => error with { Path = $"runs.{run.Key}.{error.Path}" }));
            if (planned.Value is { } value)
            {
                runs.Add(value);
            }
        }

        if (errors.Count > 0)
        {
            return new SpecResult<PlannedExperiment>(null, errors);
        }

        var result = new PlannedExperiment(spec, layout, runs);
        CheckClaims(result.Summary(), errors);
        return errors.Count > 0 ? new SpecResult<PlannedExperiment>(null, errors) : new SpecResult<PlannedExperiment>(result, []);
    }

    /// <summary>Reads an experiment and checks its meaning: every mistake of both kinds at once.</summary>
    /// <param name="text">YAML or JSON.</param>
    /// <param name="experimentId">Its id, part of the ids of its runs.</param>
    /// <param name="outputOf">Its output folder.</param>
    /// <param name="context">What runs are checked against.</param>
    public static SpecResult<PlannedExperiment> ReadAndPlan(string text, string experimentId, Func<ExperimentSpec, string> outputOf, PlanningContext context)
    {
        var errors = new List<SpecError>();
        var spec = ExperimentReader.Read(text, errors);
        if (spec is not null && errors.Count == 0)
        {
            return Plan(spec, experimentId, outputOf(spec), context);
        }

        if (spec is not null)
        {
            // Runs cannot be made of it, but what else is wrong with the base of all of them can be told.
            var meaning = new List<SpecError>();
            CheckKind(spec, meaning);
            CheckBase(spec, new RunPlanner(context), meaning);
            errors.AddRange(meaning.Where(later => !errors.Exists(error => RunPlanner.Covers(error.Path, later.Path))).ToList());
        }

        return new SpecResult<PlannedExperiment>(null, errors);
    }

    /// <summary>Folder of the run of a key, below the experiment's.</summary>
    public static string OutputOf(string outputDirectory, string key) => Path.Combine(outputDirectory, "runs", key);

    private static void CheckKind(ExperimentSpec spec, List<SpecError> errors)
    {
        switch (spec)
        {
            case { MixtureStudy: { } study }:
                CheckSeeds("mixture_study.seeds", study.Seeds, errors);
                CheckMixtures(spec.Base, study, errors);
                break;
            case { Ensemble: { } ensemble }:
                CheckSeeds("ensemble.seeds", ensemble.Seeds, errors);
                CheckMembers(ensemble, errors);
                break;
            case { Scaling: { } scaling }:
                CheckSeeds("scaling.seeds", scaling.Seeds, errors);
                if (scaling.Curve?.Any(factor => factor is < 1 or > 1000) == true)
                {
                    errors.Add(new SpecError("scaling.curve", "A multiple of the steps is 1 to 1000. Write whole numbers in that range."));
                }

                if (scaling.Larger is { Count: 0 })
                {
                    errors.Add(new SpecError("scaling.larger", "The list is empty. Name at least one change of base.model, or leave it out for a deeper model."));
                }

                break;
            case { Comparison: { } comparison }:
                CheckSeeds("comparison.seeds", comparison.Seeds, errors);
                CheckRecipes(comparison, errors);
                break;
        }
    }

    private static void CheckSeeds(string path, IReadOnlyList<long>? seeds, List<SpecError> errors)
    {
        if (seeds is not null && (seeds.Count == 0 || seeds.Distinct().Count() < seeds.Count))
        {
            errors.Add(new SpecError(path, seeds.Count == 0 ? "The list is empty. Name at least one seed, or leave it out." : "A seed is listed twice; it would give the same numbers. Name each once."));
        }
    }

    private static void CheckMixtures(RunSpec @base, MixtureStudySpec study, List<SpecError> errors)
    {
        if (study.Mixtures is not { Count: > 0 } && study.Grid is null)
        {
            errors.Add(new SpecError("mixture_study.mixtures", "There is nothing to compare. List mixtures such as {strategy: equal}, or give a grid."));
        }

        if (study.Grid is { Temperatures.Count: 0 } or { Caps.Count: 0 } or { Temperatures: null, Caps: null })
        {
            errors.Add(new SpecError("mixture_study.grid", "The grid is empty. Give temperatures, caps, or both."));
        }

        foreach (var temperature in (study.Grid?.Temperatures ?? []).Where(temperature => temperature is not (>= 0.01 and <= 1e6)))
        {
            errors.Add(new SpecError("mixture_study.grid.temperatures", string.Create(CultureInfo.InvariantCulture, $"{temperature} is no temperature. Write 0.01 to 1000000.")));
        }

        foreach (var cap in (study.Grid?.Caps ?? []).Where(cap => cap < 1))
        {
            errors.Add(new SpecError("mixture_study.grid.caps", $"{cap} is no cap. Write at least 1."));
        }

        foreach (var (i, mixture) in (study.Mixtures ?? []).Index())
        {
            var path = $"mixture_study.mixtures[{i}]";
            if (mixture.Strategy != MixingStrategy.Explicit)
            {
                if (mixture.Rates is not null)
                {
                    errors.Add(new SpecError($"{path}.rates", "Rates count only with strategy: explicit. Leave them out, or choose that strategy."));
                }

                continue;
            }

            foreach (var task in @base.Tasks.Keys.Where(task => mixture.Rates?.ContainsKey(task) != true))
            {
                errors.Add(new SpecError($"{path}.rates.{task}", "The strategy explicit needs the rate of every task. Write one."));
            }

            foreach (var task in (mixture.Rates?.Keys ?? []).Where(task => !@base.Tasks.ContainsKey(task)))
            {
                errors.Add(new SpecError($"{path}.rates.{task}", $"There is no task of this name. The tasks are {string.Join(", ", @base.Tasks.Keys)}."));
            }
        }
    }

    private static void CheckMembers(EnsembleStudySpec ensemble, List<SpecError> errors)
    {
        if (ensemble.Models is not null && (ensemble.Members is not null || ensemble.Seeds is not null || ensemble.Parent is not null))
        {
            errors.Add(new SpecError("ensemble.models", "Existing models are not trained. Leave members, seeds and parent out, or leave models out."));
        }

        if (ensemble.Models is { Count: 0 })
        {
            errors.Add(new SpecError("ensemble.models", "The list is empty. Name at least one model."));
        }

        if (ensemble.Members is { } members && ensemble.Seeds is { } seeds && members != seeds.Count)
        {
            errors.Add(new SpecError("ensemble.members", $"There are {members} members and {seeds.Count} seeds. Leave one of the two out."));
        }
    }

    private static void CheckRecipes(ComparisonSpec comparison, List<SpecError> errors)
    {
        if (comparison.Recipes.Count < 2)
        {
            errors.Add(new SpecError("comparison.recipes", "A comparison takes at least two recipes. Write another one."));
        }

        foreach (var (name, recipe) in comparison.Recipes.Where(pair => pair.Value.Stages.Count == 0))
        {
            errors.Add(new SpecError($"comparison.recipes.{name}.stages", "A recipe has at least one stage. Write {} for base as it is."));
        }
    }

    // Everything is made from base, so what is wrong with it is told once, there.
    private static void CheckBase(ExperimentSpec spec, RunPlanner planner, List<SpecError> errors)
    {
        var path = "base.";
        var whole = spec.Base;
        if (spec.Ensemble?.Models is { } models)
        {
            whole = whole with { Model = new ModelSpec(Members: models, Dropout: whole.Model.Dropout), Training = whole.Training with { Steps = 0 } };
        }
        else if (whole.Training.Steps == 0)
        {
            errors.Add(new SpecError("base.training.steps", "An experiment trains. Write at least 1 step."));
        }
        else if (whole.Model.IsEnsemble || (spec.Kind == ExperimentKind.Scaling && whole.Model.References.Count > 0))
        {
            errors.Add(new SpecError("base.model", "This experiment trains from random weights. Leave init_from and members out, and write stages instead."));
        }

        if (spec.MixtureStudy is not null)
        {
            // The study brings the mixtures.
            whole = whole with { Mixture = new MixtureSpec() };
        }

        errors.AddRange(planner.Plan(whole).Errors.Select(error => error with { Path = path + error.Path }));
    }

    private static ExperimentLayout? Expand(ExperimentSpec spec, string experimentId, RunPlanner planner, List<SpecError> errors)
    {
        try
        {
            return ExperimentExpander.Expand(spec, experimentId, run => planner.Cost(run).Flops);
        }
        catch (SpecException e)
        {
            errors.AddRange(e.Errors.Select(error => error.Path == "$" ? error : error with { Path = $"{(spec.Scaling is null ? "base" : "scaling")}.{error.Path}" }));
        }

        return null;
    }

    private static void CheckClaims(ExperimentPlan plan, List<SpecError> errors)
    {
        foreach (var row in plan.Rows)
        {
            if (row is { Compute: { } claimed, Ratio: { } ratio } && Math.Abs((ratio / claimed) - 1) > CostTolerance)
            {
                errors.Add(new SpecError(
                    "base.training.steps",
                    string.Create(CultureInfo.InvariantCulture, $"The row '{row.Label}' would cost {ratio:0.00} times the baseline instead of {claimed:0}: a whole number of steps comes no nearer. Write more steps, so that one step weighs less.")));
            }
        }
    }
}

/// <summary>An experiment, its runs and what each of them will be, in the order of the layout.</summary>
public sealed record PlannedExperiment(ExperimentSpec Spec, ExperimentLayout Layout, IReadOnlyList<PlannedRun> Runs)
{
    /// <summary>What it will be, for people.</summary>
    public ExperimentPlan Summary()
    {
        var byKey = Layout.Runs.Zip(Runs).ToDictionary(pair => pair.First.Key, pair => pair.Second.Plan);
        var cost = Layout.Rows.ToDictionary(row => row, row => Layout.CostOf(row, key => byKey[key].TrainingFlops));
        var baseline = Layout.Rows.Where(row => row.Role == RowRole.Baseline).Select(row => (double?)cost[row]).FirstOrDefault();
        return new ExperimentPlan(
            Spec.Kind,
            [.. Layout.Runs.Zip(Runs).Select(pair => new ExperimentRunPlan(pair.First.Key, pair.First.Spec.Training.Steps, pair.First.Spec.Model.References, pair.Second.Plan))],
            [.. Layout.Rows.Select(row => new ExperimentRowPlan(row.Label, row.Role, row.Compute, cost[row], baseline is > 0 ? cost[row] / baseline : null))],
            byKey.Values.Sum(plan => plan.TrainingFlops),
            byKey.Values.All(plan => plan.PredictedSeconds is not null) ? byKey.Values.Sum(plan => plan.PredictedSeconds) : null);
    }
}
