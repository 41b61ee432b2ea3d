using Spectre.Console;
using Temper.Contracts.Experiments;
using Temper.Contracts.Runs;

namespace Temper.Cli.Views;

/// <summary>How phases look.</summary>
internal static class Phases
{
    public static Style Style(RunPhase phase) => phase switch
    {
        RunPhase.Succeeded => Cells.Good,
        RunPhase.Running or RunPhase.Starting => new Style(Color.Blue),
        RunPhase.Failed => Cells.Bad,
        _ => Cells.Mid,
    };

    // The sign says without colour what the colour says.
    public static string Words(RunPhase phase) => phase switch
    {
        RunPhase.Succeeded => "✓ Succeeded",
        RunPhase.Failed => "✗ Failed",
        RunPhase.Cancelled => "■ Cancelled",
        RunPhase.Running => "▶ Running",
        RunPhase.Paused => "‖ Paused",
        _ => $"… {phase}",
    };

    public static Style Style(ExperimentPhase phase) => phase switch
    {
        ExperimentPhase.Succeeded => Cells.Good,
        ExperimentPhase.Running or ExperimentPhase.Reporting => new Style(Color.Blue),
        ExperimentPhase.Failed => Cells.Bad,
        _ => Cells.Mid,
    };

    public static string Words(ExperimentPhase phase) => phase switch
    {
        ExperimentPhase.Succeeded => "✓ Succeeded",
        ExperimentPhase.Failed => "✗ Failed",
        ExperimentPhase.Cancelled => "■ Cancelled",
        ExperimentPhase.Running => "▶ Running",
        ExperimentPhase.Paused => "‖ Paused",
        _ => $"… {phase}",
    };
}
