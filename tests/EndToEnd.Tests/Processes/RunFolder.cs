using System.Text.Json;
using System.Text.Json.Nodes;

namespace Temper.EndToEnd.Tests.Processes;

/// <summary>A temporary folder with a small spec, and what runs leave in it.</summary>
internal sealed class RunFolder : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("temper-e2e-").FullName;

    /// <summary>A spec that trains for some seconds: two tasks, two workers, dropout, frequent checkpoints.</summary>
    public string Spec(int steps = 150, int workers = 2, string more = "")
    {
        var path = Path.Combine(_root, "spec.yaml");
        File.WriteAllText(path, $"""
            name: small
            workers: {workers}
            model:
              d_model: 32
              d_ff: 64
              d_kv: 8
              dropout: 0.1
              embedding_std: 0.02
            mixture:
              strategy: temperature
              temperature: 2
            tasks:
              arithmetic:
                builtin: arithmetic
                max_examples: 500
              months:
                builtin: months
            training:
              steps: {steps}
              batch: 32
              input_length: 64
              target_length: 32
              precision: fp32
              checkpoint_every: 20
              optimizer:
                learning_rate: 2e-3
              schedule:
                kind: linear
                warmup: 20
            evaluation:
              final_max_examples: 40
            {more}
            """);
        return path;
    }

    /// <summary>A path in the folder.</summary>
    public string this[string name] => Path.Combine(_root, name);

    /// <summary>The losses of a finished run, in order of steps.</summary>
    public static IReadOnlyList<double> Losses(string output) =>
        [.. File.ReadLines(Path.Combine(output, "losses.jsonl")).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("loss").GetDouble())];

    /// <summary>The report of a finished run.</summary>
    public static JsonNode Report(string output) => JsonNode.Parse(File.ReadAllText(Path.Combine(output, "report.json")))!;

    /// <summary>Whether a run has saved a checkpoint of this step or a later one.</summary>
    public static bool HasCheckpoint(string output, int step) => Checkpoints(output).Keys.Any(saved => saved >= step);

    /// <summary>The folders of the checkpoints that a run has saved, by step.</summary>
    public static IReadOnlyDictionary<int, string> Checkpoints(string output)
    {
        var folder = Path.Combine(output, "checkpoints");
        return !Directory.Exists(folder) ? new Dictionary<int, string>() : Directory.GetDirectories(folder, "step-*")
            .Where(path => !path.EndsWith(".unfinished", StringComparison.Ordinal))
            .GroupBy(path => int.Parse(Path.GetFileName(path).Split('-')[1], System.Globalization.CultureInfo.InvariantCulture))
            .ToDictionary(step => step.Key, step => step.Order(StringComparer.Ordinal).Last());
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);
}
