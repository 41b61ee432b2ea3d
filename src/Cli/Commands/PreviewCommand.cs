using System.CommandLine;
using Spectre.Console;
using Temper.Cli.Views;
using Temper.Contracts.Specs;
using Temper.Mixture.Mixing;
using Temper.Mixture.Tasks;
using Temper.Mixture.Vocabularies;

namespace Temper.Cli.Commands;

/// <summary><c>temper preview</c>: what a spec would train on.</summary>
internal static class PreviewCommand
{
    private const int MostDraws = 1_000_000;

    public static Command Create()
    {
        var spec = SpecOptions.Spec();
        var data = SpecOptions.Data();
        var rows = new Option<int>("--rows") { Description = "Sample rows per task.", DefaultValueFactory = _ => 2 };
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

        var draws = (int)Math.Min(MostDraws, (long)run.Spec.Training.Steps * run.Spec.Training.Batch);
        var drawn = new Draw[draws];
        new MixtureSchedule([.. run.Plan.Tasks.Select(task => task.Rate)]).Fill(0, drawn);
        var counts = drawn.CountBy(draw => draw.Task).ToDictionary();
        var tasks = run.Plan.Tasks.Select((plan, i) =>
        {
            var task = TaskLoader.Load(plan.Name, run.Spec.Tasks[plan.Name], roots);
            return new PreviewTask(
                plan.Name,
                plan.TrainExamples,
                plan.ValidationExamples,
                plan.TestExamples,
                plan.Rate,
                plan.Epochs,
                counts.GetValueOrDefault(i),
                Lengths(task.Train.Select(row => row.Inputs), vocabulary, run.Spec.Training.InputLength),
                Lengths(task.Train.Select(row => row.Targets), vocabulary, run.Spec.Training.TargetLength),
                [.. task.Train.Take(rows)]);
        });
        return new Preview(run.Spec.Name, draws, run.Plan.Parameters, run.Plan.MemoryBytes, [.. tasks]);
    }

    private static LengthSummary Lengths(IEnumerable<string> texts, IVocabulary vocabulary, int limit)
    {
        var lengths = texts.Select(text => vocabulary.Encode(text).Length + 1).Order().ToList();
        return lengths.Count == 0
            ? new LengthSummary(0, 0, 0, 0)
            : new LengthSummary(lengths[lengths.Count / 2], lengths[(int)(lengths.Count * 0.95)], lengths[^1], lengths.Count(length => length > limit));
    }
}
