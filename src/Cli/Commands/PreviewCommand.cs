using System.CommandLine;
using Spectre.Console;
using Temper.Cli.Views;
using Temper.Contracts.Specs;
using Temper.Mixture.Examples;
using Temper.Mixture.Mixing;
using Temper.Mixture.Tasks;
using Temper.Mixture.Vocabularies;
using Temper.Planning;
using Temper.Planning.Models;
using Temper.Planning.Runs;
using Temper.Planning.Tasks;

namespace Temper.Cli.Commands;

/// <summary><c>temper preview</c>: what a spec would train on.</summary>
internal static class PreviewCommand
{
    private const int MaxDraws = 1_000_000;

    public static Command Create()
    {
        var spec = SpecOptions.Spec();
        var data = SpecOptions.Data();
        var rows = Numbers.Whole("--rows", "Sample rows per task.", 0, 1000, () => 2);
        var command = new Command("preview", "Check a spec and show its mixture, lengths and sample rows, without training.") { spec, data, rows };
        command.SetAction(result =>
        {
            var file = result.GetRequiredValue(spec);
            var roots = SpecOptions.Roots(result.GetValue(data));
            var planned = new RunPlanner(new PlanningContext(roots)).ReadAndPlan(File.ReadAllText(file.FullName));
            if (planned.Value is not { } run)
            {
                SpecErrorsView.Write(AnsiConsole.Console, file.Name, planned.Errors);
                return ExitCodes.Usage;
            }

            AnsiConsole.Write(PreviewView.Render(Describe(run, roots, result.GetValue(rows))));
            return ExitCodes.Success;
        });
        return command;
    }

    private static Preview Describe(PlannedRun run, IReadOnlyList<string> roots, int rows)
    {
        if (!VocabularyOpener.TryOpen(run.Spec.Vocabulary, roots, out var vocabulary, out var problem))
        {
            throw new InvalidDataException(problem);
        }

        var draws = (int)Math.Min(MaxDraws, (long)run.Spec.Training.Steps * run.Spec.Training.Batch);
        var drawn = new Draw[draws];
        if (draws > 0)
        {
            new MixtureSchedule([.. run.Plan.Tasks.Select(task => task.Rate)]).Fill(0, drawn);
        }

        var counts = drawn.CountBy(draw => draw.Task).ToDictionary();
        var tasks = run.Plan.Tasks.Select((plan, i) =>
        {
            var task = TaskLoader.Load(plan.Name, run.Spec.Tasks[plan.Name], roots);
            var (inputs, targets, samples) = task.SpanCorruption is null ? OfExamples(task, vocabulary, run.Spec, rows) : OfText(task, vocabulary, run.Spec, rows);
            return new PreviewTask(
                plan.Name,
                plan.TrainExamples,
                plan.ValidationExamples,
                plan.TestExamples,
                plan.Rate,
                plan.Epochs,
                counts.GetValueOrDefault(i),
                inputs,
                targets,
                samples);
        });
        return new Preview(run.Spec.Name, draws, run.Plan.Parameters, run.Plan.MemoryBytes, run.Plan.Defaults ?? [], [.. tasks]);
    }

    private static (LengthSummary Inputs, LengthSummary Targets, IReadOnlyList<TextExample> Samples) OfExamples(TaskData task, IVocabulary vocabulary, RunSpec spec, int samples)
    {
        var rows = Shown(task) is { } split ? TaskSources.TextOf(task, split) : task.Train;
        return (
            Summary(rows.Select(row => vocabulary.Encode(row.Inputs).Length + 1), spec.Training.InputLength),
            Summary(rows.Select(row => vocabulary.Encode(row.Targets).Length + 1), spec.Training.TargetLength),
            [.. rows.Take(samples)]);
    }

    // Of a task that is only evaluated the rows that it has; null for the training rows.
    private static string? Shown(TaskData task) => task switch
    {
        { Train.Count: > 0 } => null,
        { Validation.Count: > 0 } => "validation",
        _ => "test",
    };

    // Its rows are chunks, shown as the first epoch corrupts them.
    private static (LengthSummary Inputs, LengthSummary Targets, IReadOnlyList<TextExample> Samples) OfText(TaskData task, IVocabulary vocabulary, RunSpec spec, int samples)
    {
        var source = Shown(task) is { } split ? TaskSources.ToEvaluate(spec, task, split, vocabulary) : TaskSources.ToTrainOn(spec, task, vocabulary);
        var lengths = Enumerable.Range(0, source.Count).Select(row => source.Lengths(row, 0)).ToList();
        return (
            Summary(lengths.Select(length => length.Inputs), spec.Training.InputLength),
            Summary(lengths.Select(length => length.Targets), spec.Training.TargetLength),
            [.. Enumerable.Range(0, Math.Min(samples, source.Count)).Select(row => source.Row(row, 0)).Select(row => new TextExample(
                SentinelText.Show(vocabulary, row.Inputs.Span), SentinelText.Show(vocabulary, row.Targets.Span)))]);
    }

    private static LengthSummary Summary(IEnumerable<int> unordered, int limit)
    {
        var lengths = unordered.Order().ToList();
        return lengths.Count == 0
            ? new LengthSummary(0, 0, 0, 0)
            : new LengthSummary(lengths[lengths.Count / 2], lengths[(int)(lengths.Count * 0.95)], lengths[^1], lengths.Count(length => length > limit));
    }
}
