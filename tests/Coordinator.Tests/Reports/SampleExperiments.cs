using Temper.Contracts.Agents;
using Temper.Contracts.Experiments;
using Temper.Contracts.Runs;
using Temper.Contracts.Specs;
using Temper.Coordinator.Reports;
using Temper.Coordinator.Reports.Experiments;
using Temper.Mixture.Mixing;
using Temper.Mixture.Tasks;

namespace Temper.Coordinator.Tests.Reports;

/// <summary>What a run of a made-up experiment came to.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Scores">Task → main metric.</param>
/// <param name="Loss">Held-out loss of every task.</param>
internal sealed record SampleResult(string Key, IReadOnlyDictionary<string, double?> Scores, double? Loss)
{
    public int Steps { get; init; } = 1;

    public double FlopsPerStep { get; init; } = 1e9;

    public long Seed { get; init; } = 17;

    public IReadOnlyList<string> Parents { get; init; } = [];

    public Combination? Combine { get; init; }

    public MixtureSpec? Mixture { get; init; }

    public RunPhase Phase { get; init; } = RunPhase.Succeeded;

    public string Reason { get; init; } = "";
}

/// <summary>Experiments that look like real ones, and small ones made by hand.</summary>
internal static class SampleExperiments
{
    private static readonly IReadOnlyDictionary<string, (string[] Metrics, double Score, double Noise)> Tasks = new Dictionary<string, (string[], double, double)>
    {
        ["acceptability"] = (["matthews_corrcoef"], 51.2, 1.1),
        ["arithmetic"] = (["exact_match"], 88.4, 0.6),
        ["dates_en_de"] = (["exact_match", "bleu"], 93.1, 0.4),
        ["sentiment"] = (["accuracy"], 90.6, 0.5),
        ["similarity"] = (["pearson_corrcoef", "spearman_corrcoef"], 84.9, 0.7),
    };

    public static ExperimentReportInput Mixtures()
    {
        var random = new Random(3);
        (string Label, MixtureSpec Spec, double[] Gains)[] mixtures =
        [
            ("proportional", new(), [-6.1, 0.4, 0.5, 0.3, -1.9]),
            ("proportional, cap 4,096", new(Cap: 4096), [-1.2, -0.1, 0.1, 0.1, 0.9]),
            ("temperature 2", new(MixingStrategy.Temperature, 2), [0.6, 0.2, 0.2, 0.4, 1.3]),
            ("temperature 4", new(MixingStrategy.Temperature, 4), [1.1, -0.9, -0.4, -0.1, 1.1]),
            ("equal", new(MixingStrategy.Equal), [0.7, -3.8, -1.9, -1.2, 0.4]),
        ];
        long[] seeds = [17, 18, 19];
        var runs = new List<SampleResult>();
        var rows = new List<ExperimentRow>();
        foreach (var (label, mixture, gains) in mixtures)
        {
            var samples = new List<RowSample>();
            foreach (var seed in seeds)
            {
                var key = $"{label.Replace(" ", "-", StringComparison.Ordinal).Replace(",", "", StringComparison.Ordinal)}-seed{seed}";
                runs.Add(Noisy(key, gains, random) with { Steps = 2000, FlopsPerStep = 3.1e11 * (1 + (0.02 * random.NextDouble())), Seed = seed, Mixture = mixture });
                samples.Add(Sample(seed, key));
            }

            rows.Add(new ExperimentRow(label, RowRole.Contender, null, samples));
        }

        var alone = Noisy("alone", [0, 0, 0, 0, 0], random);
        foreach (var task in Tasks.Keys)
        {
            runs.Add(new SampleResult($"alone-{task}-seed17", new Dictionary<string, double?> { [task] = alone.Scores[task] }, alone.Loss) { Steps = 2000, FlopsPerStep = 2.9e11 });
        }

        rows.Add(new ExperimentRow("each task alone", RowRole.Alone, null, [new RowSample(17, Tasks.Keys.ToDictionary(task => task, task => $"alone-{task}-seed17"))]));
        return Input(
            Spec("mixtures", "Does mixing the five tasks cost any of them anything, and at which temperature?") with { MixtureStudy = new MixtureStudySpec([.. mixtures.Select(mixture => new StudiedMixture(mixture.Spec.Strategy, mixture.Spec.Temperature, mixture.Spec.Cap))], Seeds: seeds) },
            runs,
            rows);
    }

