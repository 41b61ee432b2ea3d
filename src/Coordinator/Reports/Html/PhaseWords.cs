using Temper.Contracts.Experiments;
using Temper.Contracts.Runs;

namespace Temper.Coordinator.Reports.Html;

/// <summary>A phase in words, and in the class that colours it.</summary>
internal static class PhaseWords
{
    public static string Of(RunPhase phase) => phase.ToString();

    // The sign says without colour what the colour says.
    public static string Sign(RunPhase phase) => phase switch
    {
        RunPhase.Succeeded => "✓",
        RunPhase.Failed => "✕",
        RunPhase.Cancelled => "■",
        _ => "…",
    };

    public static string Tone(RunPhase phase) => phase switch
    {
        RunPhase.Succeeded => "good",
        RunPhase.Failed => "bad",
        _ => "mid",
    };

    public static string Sign(ExperimentPhase phase) => phase switch
    {
        ExperimentPhase.Succeeded => "✓",
        ExperimentPhase.Failed => "✕",
        ExperimentPhase.Cancelled => "■",
        _ => "…",
    };

    public static string Tone(ExperimentPhase phase) => phase switch
    {
        ExperimentPhase.Succeeded => "good",
        ExperimentPhase.Failed => "bad",
        _ => "mid",
    };
}
