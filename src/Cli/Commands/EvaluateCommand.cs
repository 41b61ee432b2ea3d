using System.CommandLine;
using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;
using Temper.Cli.Files;
using Temper.Cli.Views;
using Temper.Contracts.Agents;
using Temper.Contracts.Specs;
using Temper.Mixture.Tasks;
using Temper.Mixture.Vocabularies;
using Temper.Planning.Tasks;
using Temper.Worker.Collectives;
using Temper.Worker.Evaluation;
using Temper.Worker.Model;

namespace Temper.Cli.Commands;

/// <summary><c>temper evaluate</c>: a model on the tasks of a spec.</summary>
internal static class EvaluateCommand
{
    private const string Loss = "loss";

    public static Command Create()
    {
        var spec = SpecOptions.Spec();
        var data = SpecOptions.Data();
        var model = ModelOptions.Model();
        var split = new Option<string?>("--split") { Description = "validation or test; both if not given." }.AcceptOnlyFromAmong("validation", "test");
        var most = Numbers.WholeIfGiven("--max-examples", "Rows per task and split; those of the spec's evaluation.final_max_examples if not given.", 1, 10_000_000);
        var output = OutputFile.Option("A JSON file for metrics and losses.", required: false);
        var device = ModelOptions.Device();
        var threads = Numbers.WholeIfGiven("--threads", "Threads; as many as the model's run computed with if not given, all cores where the folder does not say.", 1, 1024);
        var precision = ModelOptions.Precision();
        var command = new Command("evaluate", "Evaluate a model on the tasks of a spec, as the end of a run does.") { spec, data, model, split, most, output, device, threads, precision };
        command.SetAction(result =>
        {
            var run = SpecOptions.Read(result.GetRequiredValue(spec));
            var models = ModelOptions.Open(result.GetRequiredValue(model));
            if (models.Vocabulary is null)
            {
                throw new InvalidDataException($"{models.Name} has no vocabulary, which tasks in text need. {models.VocabularyRemedy}");
            }

            if (TaskSources.Check(run, models.Vocabulary) is { Count: > 0 } errors)
            {
                throw new SpecException(errors);
            }

            if (result.GetValue(most) is { } count)
            {
                run = run with { Evaluation = run.Evaluation with { FinalMaxExamples = count } };
            }

            var place = ModelOptions.Take(result.GetValue(device), result.GetValue(threads) ?? models.Computed?.Threads ?? Environment.ProcessorCount);
            using var predictor = models.Load(ModelOptions.Products(result.GetValue(precision), models), place);
            var file = result.GetValue(output);
            // On standard output whoever asked for the metrics there reads JSON, and nothing else.
            var screen = file is { IsStandardOutput: true } ? AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) }) : AnsiConsole.Console;
            string[] splits = result.GetValue(split) is { } only ? [only] : ["validation", "test"];
            var results = Evaluate(run, SpecOptions.Roots(result.GetValue(data)), models.Vocabulary, predictor, splits, screen);
            file?.Write(writer => writer.WriteLine(ProtocolJson.Write(results)));

            return ExitCodes.Success;
        });
        return command;
    }

    private static SortedDictionary<string, OrderedDictionary<string, SplitScores>> Evaluate(
        RunSpec spec, IReadOnlyList<string> roots, IVocabulary vocabulary, IPredictor predictor, string[] splits, IAnsiConsole screen)
    {
        using var alone = new SingleCollective();
        var evaluator = new SplitEvaluator(predictor, vocabulary, spec, alone, () => { });
        var results = new SortedDictionary<string, OrderedDictionary<string, SplitScores>>(StringComparer.Ordinal);
        var table = new Table().AddColumns("task", "split", "examples", "metric", "value");
        var warnings = new List<IRenderable>();
        foreach (var (name, task) in spec.Tasks)
        {
            var data = TaskLoader.Load(name, task, roots);
            foreach (var split in splits.Where(split => TaskSources.TextOf(data, split).Count > 0))
            {
                // Null only where somebody can stop it.
                var row = evaluator.Evaluate(0, final: true, data, split, TaskSources.ToEvaluate(spec, data, split, vocabulary))!;
                warnings.AddRange((row.Warnings ?? []).Select(warning => Cells.Warning(name, warning)));
                results.TryAdd(name, []);
                results[name].Add(split, new SplitScores(row.Examples, row.Metrics, row.Loss));
                foreach (var (metric, value) in row.Metrics.Append(new(Loss, row.Loss)))
                {
                    var shown = value?.ToString(metric == Loss ? "0.0000" : "0.00", CultureInfo.InvariantCulture) ?? "undefined";
                    table.AddRow(Markup.Escape(name), split, row.Examples.ToString(CultureInfo.InvariantCulture), metric, shown);
                }
            }
        }

        screen.Write(table);
        screen.Write(new Rows(warnings));
        return results;
    }

    /// <summary>The scores of one split, under the names that <c>report.json</c> has for them.</summary>
    private sealed record SplitScores(int Examples, IReadOnlyDictionary<string, double?> Metrics, double? Loss);
}