    public static ExperimentReportInput Ensemble()
    {
        var random = new Random(5);
        var members = Enumerable.Range(1, 4).Select(i => Noisy($"member-{i}", [0, 0, 0, 0, 0], random) with { Steps = 2000, FlopsPerStep = 3.1e11, Seed = 16 + i }).ToList();
        string[] parents = [.. members.Select(member => member.Key)];
        return Input(
            Spec("four-together", "Are four small models together better than one?") with { Ensemble = new EnsembleStudySpec(4) },
            [
                .. members,
                Noisy("ensemble", [3.1, 2.2, 0.9, 0.6, 1.5], random, -0.05) with { Steps = 0, Parents = parents, Combine = Combination.Logits },
                Noisy("average", [-40, -71, -80, -32, -60], random, 1.9) with { Steps = 0, Parents = parents, Combine = Combination.Weights },
            ],
            [
                .. members.Select((member, i) => new ExperimentRow($"member {i + 1}", RowRole.Member, null, [Sample(member.Seed, member.Key)])),
                new ExperimentRow("ensemble of 4 (logits)", RowRole.Ensemble, null, [Sample(17, "ensemble")]),
                new ExperimentRow("average of the weights", RowRole.WeightAverage, null, [Sample(17, "average")]),
            ]);
    }

    public static ExperimentReportInput Scaling()
    {
        var random = new Random(11);
        const double flops = 3.1e11;
        List<SampleResult> runs = [];
        List<ExperimentRow> rows = [];
        foreach (var times in new[] { 1, 2, 4, 8 })
        {
            var gain = 1.6 * Math.Log2(times);
            var loss = 0.52 * (Math.Pow(times, -0.11) - 1);
            var samples = new List<RowSample>();
            foreach (var seed in times == 1 ? new long[] { 17, 18, 19 } : [17])
            {
                runs.Add(Noisy($"steps-{times}-pretrain-seed{seed}", null, random, loss) with { Steps = 1000 * times, FlopsPerStep = flops * 1.1, Seed = seed });
                runs.Add(Noisy($"steps-{times}-seed{seed}", [gain, gain, gain / 3, gain / 2, gain], random, loss) with { Steps = 500 * times, FlopsPerStep = flops, Parents = [$"steps-{times}-pretrain-seed{seed}"], Seed = seed });
                samples.Add(Sample(seed, $"steps-{times}-seed{seed}"));
            }

            rows.Add(times == 1
                ? new ExperimentRow("baseline", RowRole.Baseline, 1, samples)
                : new ExperimentRow($"{times}× steps", RowRole.MoreSteps, times, samples));
        }

        Add("4× batch", RowRole.MoreBatch, 4, "batch-4", [2.4, 2.0, 1.0, 1.1, 2.1], -0.058, 1500, flops * 4.02);
        Add("2× size, 2× steps", RowRole.LargerModel, 4, "larger-2", [5.8, 3.4, 1.6, 2.2, 4.4], -0.083, 3000, flops * 2.04);
        Add("4× size", RowRole.LargerModel, 4, "larger-4", [5.2, 3.1, 1.2, 2.6, 4.9], -0.079, 1500, flops * 4.08);
        string[] members = ["steps-1-seed17", .. Enumerable.Range(2, 3).Select(i => $"fresh-{i}")];
        runs.AddRange(members.Skip(1).Select((key, i) => Noisy(key, [0, 0, 0, 0, 0], random) with { Steps = 1500, FlopsPerStep = flops * 1.066, Seed = 18 + i }));
        runs.Add(Noisy("ensemble-4", [2.9, 2.1, 1.1, 0.9, 1.7], random, -0.05) with { Steps = 0, Parents = members, Combine = Combination.Logits });
        rows.Add(new ExperimentRow("4× ensemble", RowRole.Ensemble, 4, [Sample(17, "ensemble-4")]));
        string[] tuned = ["steps-1-seed17", .. Enumerable.Range(2, 3).Select(i => $"tuned-{i}")];
        runs.AddRange(tuned.Skip(1).Select((key, i) => Noisy(key, [0, 0, 0, 0, 0], random) with { Steps = 500, FlopsPerStep = flops, Seed = 18 + i, Parents = ["steps-1-pretrain-seed17"] }));
        runs.Add(Noisy("ensemble-tuned", [1.5, 1.2, 0.6, 0.4, 1.0], random, -0.03) with { Steps = 0, Parents = tuned, Combine = Combination.Logits });
        rows.Add(new ExperimentRow("4× ensemble, fine-tuned only", RowRole.FineTunedEnsemble, null, [Sample(17, "ensemble-tuned")]));
        return Input(
            Spec("four-times", "You were just given four times as much compute. How should you use it?") with { Scaling = new ScalingStudySpec(4, Larger: [new ModelSpec(Layers: 8), new ModelSpec(Layers: 16)]) },
            runs,
            rows);

        void Add(string label, RowRole role, double compute, string key, double[] gains, double loss, int steps, double perStep)
        {
            runs.Add(Noisy(key, gains, random, loss) with { Steps = steps, FlopsPerStep = perStep * 1.066 });
            rows.Add(new ExperimentRow(label, role, compute, [Sample(17, key)]));
        }
    }

