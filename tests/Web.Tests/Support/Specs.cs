using Temper.Contracts.Agents;

namespace Temper.Web.Tests.Support;

/// <summary>Small specs, and rows as a trainer of them would report them.</summary>
internal static class Specs
{
    /// <summary>A run that trains for some seconds.</summary>
    public static string Run(string name = "small", int steps = 60, int workers = 1, string more = "") =>
        $$"""
        name: {{name}}
        workers: {{workers}}
        model: { d_model: 16, d_ff: 32, d_kv: 4, heads: 2, layers: 1, dropout: 0.0, embedding_std: 0.02 }
        mixture: { strategy: temperature, temperature: 2 }
        tasks:
          arithmetic: { builtin: arithmetic, max_examples: 200 }
          months: { builtin: months }
        training:
          steps: {{steps}}
          batch: 8
          input_length: 48
          target_length: 24
          precision: fp32
          checkpoint_every: {{Math.Max(20, steps / 4)}}
          optimizer: { learning_rate: 2e-3 }
        evaluation: { every: {{Math.Max(20, steps / 4)}}, max_examples: 4, final_max_examples: 8, batch: 8, samples: 1 }
        {{more}}
        """;

    /// <summary>A run that has something to show: four tasks, some minutes.</summary>
    public static string Picture(string name, int temperature) =>
        $$"""
        name: {{name}}
        model: { d_model: 64, dropout: 0.0, embedding_std: 0.02 }
        mixture: { strategy: {{(temperature == 1 ? "proportional" : $"temperature, temperature: {temperature}")}} }
        tasks:
          dates_en_de: { builtin: dates_en_de, max_examples: 4000 }
          months: { builtin: months }
          acceptability: { builtin: acceptability, max_examples: 1000 }
          similarity: { builtin: similarity, max_examples: 1000 }
        training:
          steps: 240
          batch: 32
          input_length: 96
          target_length: 48
          precision: fp32
          checkpoint_every: 60
          clip_norm: 1.0
          optimizer: { learning_rate: 3e-3 }
          schedule: { kind: linear, warmup: 30 }
        evaluation: { every: 40, max_examples: 32, final_max_examples: 100, samples: 2 }
        """;

    /// <summary>Two members of an ensemble, each as small as <see cref="Run"/>.</summary>
    public static string Experiment(string name = "together") =>
        $"name: {name}\nquestion: Are two better than one?\nensemble: {{members: 2}}\nbase:\n{string.Join('\n', Run().Split('\n').Skip(1).Select(line => $"  {line}"))}\n";

    /// <summary>Steps from..to of a run of the tasks above, with a loss that falls.</summary>
    public static IReadOnlyList<StepRow> Steps(int from, int to, double floor = 0.4) =>
        [.. Enumerable.Range(from, to - from + 1).Select(step => Step(step, floor + (5 * Math.Exp(-step / 25.0)) + (0.05 * Math.Sin(step * 7.1))))];

    public static EvaluationRow Evaluation(int step, string task, double score, params SamplePrediction[] samples) =>
        new(step, step >= 60, task, "validation", 40, new Dictionary<string, double?> { ["exact_match"] = score }, samples, 0.2, 2 - (score / 100), 200);

    private static StepRow Step(int step, double loss) => new(
        step, loss, 2e-3 * (1 - (step / 120.0)), 1 + (1.0 / step), 0.05, 0.004, 0.001, 200, 80, 384,
        new Dictionary<string, TaskStep> { ["arithmetic"] = new(5 + (step % 2), 30, loss * 1.2 * 30), ["months"] = new(3 - (step % 2), 50, loss * 0.88 * 50) },
        2.4e8, 1.9e8);
}
