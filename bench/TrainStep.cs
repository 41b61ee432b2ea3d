using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Temper.Contracts.Models;
using Temper.Contracts.Specs;
using Temper.Worker.Model;
using Temper.Worker.Native;
using Temper.Worker.Optimizers;
using static TorchSharp.torch;

namespace Temper.Bench;

/// <summary>Whole training steps, forward, backward and optimizer, on random ids; one line of JSON.</summary>
internal static class TrainStep
{
    public static int Run(string[] args)
    {
        if (Allocator.RunAgainWithSettings() is { } exitCode)
        {
            return exitCode;
        }

        var options = args.Chunk(2).ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);
        string Text(string name, string otherwise) => options.GetValueOrDefault($"--{name}", otherwise);
        int Number(string name, int otherwise) => int.Parse(Text(name, $"{otherwise}"), CultureInfo.InvariantCulture);

        var (size, batch, inputs, targets) = (Text("size", "small"), Number("batch", 4), Number("inputs", 512), Number("targets", 114));
        var (threads, steps, warmup) = (Number("threads", 2), Number("steps", 7), Number("warmup", 3));
        var (precision, optimizerName) = (Text("precision", "bf16"), Text("optimizer", "adamw"));
        var dropout = double.Parse(Text("dropout", "0.1"), CultureInfo.InvariantCulture);
        var config = T5Sizes.Get(size is "small" or "base" or "large" ? $"t5-{size}" : size, ModelFamily.V1_0) with { Dropout = dropout };

        TorchLibrary.Load();
        set_num_threads(threads);
        using var model = new T5Model(config, precision == "bf16" ? Precision.Bf16 : Precision.Fp32, new T5Initialization());
        using Optimizer optimizer = optimizerName == "adafactor" ? new Adafactor(model.Parameters) : new AdamW(model.Parameters);
        var data = RandomBatch(batch, inputs, targets, config.VocabularySize);

        var timings = Enumerable.Range(0, warmup + steps).Select(step => OneStep(model, optimizer, data, step)).Skip(warmup).ToArray();
        double Median(Func<(double Gradient, double Update), double> part) => timings.Select(part).Order().ElementAt(timings.Length / 2);
        var stepSeconds = Median(timing => timing.Gradient + timing.Update);
        var peak = MatmulPeak(precision == "bf16" ? ScalarType.BFloat16 : ScalarType.Float32);
        Console.WriteLine(JsonSerializer.Serialize(new Dictionary<string, object>
        {
            ["size"] = size,
            ["parameters"] = T5Costs.Parameters(config),
            ["batch"] = batch,
            ["inputs"] = inputs,
            ["targets"] = targets,
            ["precision"] = precision,
            ["threads"] = threads,
            ["optimizer"] = optimizerName,
            ["dropout"] = dropout,
            ["steps"] = steps,
            ["step_s_median"] = Math.Round(stepSeconds, 4),
            ["forward_backward_s_median"] = Math.Round(Median(timing => timing.Gradient), 4),
            ["optimizer_s_median"] = Math.Round(Median(timing => timing.Update), 4),
            ["tokens_per_s"] = Math.Round(batch * (inputs + targets) / stepSeconds, 1),
            ["gflops"] = Math.Round(T5Costs.TrainingFlops(config, batch, inputs, targets, (long)batch * targets) / stepSeconds / 1e9, 1),
            ["matmul_peak_gflops"] = Math.Round(peak, 1),
            ["peak_rss_mb"] = Process.GetCurrentProcess().PeakWorkingSet64 / (1 << 20),
        }));
        return 0;
    }

    private static (double Gradient, double Update) OneStep(T5Model model, Optimizer optimizer, ModelBatch data, int step)
    {
        var start = Stopwatch.GetTimestamp();
        model.Parameters.ZeroGradients();
        model.AccumulateGradients(data, 1f / data.TargetTokens, dropoutSeed: step);
        var gradient = Stopwatch.GetElapsedTime(start).TotalSeconds;
        Optimizer.ClipGradients(model.Parameters, 1);
        optimizer.Step(1e-4);
        return (gradient, Stopwatch.GetElapsedTime(start).TotalSeconds - gradient);
    }

    private static ModelBatch RandomBatch(int rows, int inputs, int targets, int vocabulary)
    {
        var random = new Random(1);
        int[] Ids(int count) => [.. Enumerable.Range(0, count).Select(_ => random.Next(2, vocabulary))];
        return new ModelBatch(rows, inputs, targets, Ids(rows * inputs), Ids(rows * targets));
    }

    /// <summary>GFLOP/s of the best of several 2048³ products, each long enough to hide its overhead.</summary>
    private static double MatmulPeak(ScalarType type)
    {
        const int size = 2048;
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var (a, b) = (randn(size, size).to(type), randn(size, size).to(type));
        double Seconds()
        {
            var start = Stopwatch.GetTimestamp();
            a.matmul(b).Dispose();
            return Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        return 2.0 * size * size * size / Enumerable.Range(0, 12).Min(_ => Seconds()) / 1e9;
    }
}