    public static ExperimentReportInput Comparison()
    {
        var random = new Random(21);
        List<SampleResult> runs = [];
        List<ExperimentRow> rows = [];
        (string Label, bool HasStage, double[] Gains)[] recipes =
        [
            ("multi-task only", false, [-4.2, -0.6, -0.2, -1.1, -2.2]),
            ("pre-train, then fine-tune", true, [0.3, 0.4, 0.3, 0.9, 0.2]),
            ("multi-task pre-train, then fine-tune", true, [1.2, 0.2, 0.4, 0.8, 0.9]),
            ("supervised pre-train, then fine-tune", true, [-2.4, 0.1, 0.5, -0.5, -0.8]),
        ];
        foreach (var (label, hasStage, gains) in recipes)
        {
            var samples = new List<RowSample>();
            foreach (var seed in new long[] { 17, 18, 19 })
            {
                var stem = label.Replace(" ", "-", StringComparison.Ordinal).Replace(",", "", StringComparison.Ordinal);
                if (hasStage)
                {
                    runs.Add(Noisy($"{stem}-1-seed{seed}", null, random, 0.3) with { Steps = 1500, FlopsPerStep = 3.4e11, Seed = seed });
                }

                runs.Add(Noisy($"{stem}-2-seed{seed}", gains, random) with { Steps = hasStage ? 500 : 2000, FlopsPerStep = 3.1e11, Parents = hasStage ? [$"{stem}-1-seed{seed}"] : [], Seed = seed });
                samples.Add(Sample(seed, $"{stem}-2-seed{seed}"));
            }

            rows.Add(new ExperimentRow(label, RowRole.Contender, null, samples));
        }

        return Input(
            Spec("recipes", null) with { Comparison = new ComparisonSpec(recipes.ToDictionary(recipe => recipe.Label, _ => new RecipeSpec([Base]))) },
            runs,
            rows);
    }

    /// <summary>A comparison of rows by their scores on two tasks, a row a line and a repetition an entry.</summary>
    public static ExperimentReportInput ByHand(params (string Label, RowRole Role, (double? A, double? B, double? Loss)[] Samples)[] rows)
    {
        List<SampleResult> runs = [];
        List<ExperimentRow> made = [];
        foreach (var (label, role, samples) in rows)
        {
            made.Add(new ExperimentRow(label, role, role is RowRole.MoreSteps or RowRole.LargerModel ? 4 : null, [.. samples.Select((sample, i) =>
            {
                var key = $"{label}-{i + 1}";
                runs.Add(new SampleResult(key, new Dictionary<string, double?> { ["a"] = sample.A, ["b"] = sample.B }, sample.Loss));
                return new RowSample(i + 1, new Dictionary<string, string> { ["a"] = key, ["b"] = key });
            })]));
        }

        return Input(Spec("by-hand", "Which?") with { Comparison = new ComparisonSpec(new Dictionary<string, RecipeSpec>()) }, runs, made);
    }

    public static ExperimentReportInput Input(ExperimentSpec spec, IReadOnlyList<SampleResult> runs, IReadOnlyList<ExperimentRow> rows)
    {
        var end = SampleRun.Start.AddMinutes(221);
        var unsuccessful = runs.Count(run => run.Phase != RunPhase.Succeeded);
        var status = new ExperimentStatus(
            $"{spec.Name}-20260305-093000-q7d1", spec.Name, spec.Kind, unsuccessful == 0 ? ExperimentPhase.Succeeded : ExperimentPhase.Failed,
            unsuccessful == 0 ? "All runs succeeded." : $"{unsuccessful} of {runs.Count} runs did not succeed.",
            runs.Count, runs.Count - unsuccessful, unsuccessful, 0, 0, $"out/{spec.Name}", SampleRun.Start, end);
        return new ExperimentReportInput(
            status,
            spec,
            new ExperimentLayout([.. runs.Select(run => new ExperimentRun(run.Key, Id(run.Key), RunSpecOf(run)))], rows),
            runs.ToDictionary(run => run.Key, Outcome));
    }

