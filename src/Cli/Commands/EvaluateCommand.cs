using System.CommandLine;
using System.Globalization;
using Spectre.Console;
using Temper.Contracts.Agents;
using Temper.Contracts.Specs;
using Temper.Mixture.Tasks;
using Temper.Worker.Evaluation;
using Temper.Worker.Models;
using Temper.Worker.Native;
using static TorchSharp.torch;

namespace Temper.Cli.Commands;

/// <summary><c>temper evaluate</c>: a model on the tasks of a spec.</summary>
internal static class EvaluateCommand
{
    public static Command Create()
    {
        var spec = SpecOptions.Spec();
        var data = SpecOptions.Data();
        var model = ModelOptions.Model();
        var split = new Option<string>("--split") { Description = "validation or test.", DefaultValueFactory = _ => "validation" }.AcceptOnlyFromAmong("validation", "test");
        var most = new Option<int?>("--max-examples") { Description = "Rows per task; all if not given." };
        var output = new Option<FileInfo?>("--output") { Description = "A JSON file for the metrics." };
        var threads = ModelOptions.Threads();
        var command = new Command("evaluate", "Evaluate a model on the tasks of a spec.") { spec, data, model, split, most, output, threads };
        command.SetAction(result =>
        {
            var run = SpecOptions.Read(result.GetRequiredValue(spec));
            var models = ModelOptions.Open(result.GetRequiredValue(model));
            if (models.Vocabulary is null)
            {
                throw new InvalidDataException($"{models.Name} has no vocabulary, which tasks in text need. Put its spiece.model into the folder.");
            }

            TorchLibrary.Load();
            set_num_threads(result.GetValue(threads));
            var results = Evaluate(run, SpecOptions.Roots(result.GetValue(data)), models, result.GetRequiredValue(split), result.GetValue(most));
            if (result.GetValue(output) is { } file)
            {
                File.WriteAllText(file.FullName, ProtocolJson.Write(results));
            }

            return ExitCodes.Success;
        });
        return command;
    }

    private static SortedDictionary<string, SortedDictionary<string, double?>> Evaluate(RunSpec spec, IReadOnlyList<string> roots, ModelSet models, string split, int? most)
    {
        using var predictor = models.Load();
        var decoder = new TextDecoder(models.Vocabulary, spec.Training.InputLength, spec.Evaluation.Batch);
        var results = new SortedDictionary<string, SortedDictionary<string, double?>>(StringComparer.Ordinal);
        var table = new Table().AddColumns("task", "examples", "metric", "value");
        foreach (var (name, task) in spec.Tasks)
        {
            var data = TaskLoader.Load(name, task, roots);
            var rows = Evaluator.Choose(name, split == "test" ? data.Test : data.Validation, most);
            if (rows.Count == 0)
            {
                continue;
            }

            var limit = TextDecoder.Limit(rows.Select(row => row.Targets), models.Vocabulary!, spec.Training.TargetLength);
            var metrics = results[name] = Evaluator.Score(data, rows, decoder.Predict(predictor, [.. rows.Select(row => row.Inputs)], limit, () => { }));
            foreach (var (metric, value) in metrics)
            {
                table.AddRow(Markup.Escape(name), rows.Count.ToString(CultureInfo.InvariantCulture), metric, value?.ToString("0.00", CultureInfo.InvariantCulture) ?? "undefined");
            }
        }

        AnsiConsole.Write(table);
        return results;
    }
}
