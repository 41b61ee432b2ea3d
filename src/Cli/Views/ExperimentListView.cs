using Spectre.Console;
using Spectre.Console.Rendering;
using Temper.Contracts.Experiments;
using Temper.Coordinator.Reports;

namespace Temper.Cli.Views;

/// <summary>Experiments, the newest first.</summary>
internal static class ExperimentListView
{
    public static IRenderable Render(IReadOnlyList<ExperimentStatus> experiments, DateTimeOffset now)
    {
        if (experiments.Count == 0)
        {
            return new Text("There are no experiments yet. `temper experiment submit SPEC` makes one.", Cells.Soft);
        }

        var table = Cells.Table(("Experiment", false), ("Name", false), ("Kind", false), ("Phase", false), ("Runs", true), ("Age", true));
        foreach (var experiment in experiments)
        {
            table.AddRow(
                Cells.Name(experiment.Id),
                Cells.Data(experiment.Name),
                new Text(Words(experiment.Kind)),
                new Text(ExperimentProgressView.Words(experiment.Phase), ExperimentProgressView.Style(experiment.Phase)),
                Cells.Number($"{experiment.Succeeded + experiment.Unsuccessful} / {experiment.Runs}"),
                Cells.Number(Figures.Duration((now - experiment.CreatedAt).TotalSeconds)));
        }

        return table;
    }

    /// <summary>How a kind is written.</summary>
    public static string Words(ExperimentKind kind) => kind == ExperimentKind.MixtureStudy ? "mixture study" : kind.ToString().ToLowerInvariant();
}
