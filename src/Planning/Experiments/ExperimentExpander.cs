using System.Globalization;
using Temper.Contracts.Experiments;
using Temper.Contracts.Models;
using Temper.Contracts.Specs;
using Temper.Mixture.Mixing;
using Temper.Mixture.Tasks;

namespace Temper.Planning.Experiments;

/// <summary>From a question to the runs that answer it, as a pure function: the same spec always gives the same runs.</summary>
/// <param name="experimentId">Part of the ids of the runs.</param>
/// <param name="flops">Training FLOPs of a spec whose model starts from random weights, or would; see <see cref="T5Costs"/>.</param>
public sealed class ExperimentExpander(string experimentId, Func<RunSpec, double> flops)
{
    private const int LongestKey = 80;
    private const int MaxRuns = 500;
    private static readonly CultureInfo s_invariant = CultureInfo.InvariantCulture;
    private readonly List<ExperimentRun> _runs = [];
    private readonly List<ExperimentRow> _rows = [];

    /// <summary>The runs and the table.</summary>
    public static ExperimentLayout Expand(ExperimentSpec spec, string experimentId, Func<RunSpec, double> flops)
    {
        var expander = new ExperimentExpander(experimentId, flops);
        switch (spec)
        {
            case { MixtureStudy: { } study }:
                expander.Study(spec.Base, study);
                break;
            case { Ensemble: { } ensemble }:
                expander.Ensemble(spec.Base, ensemble);
                break;
            case { Scaling: { } scaling }:
                expander.Scale(spec.Base, scaling);
                break;
            case { Comparison: { } comparison }:
                expander.Compare(spec.Base, comparison);
                break;
        }

        return new ExperimentLayout(expander._runs, expander._rows);
    }

    private void Study(RunSpec @base, MixtureStudySpec study)
    {
        var seeds = study.Seeds ?? [@base.Seed];
        foreach (var mixture in Mixtures(study))
        {
            var (label, key) = (Label(mixture), Key(mixture));
            AddRow(label, RowRole.Contender, null, seeds, seed => ForAll(@base, Add($"{key}-seed{seed}", Mixed(@base, mixture) with { Seed = seed })));
        }

        if (study.Alone)
        {
            AddRow("each task by itself", RowRole.Alone, null, seeds, seed => Drawn(@base).ToDictionary(
                task => task,
                task => Add($"alone-{task}-seed{seed}", Only(@base, task) with { Seed = seed })));
        }
    }

    private void Ensemble(RunSpec @base, EnsembleStudySpec ensemble)
    {
        var members = ensemble.Models is { } models
            ? [.. models.Select((model, i) => (Key: Add($"member-{i + 1}", Evaluated(@base, [model], Combination.Weights)), Reference: model, Label: $"model {i + 1}: {model}"))]
            : Trained(@base, ensemble.Parent is { } parent ? Add("parent", parent) : null, Seeds(@base, ensemble)).ToList();
        foreach (var member in members)
        {
            AddRow(member.Label, RowRole.Member, null, ForAll(@base, member.Key));
        }

        var references = members.Select(member => member.Reference).ToList();
        AddRow(
            $"ensemble of {members.Count} (logits averaged)",
            RowRole.Ensemble,
            null,
            ForAll(@base, Add("ensemble", Evaluated(@base, references, Combination.Logits))));
        if (ensemble.AverageWeights)
        {
            AddRow(
                "one model of averaged weights",
                RowRole.WeightAverage,
                null,
                ForAll(@base, Add("weights", Evaluated(@base, references, Combination.Weights))));
        }
    }