    public static ExperimentSpec Spec(string name, string? question) => new(name, Base, question);

    public static RowSample Sample(long seed, string key) => new(seed, Tasks.Keys.ToDictionary(task => task, _ => key));

    private static RunSpec Base => new("base", Tasks.Keys.ToDictionary(task => task, task => new TaskSpec(Builtin: task)), new TrainingSpec(2000));

    private static string Id(string key) => $"run-{key}";

    // Null gains: a stage that is not evaluated.
    private static SampleResult Noisy(string key, double[]? gains, Random random, double loss = 0)
    {
        var scores = new Dictionary<string, double?>();
        foreach (var (i, (task, facts)) in Tasks.Index())
        {
            if (gains is not null)
            {
                scores[task] = Math.Clamp(facts.Score + gains[i] + (facts.Noise * Normal(random)), 0, 100);
            }
        }

        return new SampleResult(key, scores, 0.52 + loss + (0.003 * Normal(random)) - ((gains?.Average() ?? 0) > -10 ? 0.004 * (gains?.Average() ?? 0) : 0));
    }

    private static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    private static RunSpec RunSpecOf(SampleResult run)
    {
        string[] parents = [.. run.Parents.Select(key => ModelSpec.RunPrefix + Id(key))];
        return Base with
        {
            Seed = run.Seed,
            Training = new TrainingSpec(run.Steps),
            Mixture = run.Mixture ?? new MixtureSpec(),
            Model = run.Combine is { } combine ? new ModelSpec(Members: parents, Combine: combine) : new ModelSpec(InitFrom: parents.FirstOrDefault()),
        };
    }

    private static RunOutcome Outcome(SampleResult run)
    {
        var random = new Random(run.Key.Aggregate(0, (sum, letter) => unchecked((sum * 31) + letter)));
        var done = run.Phase == RunPhase.Succeeded ? run.Steps : run.Steps / 2;
        var every = Math.Max(1, done / 400);
        var steps = Enumerable.Range(1, done).Select(step => Step(step, run, random)).ToList();
        var evaluations = run.Phase == RunPhase.Succeeded ? run.Scores.Select(score => Evaluation(score.Key, score.Value, run)).ToList() : [];
        var status = new RunStatus(
            Id(run.Key), run.Key, run.Phase, run.Reason, done, run.Steps, 1, 1, [], [], null, $"out/{run.Key}", SampleRun.Start, SampleRun.Start,
            run.Phase.IsTerminal() ? SampleRun.Start.AddMinutes(9) : null, "fp32");
        var report = RunReport.From(new RunReportInput(status, RunSpecOf(run), run.Scores.Keys.ToDictionary(task => task, _ => 1.0 / run.Scores.Count), steps, evaluations));
        return new RunOutcome(status, new RunPlan(1_300_000, run.FlopsPerStep, 1L << 30, []), report, [.. steps.Where(row => row.Step % every == 0 || row.Step == 1)], evaluations);
    }

    private static StepRow Step(int step, SampleResult run, Random random)
    {
        var end = (run.Loss ?? 1) * 0.92;
        var start = run.Parents.Count > 0 ? end * 1.6 : 5.4;
        var loss = (end + ((start - end) * Math.Exp(-step / (0.05 * run.Steps))) + (0.5 * end * Math.Exp(-step / (0.3 * run.Steps)))) * (0.9 + (0.2 * random.NextDouble()));
        return new StepRow(
            step, loss, 1e-3, 0.5, 0.2, 0.01, 0.01, 3000, 800, 4200, new Dictionary<string, TaskStep>(), run.FlopsPerStep, run.FlopsPerStep * 0.88);
    }

    private static EvaluationRow Evaluation(string task, double? score, SampleResult run)
    {
        var metrics = Tasks.TryGetValue(task, out var facts) ? facts.Metrics : ["accuracy", "f1"];
        return new EvaluationRow(
            run.Steps, true, task, "test", 500, metrics.Index().ToDictionary(metric => metric.Item, metric => score - metric.Index), [], 1.2, run.Loss, 4000);
    }
}
