using System.CommandLine;
using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;
using Temper.Cli.Views;
using Temper.Cli.Files;
using Temper.Contracts.Agents;
using Temper.Contracts.Specs;
using Temper.Mixture.Tasks;
using Temper.Mixture.Vocabularies;
using Temper.Worker.Decoding;
using Temper.Worker.Evaluation;

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
        var split = new Option<string>("--split") { Description = "validation or test.", DefaultValueFactory = _ => "validation" }.AcceptOnlyFromAmong("validation", "test");
        var most = Numbers.WholeIfGiven("--max-examples", "Rows per task; all if not given.", 1, 10_000_000);
        var output = OutputFile.Option("A JSON file for the metrics.", required: false);
        var device = ModelOptions.Device();
        var threads = ModelOptions.Threads();
        var command = new Command("evaluate", "Evaluate a model on the tasks of a spec.") { spec, data, model, split, most, output, device, threads };
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

            using var predictor = models.Load(device: ModelOptions.Take(result.GetValue(device), result.GetValue(threads)));
            var file = result.GetValue(output);
            // On standard output whoever asked for the metrics there reads JSON, and nothing else.
            var screen = file is { IsStandardOutput: true } ? AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) }) : AnsiConsole.Console;
            var results = Evaluate(run, SpecOptions.Roots(result.GetValue(data)), models.Vocabulary, predictor, result.GetRequiredValue(split), result.GetValue(most), screen);
            file?.Write(writer => writer.WriteLine(ProtocolJson.Write(results)));

            return ExitCodes.Success;
        });
        return command;
    }

    private static SortedDictionary<string, OrderedDictionary<string, double?>> Evaluate(RunSpec spec, IReadOnlyList<string> roots, IVocabulary vocabulary, IPredictor predictor, string split, int? most, IAnsiConsole screen)
    {
        var results = new SortedDictionary<string, OrderedDictionary<string, double?>>(StringComparer.Ordinal);
        var table = new Table().AddColumns("task", "examples", "metric", "value");
        var warnings = new List<IRenderable>();
        foreach (var (name, task) in spec.Tasks)
        {
            var data = TaskLoader.Load(name, task, roots);
            if (TaskSources.TextOf(data, split).Count == 0)
            {
                continue;
            }

            var (examples, values) = data.Metrics.Count > 0
                ? Judge(spec, data, split, most, vocabulary, predictor)
                : Score(spec, data, split, most, vocabulary, predictor);
            results[name] = values;
            warnings.AddRange(Evaluator.Warnings(data, TaskSources.TextOf(data, split)).Select(warning => Cells.Warning(name, warning)));
            foreach (var (metric, value) in values)
            {
                var shown = value?.ToString(metric == Loss ? "0.0000" : "0.00", CultureInfo.InvariantCulture) ?? "undefined";
                table.AddRow(Markup.Escape(name), examples.ToString(CultureInfo.InvariantCulture), metric, shown);
            }
        }

        screen.Write(table);
        screen.Write(new Rows(warnings));
        return results;
    }

    private static (int Examples, OrderedDictionary<string, double?> Values) Judge(
        RunSpec spec, TaskData data, string split, int? most, IVocabulary vocabulary, IPredictor predictor)
    {
        var rows = Evaluator.Choose(data.Name, TaskSources.TextOf(data, split), most);
        var decoder = new TextDecoder(vocabulary, spec.Training.InputLength, spec.Evaluation.Batch);
        var limit = TextDecoder.Limit(rows.Select(row => row.Targets), vocabulary, spec.Training.TargetLength);
        return (rows.Count, Evaluator.Score(data, rows, decoder.Predict(predictor, [.. rows.Select(row => row.Inputs)], limit, () => { })));
    }

    // A task without metrics is judged by its loss.
    private static (int Examples, OrderedDictionary<string, double?> Values) Score(
        RunSpec spec, TaskData data, string split, int? most, IVocabulary vocabulary, IPredictor predictor)
    {
        var source = TaskSources.ToEvaluate(spec, data, split, vocabulary);
        var rows = Evaluator.Chosen(data.Name, source.Count, most);
        var loss = new TargetScorer(spec.Evaluation.Batch).Score(predictor, [.. rows.Select(row => source.Row(row, 0))], () => { });
        var mean = loss.Sum / loss.Tokens;
        return (rows.Count, new OrderedDictionary<string, double?>(StringComparer.Ordinal) { [Loss] = double.IsFinite(mean) ? mean : null });
    }
}