    private void Scale(RunSpec @base, ScalingStudySpec scaling)
    {
        var compute = scaling.Compute;
        RunSpec[] stages = scaling.Pretrain is { } pretrain ? [pretrain, @base] : [@base];
        var cost = stages.Select(flops).ToArray();
        foreach (var factor in (scaling.Curve ?? [1, 2, 4, 8]).Append(1).Append(compute).Distinct().Order())
        {
            var role = factor == 1 ? RowRole.Baseline : RowRole.MoreSteps;
            Rows(factor == 1 ? "baseline" : $"{factor}× steps", role, factor, repetition =>
                Chain(repetition.Key(factor == 1 ? "base" : $"steps-{factor}x"), repetition.Of(stages), (stage, i) => Fitting(stage, factor * cost[i])));
        }

        Rows($"{compute}× batch", RowRole.MoreBatch, compute, repetition =>
            Chain(repetition.Key($"batch-{compute}x"), repetition.Of(stages), (stage, i) => Fitting(Batches(stage, compute), compute * cost[i])));
        foreach (var (number, larger) in (scaling.Larger ?? [Deeper(@base.Model, compute)]).Index())
        {
            Rows($"larger model ({LargerName(@base.Model, larger)})", RowRole.LargerModel, compute, repetition =>
                Chain(repetition.Key($"larger-{number + 1}"), repetition.Of(stages), (stage, i) => Fitting(stage with { Model = larger }, compute * cost[i])));
        }

        Rows($"ensemble of {compute}", RowRole.Ensemble, compute, repetition => Together(repetition, "ensemble", i =>
            Chain(repetition.Key($"member-{i + 1}"), repetition.Of(stages, i), (stage, _) => stage)));
        if (stages.Length > 1)
        {
            Rows($"ensemble of {compute}, fine-tuned from one parent", RowRole.FineTunedEnsemble, null, repetition => Together(repetition, "tuned-ensemble", i =>
                Add(repetition.Key($"tuned-{i + 1}"), From(repetition.Of(stages, i)[^1], $"{repetition.Key("base")}-1"))));
        }

        void Rows(string label, RowRole role, double? times, Func<Repetition, string> lastRun) =>
            AddRow(label, role, times, [.. Repetition.All(scaling.Seeds).Select(repetition => (repetition.Seed ?? @base.Seed, ForAll(@base, lastRun(repetition))))]);

        // The baseline itself is the first member.
        string Together(Repetition repetition, string key, Func<int, string> member)
        {
            var members = Enumerable.Range(0, compute).Select(i => i == 0 ? repetition.Key("base") : member(i)).ToList();
            return Add(repetition.Key(key), Evaluated(repetition.Of(stages)[^1], [.. members.Select(Reference)], Combination.Logits));
        }
    }

    private void Compare(RunSpec @base, ComparisonSpec comparison)
    {
        foreach (var (name, recipe) in comparison.Recipes)
        {
            AddRow(name, RowRole.Contender, null, comparison.Seeds ?? [@base.Seed], seed =>
            {
                var stages = recipe.Stages.Select(stage => stage with { Seed = seed }).ToArray();
                if (!recipe.EachTask)
                {
                    return ForAll(stages[^1], Chain($"{name}-seed{seed}", stages, (stage, _) => stage));
                }

                var parent = stages.Length > 1 ? Chain($"{name}-seed{seed}-shared", stages[..^1], (stage, _) => stage) : null;
                return Drawn(stages[^1]).ToDictionary(
                    task => task,
                    task => Add($"{name}-{task}-seed{seed}", parent is null ? Only(stages[^1], task) : From(Only(stages[^1], task), parent)));
            });
        }
    }

    /// <summary>The strategies of a study, listed ones first.</summary>
    private static IEnumerable<StudiedMixture> Mixtures(MixtureStudySpec study)
    {
        var caps = study.Grid?.Caps is { Count: > 0 } given ? given.Select(cap => (long?)cap) : [null];
        var grid = study.Grid is null ? [] : (study.Grid.Temperatures ?? [1]).SelectMany(temperature => caps.Select(cap => temperature == 1
            ? new StudiedMixture(MixingStrategy.Proportional, Cap: cap)
            : new StudiedMixture(MixingStrategy.Temperature, temperature, cap)));
        return (study.Mixtures ?? []).Concat(grid).DistinctBy(Key);
    }

    private static RunSpec Mixed(RunSpec run, StudiedMixture mixture) => run with
    {
        Mixture = new MixtureSpec(mixture.Strategy, mixture.Strategy == MixingStrategy.Temperature ? mixture.Temperature : 1, mixture.Cap),
        Tasks = Map(run.Tasks, (name, task) => task with { Rate = mixture.Strategy == MixingStrategy.Explicit ? mixture.Rates?.GetValueOrDefault(name) ?? 0 : null }),
    };

    // What is only evaluated cannot be trained by itself.
    private static IEnumerable<string> Drawn(RunSpec run) => run.Tasks.Where(task => !task.Value.IsEvaluatedOnly()).Select(task => task.Key);

    private static RunSpec Only(RunSpec run, string task) => run with
    {
        Mixture = new MixtureSpec(),
        Tasks = new Dictionary<string, TaskSpec> { [task] = run.Tasks[task] with { Rate = null } },
    };

