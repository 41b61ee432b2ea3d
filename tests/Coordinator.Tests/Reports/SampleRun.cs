using Temper.Contracts.Agents;
using Temper.Contracts.Models;
using Temper.Contracts.Runs;
using Temper.Contracts.Specs;
using Temper.Coordinator.Reports;
using Temper.Mixture.Tasks;

namespace Temper.Coordinator.Tests.Reports;

/// <summary>A run that looks like a real one: falling, noisy losses, evaluations, a recovery.</summary>
internal static class SampleRun
{
    public static readonly DateTimeOffset Start = new(2026, 3, 5, 9, 30, 0, TimeSpan.Zero);

    public static readonly IReadOnlyList<(string Name, double Rate, int Length, string[] Metrics)> Quickstart =
    [
        ("acceptability", 0.16, 9, ["matthews_corrcoef"]),
        ("arithmetic", 0.24, 5, ["exact_match"]),
        ("dates_en_de", 0.31, 26, ["exact_match", "bleu"]),
        ("similarity", 0.29, 4, ["pearson_corrcoef", "spearman_corrcoef"]),
    ];

    public static readonly IReadOnlyList<(string Name, double Rate, int Length, string[] Metrics)> Glue =
    [
        ("cola", 0.087, 4, ["matthews_corrcoef"]), ("mrpc", 0.061, 4, ["f1", "accuracy"]), ("multi30k_en_de", 0.162, 17, ["bleu"]),
        ("qnli", 0.071, 4, ["accuracy"]), ("rte", 0.05, 3, ["accuracy"]), ("sst2", 0.26, 3, ["accuracy"]),
        ("stsb", 0.075, 4, ["pearson_corrcoef", "spearman_corrcoef"]), ("trec", 0.21, 3, ["accuracy"]), ("wnli", 0.024, 3, ["accuracy"]),
    ];

    public static RunReportInput Make(int steps = 1200, IReadOnlyList<(string Name, double Rate, int Length, string[] Metrics)>? tasks = null, int every = 200)
    {
        tasks ??= Quickstart;
        var random = new Random(7);
        var rows = Enumerable.Range(1, steps).Select(step => Row(step, steps, tasks, random)).ToList();
        var evaluations = new List<EvaluationRow>();
        for (var step = every; step < steps; step += every)
        {
            evaluations.AddRange(tasks.Select(task => Evaluation(task.Name, task.Metrics, step, steps, false, "validation", 100)));
        }

        evaluations.AddRange(tasks.SelectMany(task => new[]
        {
            Evaluation(task.Name, task.Metrics, steps, steps, true, "validation", 480),
            Evaluation(task.Name, task.Metrics, steps, steps, true, "test", 500),
        }));
        var status = new RunStatus(
            "quickstart-20260305-093000-k3f2", "quickstart", RunPhase.Succeeded, "All steps made, all tasks evaluated.", steps, steps, 2, 2, [],
            [new Recovery(Start.AddSeconds(101), 1, FailureCauses.TrainerDied, "Rank 1 on agent local-1 ended without a word (exit code 137, killed).", steps / 2)],
            steps, "out/quickstart", Start.AddSeconds(-3), Start, Start.AddSeconds(192), "fp32");
        var spec = new RunSpec(
            "quickstart",
            tasks.ToDictionary(task => task.Name, task => new TaskSpec(Builtin: task.Name)),
            new TrainingSpec(steps, Optimizer: new OptimizerSpec(LearningRate: 2e-3), Schedule: new ScheduleSpec(ScheduleKind.Linear, 200), Precision: Precision.Fp32),
            Workers: 2);
        return new RunReportInput(
            status, spec, tasks.ToDictionary(task => task.Name, task => task.Rate), rows, evaluations, tasks.ToDictionary(task => task.Name, _ => 9000L));
    }

    private static StepRow Row(int step, int steps, IReadOnlyList<(string Name, double Rate, int Length, string[] Metrics)> tasks, Random random)
    {
        var parts = new SortedDictionary<string, TaskStep>(StringComparer.Ordinal);
        foreach (var (name, rate, length, _) in tasks)
        {
            var examples = (int)Math.Floor((64 * rate) + random.NextDouble());
            if (examples > 0)
            {
                long tokens = examples * length;
                var level = (4.6 * Math.Exp(-step / (steps * (0.04 + (0.02 * length / 10.0))))) + 0.012 + (0.5 * Math.Exp(-step / (steps * 0.2)));
                parts[name] = new TaskStep(examples, tokens, tokens * level * (0.75 + (0.5 * random.NextDouble())));
            }
        }

        var target = parts.Values.Sum(part => part.TargetTokens);
        var warmup = Math.Min(200, steps / 5.0);
        var rateNow = 2e-3 * (step < warmup ? step / warmup : (steps - step) / (steps - warmup));
        var seconds = 0.135 + (0.03 * random.NextDouble()) + (random.Next(90) == 0 ? 0.2 : 0) + (step == 1 ? 1.2 : 0);
        return new StepRow(
            step, parts.Values.Sum(part => part.LossSum) / target, rateNow, 0.4 + random.NextDouble(), seconds, seconds * 0.11, seconds * 0.008,
            2600 + random.Next(500), target, (long)((3000 + target) * 1.14), parts);
    }

    private static EvaluationRow Evaluation(string task, string[] metrics, int step, int steps, bool final, string split, int examples)
    {
        var values = metrics.Select((name, i) => (name, value: 99.2 * (1 - Math.Exp(-5.0 * step / steps)) * (1 - (0.04 * i)) * (1 - (task[0] % 7 * 0.03))))
            .ToDictionary(pair => pair.name, pair => (double?)pair.value);
        return new EvaluationRow(step, final, task, split, examples, values, Samples(task), 1.7);
    }

    private static SamplePrediction[] Samples(string task) => task.Contains("en_de", StringComparison.Ordinal)
        ?
        [
            new("translate English to German: Thursday, March 5, 1987", "Donnerstag, 5. März 1987", "Donnerstag, 5. März 1987"),
            new("translate English to German: Sunday, June 30, 2041", "Sonntag, 30. Juni 2041", "Sonntag, 30. Juli 2041"),
            new("translate English to German: <script>alert(1)</script> & [bold]\u202Egro.live\u202C\u0007", "Freitag, 1. Mai 1998", "<b>Freitag</b>, 1. Mai 1998"),
        ]
        :
        [
            new($"{task} sentence: The harbour was quiet before the storm came in from the north, and nobody on the pier had noticed.", "acceptable", "acceptable"),
            new($"{task} sentence: Book the read he yesterday.", "unacceptable", "acceptable"),
            new($"{task} sentence: He left.", "acceptable", ""),
        ];
}
