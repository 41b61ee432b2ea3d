using Temper.Cli.Rest;
using Temper.Contracts.Runs;
using Temper.Coordinator.Reports;

namespace Temper.Cli.Views;

/// <summary>A run while it trains as lines, for logs and pipes: one for each thing that happens, and a few for the steps in between.</summary>
/// <param name="progress">Takes the events in.</param>
/// <param name="every">Least time between two lines about steps.</param>
internal sealed class RunLines(RunProgress progress, TimeSpan every)
{
    private DateTimeOffset _lastStepLine = DateTimeOffset.MinValue;
    private (RunPhase, string)? _lastPhase;

    /// <summary>What to print for an event; null for nothing.</summary>
    public string? Take(RunEvent item, DateTimeOffset now)
    {
        if (!progress.Apply(item))
        {
            return null;
        }

        var line = item switch
        {
            RunEvent.Changed { Run: var run } => OfPhase(run),
            RunEvent.Stepped => OfStep(now),
            RunEvent.Evaluated { Row: var row } =>
                $"step {Figures.Count(row.Step)}  {row.Task} {row.Split}: {Cells.Result(row)}  ({Figures.Counted(row.Examples, "row", "rows")}, {Figures.Duration(row.Seconds)})",
            _ => null,
        };
        return line is null ? null : SafeText.OneLine(line);
    }

    private string? OfPhase(RunStatus run)
    {
        if (_lastPhase == (run.Phase, run.Reason))
        {
            return null;
        }

        _lastPhase = (run.Phase, run.Reason);
        return $"{run.Name}  {run.Phase}: {run.Reason}";
    }

    private string? OfStep(DateTimeOffset now)
    {
        if (now - _lastStepLine < every && progress.Step != progress.Steps)
        {
            return null;
        }

        _lastStepLine = now;
        var left = progress.SecondsLeft is > 0 and { } seconds ? $"  {Figures.Duration(seconds)} left" : "";
        return $"step {Figures.Count(progress.Step)}/{Figures.Count(progress.Steps)}  loss {Figures.Loss(progress.Loss)}  lr {Figures.Small(progress.Last?.LearningRate)}"
            + $"  {Figures.Duration(progress.StepSeconds)}/step  {Figures.Rate(progress.TokensPerSecond)} tokens/s{left}";
    }
}