    private static string Label(StudiedMixture mixture)
    {
        var cap = mixture.Cap is { } k ? string.Create(s_invariant, $", K = {k:#,0}") : "";
        return mixture.Strategy switch
        {
            MixingStrategy.Equal => "equal",
            MixingStrategy.Proportional => $"proportional{cap}",
            MixingStrategy.Temperature => string.Create(s_invariant, $"temperature T = {mixture.Temperature:0.###}{cap}"),
            _ => $"rates {string.Join(" : ", (mixture.Rates ?? new Dictionary<string, double>()).Select(pair => string.Create(s_invariant, $"{pair.Key} {pair.Value:0.###}")))}",
        };
    }

    private static string Key(StudiedMixture mixture)
    {
        var cap = mixture.Cap is { } k ? string.Create(s_invariant, $"-K{k}") : "";
        return mixture.Strategy switch
        {
            MixingStrategy.Equal => "equal",
            MixingStrategy.Proportional => $"proportional{cap}",
            MixingStrategy.Temperature => string.Create(s_invariant, $"T{mixture.Temperature:0.###}{cap}"),
            _ => $"rates-{string.Join('-', (mixture.Rates ?? new Dictionary<string, double>()).OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => string.Create(s_invariant, $"{pair.Key}{pair.Value:0.###}")))}",
        };
    }

    private static IReadOnlyList<long> Seeds(RunSpec @base, EnsembleStudySpec ensemble) =>
        ensemble.Seeds ?? [.. Enumerable.Range(0, ensemble.Members ?? 4).Select(i => @base.Seed + i)];

    private IEnumerable<(string Key, string Reference, string Label)> Trained(RunSpec @base, string? parent, IReadOnlyList<long> seeds)
    {
        foreach (var seed in seeds)
        {
            var run = @base with { Seed = seed };
            var key = Add($"member-seed{seed}", parent is null ? run : From(run, parent));
            yield return (key, Reference(key), $"member of seed {seed}");
        }
    }

    /// <summary>As many steps as make the training cost <paramref name="target"/>; at least one.</summary>
    private RunSpec Fitting(RunSpec run, double target)
    {
        var steps = run.Training.Steps;
        // The cost of a step is nearly the same everywhere, so the second guess is nearly always exact.
        for (var round = 0; round < 3; round++)
        {
            var next = Math.Clamp((int)Math.Round(steps * (target / flops(WithSteps(run, steps)))), 1, 100_000_000);
            if (next == steps)
            {
                break;
            }

            steps = next;
        }

        return WithSteps(run, steps);
    }

    private static RunSpec WithSteps(RunSpec run, int steps) => run with
    {
        Training = run.Training with { Steps = steps, Schedule = run.Training.Schedule with { Warmup = Math.Min(run.Training.Schedule.Warmup, steps) } },
    };

    // As many more micro-batches: the same memory.
    private static RunSpec Batches(RunSpec run, int factor) => run with
    {
        Training = run.Training with { Batch = run.Training.Batch * factor, MicroBatches = run.Training.MicroBatches * factor },
    };

    // Twice the depth is about twice the parameters and FLOPs of the layers, as in the paper's table 13; half the compute then goes into steps.
    private static ModelSpec Deeper(ModelSpec model, int compute)
    {
        var shape = T5Sizes.Names.Contains(model.Size) ? T5Sizes.Get(model.Size, model.Family ?? ModelFamily.V1_1) : T5Sizes.Get("tiny");
        var factor = Math.Max(2, (int)Math.Round(Math.Sqrt(compute)));
        return model with
        {
            Layers = (model.Layers ?? shape.EncoderLayers) * factor,
            DecoderLayers = (model.DecoderLayers ?? model.Layers ?? shape.DecoderLayers) * factor,
        };
    }

    private static string LargerName(ModelSpec from, ModelSpec to)
    {
        var changes = new List<string>();
        if (to.Size != from.Size)
        {
            changes.Add(to.Size);
        }

        foreach (var (name, before, after) in new[] { ("d_model", from.DModel, to.DModel), ("d_ff", from.DFf, to.DFf), ("d_kv", from.DKv, to.DKv), ("heads", from.Heads, to.Heads), ("layers", from.Layers, to.Layers), ("decoder layers", from.DecoderLayers, to.DecoderLayers) })
        {
            if (after is { } value && after != before)
            {
                changes.Add(string.Create(s_invariant, $"{name} {value}"));
            }
        }

        return changes.Count == 0 ? "unchanged" : string.Join(", ", changes);
    }

    // What is evaluated as it is has no shape of its own.
    private static RunSpec Evaluated(RunSpec @base, IReadOnlyList<string> references, Combination combine) => @base with
    {
        Model = new ModelSpec(Dropout: @base.Model.Dropout, EmbeddingStd: @base.Model.EmbeddingStd, Members: references, Combine: combine),
        Training = @base.Training with { Steps = 0 },
    };

    private RunSpec From(RunSpec run, string parentKey) =>
        run with { Model = new ModelSpec(InitFrom: Reference(parentKey), Dropout: run.Model.Dropout, EmbeddingStd: run.Model.EmbeddingStd) };

    /// <summary>Stages that follow each other; the key of the last.</summary>
    private string Chain(string key, RunSpec[] stages, Func<RunSpec, int, RunSpec> change)
    {
        string? parent = null;
        foreach (var (i, stage) in stages.Index())
        {
            var run = change(stage, i);
            parent = Add(i == stages.Length - 1 ? key : $"{key}-{i + 1}", parent is null ? run : From(run, parent));
        }

        return parent!;
    }

    // Keys name folders, and what they are made of may come from anybody.
    private string Add(string key, RunSpec run)
    {
        // While they are made, not afterwards: a few short lists multiply to more than fits into memory.
        if (_runs.Count == MaxRuns)
        {
            throw new SpecException([new SpecError("$", $"This takes more than {MaxRuns} runs, which is the most for one experiment. Ask for less at once.")]);
        }

        var safe = new string([.. key.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '_')]).TrimStart('.');
        safe = safe.Length > LongestKey ? safe[..LongestKey] : safe;
        var unique = _runs.Exists(known => known.Key == safe) ? string.Create(s_invariant, $"{safe}-{_runs.Count + 1}") : safe;
        var name = $"{run.Name}-{unique.Replace('.', '_')}";
        _runs.Add(new ExperimentRun(unique, string.Create(s_invariant, $"{experimentId}-{_runs.Count + 1:00}"), run with { Name = name.Length > 63 ? name[..63] : name }));
        return unique;
    }

    private string Reference(string key) => ModelSpec.RunPrefix + _runs.First(run => run.Key == key).RunId;

    private void AddRow(string label, RowRole role, double? compute, IReadOnlyList<long> seeds, Func<long, Dictionary<string, string>> runs) =>
        AddRow(label, role, compute, [.. seeds.Select(seed => (seed, runs(seed)))]);

    private void AddRow(string label, RowRole role, double? compute, IReadOnlyList<(long Seed, Dictionary<string, string> Runs)> samples) =>
        _rows.Add(new ExperimentRow(label, role, compute, [.. samples.Select(sample => new RowSample(sample.Seed, sample.Runs))]));

    private void AddRow(string label, RowRole role, double? compute, Dictionary<string, string> runs) =>
        _rows.Add(new ExperimentRow(label, role, compute, [new RowSample(_runs.First(run => run.Key == runs.Values.First()).Spec.Seed, runs)]));

    private static Dictionary<string, string> ForAll(RunSpec run, string key) => run.Tasks.Keys.ToDictionary(task => task, _ => key);

    private static SortedDictionary<string, T> Map<T>(IReadOnlyDictionary<string, T> from, Func<string, T, T> change)
    {
        var result = new SortedDictionary<string, T>(StringComparer.Ordinal);
        foreach (var (name, value) in from)
        {
            result[name] = change(name, value);
        }

        return result;
    }

    /// <summary>One repetition of a scaling experiment.</summary>
    /// <param name="Seed">Its seed; null for the seeds that the spec's stages have, and keys without a seed.</param>
    /// <param name="Stride">How far the seeds of an ensemble's members lie apart: further than those of all repetitions, so that no two repetitions share a member.</param>
    private sealed record Repetition(long? Seed, long Stride)
    {
        public static IEnumerable<Repetition> All(IReadOnlyList<long>? seeds) => seeds is null
            ? [new Repetition(null, 1)]
            : seeds.Select(seed => new Repetition(seed, seeds.Max() - seeds.Min() + 1));

        public string Key(string key) => Seed is { } seed ? string.Create(s_invariant, $"{key}-seed{seed}") : key;

        public RunSpec[] Of(RunSpec[] stages, int member = 0) => [.. stages.Select(stage => stage with { Seed = (Seed ?? stage.Seed) + (member * Stride) })];
    }
}
